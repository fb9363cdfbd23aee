package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"dialtone/secret"
	"dialtone/zone"
)

// dnssecCommand makes the key if there is none.
type dnssecCommand struct {
	storage
	SIPDomain string `name:"sip-domain" default:"sip.dialtone.test" placeholder:"NAME" help:"Parent of every customer's SIP domain (${default})."`
}

// run prints the DS record for the zone above.
func (c *dnssecCommand) run(_ context.Context, stdout, _ io.Writer) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return usage("--data: %s can't be made: %w", c.Data, rootCause(err))
	}
	ring, err := c.keyring()
	if err != nil {
		return err
	}
	key, err := c.signingKey(ring, c.SIPDomain)
	if errors.Is(err, fs.ErrNotExist) {
		if err = c.makeSigningKey(ring, c.SIPDomain); err == nil {
			key, err = c.signingKey(ring, c.SIPDomain)
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, key.DS())
	return err
}

// signingKeyFile holds the key of one zone, sealed under the master key. Nodes that share the master key can share it as well.
func (s storage) signingKeyFile(parent string) string {
	return filepath.Join(s.Data, "dnssec-"+parent+".key")
}

// sealedFor is what the key in the file is bound to.
func sealedFor(parent string) string { return "dnssec " + parent }

// signingKey opens the key; fs.ErrNotExist when there is none.
func (s storage) signingKey(ring *secret.Keyring, parent string) (*zone.SigningKey, error) {
	path := s.signingKeyFile(parent)
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, usage("the key %s can't be read: %w", path, rootCause(err))
	}
	private, err := ring.Open(sealedFor(parent), secret.Sealed(sealed))
	if err != nil {
		return nil, usage("the key %s was sealed under another master key, or for another --sip-domain", path)
	}
	key, err := zone.OpenSigningKey(private, parent)
	return key, asUsage(err)
}

func (s storage) makeSigningKey(ring *secret.Keyring, parent string) error {
	private, err := zone.NewSigningKey(rand.Reader)
	if err != nil {
		return err
	}
	sealed, err := ring.Seal(sealedFor(parent), private)
	if err != nil {
		return err
	}
	if err := writeNew(s.signingKeyFile(parent), sealed); err != nil {
		return usage("the key %s can't be written: %w", s.signingKeyFile(parent), rootCause(err))
	}
	return nil
}

// signer is the key that DNS signs with; nil without --dnssec.
func (h *house) signer() (*zone.SigningKey, error) {
	if !h.config.DNSSEC {
		return nil, nil //nolint:nilnil // nothing is to be signed, and nothing is wrong
	}
	key, err := h.config.signingKey(h.keyring, h.config.SIPDomain)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("--dnssec: there is no key yet: dialtone dnssec makes one, and prints what the zone above needs")
	}
	return key, err
}
