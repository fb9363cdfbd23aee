package provisioning

import (
	"context"
	"crypto/x509"
	"io"
	"slices"
	"strings"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/fault"
	"dialtone/secret"
)

// Owners bind a sealed secret to its row and its use.
func accessOwner(id DeviceID) string { return "device-access:" + string(id) }
func adminOwner(id DeviceID) string  { return "device-admin:" + string(id) }
func passwordOwner(id LineID) string { return "line-password:" + string(id) }
func ha1Owner(id LineID) string      { return "line-ha1:" + string(id) }
func previousOwner(id LineID) string { return "line-previous-ha1:" + string(id) }

func (s *Service) sealNewPassword(owner string) (secret.Sealed, error) {
	p, err := secret.NewPassword(s.random)
	if err != nil {
		return nil, err
	}
	return s.keyring.Seal(owner, []byte(p.Reveal()))
}

// sealLine seals a password and what SIP checks instead of it.
func (s *Service) sealLine(l *Line, password secret.Text) error {
	var err error
	if l.Password, err = s.keyring.Seal(passwordOwner(l.ID), []byte(password.Reveal())); err != nil {
		return err
	}
	both := digest.HA1(digest.MD5, l.UserName, l.Domain, password) + digest.HA1(digest.SHA256, l.UserName, l.Domain, password)
	l.HA1, err = s.keyring.Seal(ha1Owner(l.ID), []byte(both))
	return err
}

// The lengths of an MD5 in hexadecimal, where the second of the two sealed hashes begins, and of both.
const (
	md5Length  = 32
	bothLength = md5Length + 64
)

// ha1 returns what proves a line under an algorithm.
func (s *Service) ha1(l Line, a digest.Algorithm) (string, error) {
	both, err := s.unsealHA1(ha1Owner(l.ID), l.HA1)
	if err != nil || len(both) != bothLength {
		return "", unsealable(err)
	}
	return oneHA1(both, a), nil
}

func oneHA1(both []byte, a digest.Algorithm) string {
	if a == digest.SHA256 {
		return string(both[md5Length:])
	}
	return string(both[:md5Length])
}

// maxPrevious bounds the passwords that count beside a line's newest, when it is rotated again and again while its phone is away.
const maxPrevious = 4

// keepPrevious lets the password that a line has count for a while beside the one that it is about to get, with those that do so already.
func (s *Service) keepPrevious(l *Line, overlap time.Duration) error {
	open := l.OverlapOpen(s.now())
	sealed, until := l.PreviousHA1, s.now().Add(overlap)
	l.PreviousHA1, l.PreviousUntil = nil, time.Time{}
	if overlap == 0 {
		return nil
	}
	var previous []byte
	var err error
	if open {
		if previous, err = s.keyring.Open(previousOwner(l.ID), sealed); err != nil {
			return unsealable(err)
		}
	}
	current, err := s.keyring.Open(ha1Owner(l.ID), l.HA1)
	if err != nil {
		return unsealable(err)
	}
	previous = append(previous, current...)
	if most := maxPrevious * bothLength; len(previous) > most {
		previous = previous[len(previous)-most:]
	}
	l.PreviousUntil = until
	l.PreviousHA1, err = s.keyring.Seal(previousOwner(l.ID), previous)
	return err
}

// provesLine reports whether a SIP answer was made with a line's password, and whether with one that it had before and that still counts. A refusal costs
// the same for every line and for none: behind what is remembered of lines, two secrets are opened and five proofs compared, with nobody's where there is none of the line's.
func (s *Service) provesLine(l Line, known bool, p SIPProof) (proven, previous bool, err error) {
	if !known {
		l = Line{ID: nobodyLine, HA1: s.nobody.ha1}
	}
	current, err := s.unsealHA1(ha1Owner(l.ID), l.HA1)
	if err != nil || len(current) != bothLength {
		return false, false, unsealable(err)
	}
	if s.matches(p.Answer, oneHA1(current, p.Answer.Algorithm), p.Method) {
		return known, false, nil
	}
	previous, err = s.provesPrevious(l, p.Answer, p.Method)
	return known && previous, known && previous, err
}

// provesPrevious reports whether an answer was made with a password that a line had before and that still counts.
func (s *Service) provesPrevious(l Line, answer digest.Answer, method string) (bool, error) {
	owner, sealed, open := previousOwner(l.ID), l.PreviousHA1, l.OverlapOpen(s.now())
	if !open {
		owner, sealed = previousOwner(nobodyLine), s.nobody.previous
	}
	previous, err := s.unsealHA1(owner, sealed)
	if err != nil {
		return false, unsealable(err)
	}
	proven, count := false, 0
	for both := range slices.Chunk(previous, bothLength) {
		if len(both) == bothLength && s.matches(answer, oneHA1(both, answer.Algorithm), method) {
			proven = open
		}
		count++
	}
	for ; count < maxPrevious; count++ {
		s.matches(answer, s.nobody.spare[answer.Algorithm], method)
	}
	return proven, nil
}

