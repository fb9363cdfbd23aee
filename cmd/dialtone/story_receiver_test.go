package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// receiver is a partner's tool that is told of changes by a webhook.
type receiver struct {
	address string
	server  *http.Server

	mu     sync.Mutex
	secret string
	got    []received
	forged int // messages whose signature was wrong
}

// received is one message that came.
type received struct {
	Type string
	Data struct{ ID, DeviceID string }
}

// receiverCommand is the word receiver:
// receiver start: starts it, on the same port as before, and sets $RECEIVER to its address. receiver stop: cuts it off. receiver secret SECRET: what it
// checks signatures with. receiver complete: waits until every change of the feed has come, and checks that of each device they came in order.
func receiverCommand(ts *testscript.TestScript, neg bool, args []string) {
	s := storyOf(ts)
	if s.receiver == nil {
		s.receiver = &receiver{address: "127.0.0.1:0"}
		ts.Defer(s.receiver.stop)
	}
	r := s.receiver
	switch {
	case neg || len(args) == 0:
		ts.Fatalf("usage: receiver start|stop|secret SECRET|complete")
	case args[0] == "start":
		ts.Check(r.start())
		ts.Setenv("RECEIVER", r.address)
	case args[0] == "stop":
		r.stop()
	case args[0] == "secret":
		r.mu.Lock()
		r.secret = args[1]
		r.mu.Unlock()
	case args[0] == "complete":
		r.complete(ts)
	}
}

func (r *receiver) start() error {
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		return err
	}
	r.address = listener.Addr().String()
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Second}
	go func(s *http.Server) { _ = s.Serve(listener) }(r.server)
	return nil
}

func (r *receiver) stop() {
	if r.server != nil {
		_ = r.server.Close()
		r.server = nil
	}
}

// ServeHTTP takes a message whose signature is right.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var m received
	r.mu.Lock()
	defer r.mu.Unlock()
	key, badKey := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, request.Header.Get("webhook-id")+"."+request.Header.Get("webhook-timestamp")+"."+string(body))
	signatures := strings.Fields(request.Header.Get("webhook-signature"))
	if !slices.Contains(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
		r.forged++
		err = errors.New("forged")
	}
	if err = errors.Join(err, badKey, json.Unmarshal(body, &m)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if m.Type != "webhook.ping" {
		r.got = append(r.got, m)
	}
	w.WriteHeader(http.StatusNoContent)
}

// complete compares what came with the feed.
func (r *receiver) complete(ts *testscript.TestScript) {
	deadline, looks := time.Now().Add(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer looks.Stop()
	for ; ; <-looks.C {
		want := feedOf(ts)
		got, forged := r.byDevice(ts)
		missing := 0
		for device, ids := range want {
			if !slices.Equal(ids, got[device]) {
				missing++
			}
		}
		if forged > 0 {
			ts.Fatalf("%d messages had a wrong signature", forged)
		}
		if missing == 0 {
			ts.Logf("the changes of %d devices came", len(want))
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("want %v\n got %v", want, got)
		}
	}
}

// byDevice returns the ids of what came, by device, each once. A message may come twice, but not after a later one.
func (r *receiver) byDevice(ts *testscript.TestScript) (map[string][]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]string{}
	for _, m := range r.got {
		ids := out[m.Data.DeviceID]
		if len(ids) > 0 && ids[len(ids)-1] == m.Data.ID {
			continue
		}
		if slices.Contains(ids, m.Data.ID) {
			ts.Fatalf("%s came again after later ones: %v", m.Data.ID, ids)
		}
		out[m.Data.DeviceID] = append(ids, m.Data.ID)
	}
	return out, r.forged
}

// feedOf follows the feed from its beginning, and returns the ids by device.
func feedOf(ts *testscript.TestScript) map[string][]string {
	out := map[string][]string{}
	after := ""
	for {
		status, answer, err := ask(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), "GET", "/hub/v1/devices/changes?max=7&after="+after, "")
		ts.Check(err)
		var page struct {
			Items []struct{ ID, DeviceID string }
			Next  string
		}
		if status != 200 || json.Unmarshal(answer, &page) != nil {
			ts.Fatalf("the feed: %d %s", status, answer)
		}
		for _, item := range page.Items {
			out[item.DeviceID] = append(out[item.DeviceID], item.ID)
		}
		if len(page.Items) == 0 {
			return out
		}
		after = page.Next
	}
}

// changes COUNT: opens the enrolment window of every device of $ORG so often, of all devices at the same time.
func changes(ts *testscript.TestScript, neg bool, args []string) {
	var count int
	if _, err := fmt.Sscan(strings.Join(args, " "), &count); neg || err != nil {
		ts.Fatalf("usage: changes COUNT")
	}
	admin, token := ts.Getenv("ADMIN"), ts.Getenv("TOKEN")
	_, answer, err := ask(admin, token, "GET", "/v1/devices?orgId="+ts.Getenv("ORG"), "")
	ts.Check(err)
	var list struct{ Items []struct{ ID string } }
	ts.Check(json.Unmarshal(answer, &list))
	failed := make(chan error, len(list.Items))
	for _, d := range list.Items {
		go func() {
			var all error
			for n := range count {
				status, answer, err := ask(admin, token, "POST", "/hub/v1/devices/"+d.ID+"/enrolment", fmt.Sprintf(`{"minutes":%d}`, n+1))
				if err != nil || status != 201 {
					all = errors.Join(all, err, fmt.Errorf("%d %s", status, answer))
				}
			}
			failed <- all
		}()
	}
	for range list.Items {
		ts.Check(<-failed)
	}
}
