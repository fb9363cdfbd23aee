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
// which another node's clock may have reached. Sessions of one name aren't taken under another. Where config chooses another
// configuration for a client, that has the same keys, if it has none of its own.
func (t *Tickets) Rotate(name string, config *tls.Config) *tls.Config {
	var mu sync.Mutex
	var made int64
	rotating, chosen := config.Clone(), config.GetConfigForClient
	rotating.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		today := t.now().Unix() / int64(day/time.Second)
		mu.Lock()
		if made != today {
			rotating.SetSessionTicketKeys([][32]byte{t.key(name, today), t.key(name, today-1), t.key(name, today+1)})
			made = today
		}
		mu.Unlock()
		if chosen == nil {
			return nil, nil //nolint:nilnil // that is crypto/tls's way to say: this configuration, which reads its ticket keys now
		}
		return chosen(hello)
	}
	return rotating
}

// key is the key of a day since 1970.
func (t *Tickets) key(name string, number int64) [32]byte {
	date := time.Unix(number*int64(day/time.Second), 0).UTC().Format(time.DateOnly)
	return [32]byte(t.derive("tls session tickets of " + name + " on " + date))
}
