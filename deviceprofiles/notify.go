package deviceprofiles

import (
	"errors"
	"fmt"
	"regexp"
)

// NotifyEvents are the events of a SIP NOTIFY that a family's phones obey, each as the header field Event has it, its parameters included; "" for what they
// can't be told.
type NotifyEvents struct {
	Note   string `json:"note"`   // for readers
	Resync string `json:"resync"` // fetch the configuration again, and restart only if it needs that
	Reboot string `json:"reboot"` // restart
	// ContentType and Body are for phones that want more than the event; both or neither.
	ContentType string `json:"contentType"`
	Body        string `json:"body"`
}

// eventValue is an event package with parameters (RFC 6665 section 8.4), as phones have them.
var eventValue = regexp.MustCompile(`^[A-Za-z0-9_.!%*+'~-]+(?:;[A-Za-z0-9_-]+(?:=[A-Za-z0-9_.-]+)?)*$`)

func (n *NotifyEvents) check() error {
	if n == nil {
		return nil
	}
	for name, event := range map[string]string{"resync": n.Resync, "reboot": n.Reboot} {
		if event != "" && !eventValue.MatchString(event) {
			return fmt.Errorf("%s: %q is no event of SIP", name, event)
		}
	}
	switch {
	case n.Resync == "":
		return errors.New("resync: is needed")
	case (n.ContentType == "") != (n.Body == ""):
		return errors.New("contentType and body: both or neither")
	}
	return nil
}

// NotifyEventsOf returns what a family's phones can be told by NOTIFY; false for one whose phones aren't known to obey any.
func NotifyEventsOf(f Family) (NotifyEvents, bool) {
	p := packs().byFamily[f]
	if p == nil || p.Notify == nil {
		return NotifyEvents{}, false
	}
	return *p.Notify, true
}
