package pki

import (
	"crypto/tls"
	"sync"
	"time"
)

// Tickets makes the keys of TLS session tickets, so that a session is resumed at whatever node: nodes that derive the same bytes have the same keys.
// Keys change at midnight UTC. It is safe for concurrent use.
type Tickets struct {
	derive func(purpose string) []byte
	now    func() time.Time
}

// NewTickets makes Tickets. derive returns 32 secret bytes for a purpose, the same at every node and at every call; now is the clock.
func NewTickets(derive func(purpose string) []byte, now func() time.Time) *Tickets {
	return &Tickets{derive: derive, now: now}
}

// Rotate returns a configuration like config for a listener: tickets are made with the key of the day, and those of yesterday are taken, and of tomorrow,
// which another node's clock may have reached. Sessions of one name aren't taken under another. config mustn't be changed afterwards.
func (t *Tickets) Rotate(name string, config *tls.Config) *tls.Config {
	var mu sync.Mutex
	var made int64
	var current *tls.Config
	rotating := config.Clone()
	rotating.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		today := t.now().Unix() / int64(day/time.Second)
		mu.Lock()
		defer mu.Unlock()
		if current == nil || made != today {
			next := config.Clone()
			next.SetSessionTicketKeys([][32]byte{t.key(name, today), t.key(name, today-1), t.key(name, today+1)})
			current, made = next, today
		}
		return current, nil
	}
	return rotating
}

// key is the key of a day since 1970.
func (t *Tickets) key(name string, number int64) [32]byte {
	date := time.Unix(number*int64(day/time.Second), 0).UTC().Format(time.DateOnly)
	return [32]byte(t.derive("tls session tickets of " + name + " on " + date))
}
