package phone

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
)

// journal says each step on the writer and keeps it in the result.
type journal struct {
	out    io.Writer
	result *Result
	mu     sync.Mutex // lines that stay speak at once
}

// ok says that a step went well.
func (j *journal) ok(step, format string, args ...any) { j.say(step, "ok", true, format, args...) }

// tried says that something didn't work which a phone survives.
func (j *journal) tried(step, format string, args ...any) {
	j.say(step, "tried", true, format, args...)
}

// fail says why the run ends, and what to check next. Errors that carry no step are the fault of the step named here.
func (j *journal) fail(step string, err error) error {
	failed, ok := errors.AsType[*StepError](err)
	if !ok {
		failed = &StepError{Step: step, Err: err}
	}
	j.say(failed.Step, "failed", false, "%v", failed.Err)
	if failed.Next != "" {
		fmt.Fprintf(j.out, "    %-10s %s\n", "next", oneLine(failed.Next))
	}
	return failed
}

func (j *journal) say(step, how string, ok bool, format string, args ...any) {
	text := oneLine(fmt.Sprintf(format, args...))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.result.Steps = append(j.result.Steps, Step{Name: step, Text: text, OK: ok})
	fmt.Fprintf(j.out, "%2d. %-10s %-7s %s\n", len(j.result.Steps), step, how, text)
}

// longestText bounds what a server can make us print in one line, in bytes.
const longestText = 1000

// oneLine keeps a server's words from moving the cursor or faking another step: what isn't printable becomes a blank.
func oneLine(s string) string {
	if len(s) > longestText {
		s = strings.ToValidUTF8(s[:longestText], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
