package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
)

// writePeople is the command people COUNT FILE: it writes a file of so many people as a German spreadsheet saves it: UTF-16, semicolons, WAHR. Every tenth wants an extension that a
// row above has taken.
func writePeople(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: people COUNT FILE")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := "E-Mail;First name;Extension;Location;Webex Calling;Webex site\r\n"
	for n := range count {
		extension := 10000 + n
		if n%10 == 9 {
			extension = 10000
		}
		text += fmt.Sprintf("p%d@people.example;Zoë;%d;shop;WAHR;x\r\n", n, extension)
	}
	var file bytes.Buffer
	ts.Check(binary.Write(&file, binary.LittleEndian, append([]uint16{0xFEFF}, utf16.Encode([]rune(text))...)))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file.Bytes(), 0o600))
}

// past DONE PATH: asks for an import until so many rows have a result, and checks that not all have.
func past(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: past DONE PATH")
	}
	want, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	deadline := time.Now().Add(2 * time.Minute)
	questions := time.NewTicker(5 * time.Millisecond)
	defer questions.Stop()
	for {
		api(ts, false, []string{"200", "GET", args[1]})
		done, _ := found(storyOf(ts).answer, "done")
		status, _ := found(storyOf(ts).answer, "status")
		if n, _ := done.(float64); n >= want {
			if status != "running" {
				ts.Fatalf("too late: the import is %v", status)
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the import is %v and has %v rows", status, done)
		}
		<-questions.C
	}
}
