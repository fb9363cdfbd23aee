package provisioning

import (
	"context"

	"dialtone/digest"
)

// Notification is what one phone is told over SIP, and the way to it.
type Notification struct {
	Binding          Binding
	UserName, Domain string // of the line
	Event            string // with its parameters, as of the phone's family
	ContentType      string // "" without a body
	Body             string
	// HA1 answers a phone that asks who we are, for a realm that it names.
	HA1 func(a digest.Algorithm, realm string) (string, error)
}

// NotifyAnswer is what a phone said. It is no success: that is the fetch that follows.
type NotifyAnswer struct {
	Status     int
	Reason     string
	Challenged bool // it asked who we are, and was told
}

// Notifier tells phones. The door for SIP is one.
type Notifier interface {
	// Reaches reports whether a binding's phone can be reached from this node.
	Reaches(b Binding) bool
	// Notify tells one phone, and waits for its answer, at most some 32 seconds. fault.NotFound: its connection isn't open here. fault.Unavailable: nobody
	// answered. fault.Denied: it asked who we are in a way that can't be answered. fault.Limited: too many are being told.
	Notify(ctx context.Context, n Notification) (NotifyAnswer, error)
}
