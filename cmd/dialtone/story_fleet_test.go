package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// newPhones is the command fleet COUNT: it creates so many people with a phone each for $CUSTOMER, several at a time.
func newPhones(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fleet COUNT")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	admin, token, customerID, org := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG")
	work := make(chan int)
	var made atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range work {
				if _, ok := createOne(admin, token, customerID, org, i); ok {
					made.Add(1)
				}
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	workers.Wait()
	if n := made.Load(); n != int64(count) {
		ts.Fatalf("%d of %d phones were made", n, count)
	}
}

// under-way COUNT PATH: asks for a job until so many devices are updated, and says how it is then: on a fast machine it may be over.
func underWay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: under-way COUNT PATH")
	}
	want, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	deadline := time.Now().Add(2 * time.Minute)
	questions := time.NewTicker(2 * time.Millisecond)
	defer questions.Stop()
	for {
		api(ts, false, []string{"200", "GET", args[1]})
		updated, _ := found(storyOf(ts).answer, "updatedCount")
		status, _ := found(storyOf(ts).answer, "latestExecutionStatus")
		if n, _ := updated.(float64); n >= want {
			ts.Logf("the job is %v and has updated %v", status, updated)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the job is %v and has updated %v", status, updated)
		}
		<-questions.C
	}
}

// picture FILE: writes a PNG.
func picture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: picture FILE")
	}
	var b bytes.Buffer
	ts.Check(png.Encode(&b, image.NewGray(image.Rect(0, 0, 320, 240))))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}