func (s *Service) open(owner string, sealed secret.Sealed) (secret.Text, error) {
	plain, err := s.keyring.Open(owner, sealed)
	if err != nil {
		return secret.Text{}, unsealable(err)
	}
	return secret.New(string(plain)), nil
}

func unsealable(err error) error {
	return fault.Wrap(fault.Internal, err, "A stored secret can't be opened: the master key isn't the one that sealed it")
}

// CheckKeyring refuses master keys that don't open what is in the database, before a phone finds out: fault.Invalid. The oldest device shows whether
// a key that was rotated away is still needed. An empty database takes any key.
func (s *Service) CheckKeyring(ctx context.Context) error {
	devices, err := s.store.AnyTenantOldestAndNewestDevice(ctx)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if _, err := s.keyring.Open(accessOwner(d.ID), d.Access); err != nil {
			return fault.Wrap(fault.Invalid, err, "The master key doesn't open the secrets in this database: give it the key that sealed them, and every older one that was in use")
		}
	}
	return nil
}

// AccessRealm is the digest realm of phones that fetch their files. It is one for all, so that it tells a stranger nothing.
const AccessRealm = "dialtone"

// nobody is the holder of secrets that no phone has: a question about an unknown phone is answered with as much work as one about a known one.
type nobody struct {
	access   secret.Sealed // a password, sealed for nobodyOwner
	ha1      secret.Sealed // what a line has, sealed for nobodyLine
	previous secret.Sealed // the same, as the one before
	spare    map[digest.Algorithm]string
}

const (
	nobodyOwner        = "nobody"
	nobodyLine  LineID = "nobody"
)

func newNobody(random io.Reader, keyring *secret.Keyring) (nobody, error) {
	p, err := secret.NewPassword(random)
	if err != nil {
		return nobody{}, err
	}
	access, err := keyring.Seal(nobodyOwner, []byte(p.Reveal()))
	if err != nil {
		return nobody{}, err
	}
	out := nobody{access: access, spare: map[digest.Algorithm]string{
		digest.MD5:    digest.HA1(digest.MD5, "nobody", AccessRealm, p),
		digest.SHA256: digest.HA1(digest.SHA256, "nobody", AccessRealm, p),
	}}
	both := []byte(out.spare[digest.MD5] + out.spare[digest.SHA256])
	if out.ha1, err = keyring.Seal(ha1Owner(nobodyLine), both); err != nil {
		return nobody{}, err
	}
	out.previous, err = keyring.Seal(previousOwner(nobodyLine), both)
	return out, err
}

// Proof is what a phone showed over HTTPS: nothing, a password in one of two ways, a certificate, or both.
type Proof struct {
	Basic  *BasicProof
	Digest *digest.Answer // its nonce already judged by the door
	Method string         // of the request, for the digest
	// Certificates are what the phone presented in the TLS handshake, its own first, in which it proved that it has the key. Nobody has judged who
	// issued them. A proxy in front of us may have passed them on, if the operator trusts it.
	Certificates []*x509.Certificate
	token        secret.Text // from the path
}

// BasicProof is a user name and password.
type BasicProof struct {
	UserName string
	Password secret.Text
}

// shown reports whether the phone showed anything that depends on its password.
func (p Proof) shown() bool { return p.Basic != nil || p.Digest != nil || !p.token.IsZero() }

// provesByToken reports whether the token in the path is the one that belongs to a password.
func (p Proof) provesByToken(password secret.Text) bool {
	return !p.token.IsZero() && p.token.Equal(accessToken(password))
}

// proves reports whether the proof is the access of a MAC address.
func (p Proof) proves(mac deviceprofiles.MAC, password secret.Text) bool {
	userName := mac.Lower()
	switch {
	case p.Digest != nil:
		ha1 := digest.HA1(p.Digest.Algorithm, p.Digest.UserName, AccessRealm, password)
		return p.Digest.Matches(ha1, p.Method) && strings.EqualFold(p.Digest.UserName, userName) && p.Digest.Realm == AccessRealm
	case p.Basic != nil:
		return p.Basic.Password.Equal(password) && strings.EqualFold(p.Basic.UserName, userName)
	}
	return false
}
