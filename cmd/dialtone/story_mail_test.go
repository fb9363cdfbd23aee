package main

import (
	"bufio"
	"context"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// mailserver: starts a real SMTP server (python3-aiosmtpd) on a free port, and sets $SMTP to its address. Skips the story where it isn't installed.
func mailServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: mailserver")
	}
	script, err := filepath.Abs("../../mail/testdata/smtpd.py")
	ts.Check(err)
	folder := ts.MkAbs("mails")
	ts.Check(os.MkdirAll(folder, 0o700))
	cmd := exec.Command("/usr/bin/python3", script, "plain", folder) // Debian's own, which sees Debian's packages
	in, err := cmd.StdinPipe()                                       // it ends with its standard input
	ts.Check(err)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	ts.Setenv("SMTP_PORT", regexp.MustCompile(`\d+`).FindString(line))
}

// mail ADDRESS: waits for a mail to the address, writes what it says to stdout, and sets $LINK to the link in it, if there is one. Each mail is taken
// once.
func takeMail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mail ADDRESS")
	}
	deadline := time.Now().Add(30 * time.Second)
	looks := time.NewTicker(20 * time.Millisecond)
	defer looks.Stop()
	for ; time.Now().Before(deadline); <-looks.C {
		names, err := filepath.Glob(ts.MkAbs("mails/*.eml"))
		ts.Check(err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			ts.Check(err)
			if !strings.Contains(string(text), "-> "+args[0]+" ") || !strings.Contains(string(text), "</html>") {
				continue
			}
			ts.Check(os.Remove(name))
			plain, err := readPrintable(string(text))
			ts.Check(err)
			_, _ = ts.Stdout().Write([]byte(plain))
			ts.Setenv("LINK", regexp.MustCompile(`http://\S+/hub/v1/consents\?token=[\w.-]+`).FindString(plain))
			return
		}
	}
	ts.Fatalf("no mail came to %s", args[0])
}

// readPrintable undoes the soft line breaks of a mail.
func readPrintable(text string) (string, error) {
	var b strings.Builder
	_, err := bufio.NewReader(quotedprintable.NewReader(strings.NewReader(text))).WriteTo(&b)
	return b.String(), err
}

// link-page: opens $LINK as a browser does, at the admin door of the story. link-answer DECISION: sends the answer.
func link(method string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || ts.Getenv("LINK") == "" {
			ts.Fatalf("no mail had a link")
		}
		_, path, _ := strings.Cut(strings.TrimPrefix(ts.Getenv("LINK"), "http://"), "/")
		form := url.Values{}
		if method == http.MethodPost {
			form.Set("decision", args[0])
		}
		request, err := http.NewRequestWithContext(context.Background(), method, "http://"+ts.Getenv("ADMIN")+"/"+path, strings.NewReader(form.Encode()))
		ts.Check(err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(request)
		ts.Check(err)
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		ts.Check(err)
		if response.StatusCode != http.StatusOK {
			ts.Fatalf("%d: %s", response.StatusCode, page)
		}
		_, _ = ts.Stdout().Write(page)
	}
}
