package provisioning

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// A phone that asks for what is its own proves itself, in this order: by its maker's certificate, by its own credentials or the token in the path, or by
// coming into an open enrolment window first. What proves a phone passes before any limit is asked, so that nobody behind the same address can keep it out.

// Rules that decide about a phone's own files, as the boot trace names them.
const (
	RuleCertificate      = "the phone showed its maker's certificate"
	RuleToken            = "the phone showed its own token in the path"
	RuleOtherCertificate = "the certificate that the phone showed is another phone's"
	RuleBadCertificate   = "the certificate that the phone showed doesn't count, and nothing else was shown"
	RuleOtherPeer        = "the enrolment window is for the address that came into it first"
	RuleProbing          = "too many phones were asked for from this address without proof"
)

// Certificates judges the certificates of phones.
type Certificates interface {
	// Identify says which phone presented a chain, its own certificate first. fault.Denied says why it proves nothing.
	Identify(chain []*x509.Certificate, now time.Time) (CertifiedPhone, error)
}

// CertifiedPhone is what a certificate that counts says of a phone.
type CertifiedPhone struct {
	MAC    deviceprofiles.MAC
	MadeBy func(vendor string) bool // whether a vendor, as the model catalogue spells it, made it
}

// admission is who may come in, and by which rule.
type admission struct {
	device Device // of the address that was asked for; zero if it is nobody's
	rule   string
	note   string // why a certificate that was shown doesn't count; "" if it does, or there was none
}

// proven reports whether the phone itself was proven, and didn't just come in time.
func (a admission) proven() bool {
	return a.rule == RuleCertificate || a.rule == RuleCredentials || a.rule == RuleToken
}

// asker is who asks, as far as the request tells before a record is read.
type asker struct {
	place       place
	proof       Proof
	certificate *CertifiedPhone // that counts; nil for none
	note        string
}

// admit decides whether whoever asks is the phone with an address. It reads one record, and works as long for a phone that doesn't exist. Without an error
// the phone is proven, or in its enrolment window.
//
// fault.Denied, always the same: it isn't. fault.Limited: it isn't, and there were too many who weren't; known and unknown phones alike.
func (s *Service) admit(ctx context.Context, mac deviceprofiles.MAC, r Request) (admission, error) {
	who := s.examine(mac, r)
	if !who.shows() && s.probers.wait(who.place) > 0 {
		// It is told to prove itself, as everybody is who shows nothing: each phone's first request is like that, also of the phones behind a prober's address.
		// Nothing else comes of it, not even a window.
		return admission{rule: RuleProbing, note: who.note}, denied()
	}
	d, err := s.store.AnyTenantDeviceByMAC(ctx, mac)
	known := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) {
		return admission{rule: RuleBroken}, err
	}
	a := admission{device: d, note: who.note}
	if a.rule, err = s.prove(who, d, known, mac); err != nil {
		return a, err
	}
	if known && d.CertificateBarred && who.certificate != nil {
		a.note = "The certificate counts no more since a compromise was answered: open an enrolment window if this is the phone."
	}
	if a.proven() {
		s.probers.welcome(who.place)
		return a, nil
	}
	if err := s.withoutInboxToken(ctx, &who); err != nil {
		a.rule = RuleBroken
		return a, err
	}
	if a.rule == RuleWrongProof && !who.proof.shown() {
		a.rule = who.refused()
	}
	return s.admitUnproven(ctx, who, a, known)
}

// examine judges what was shown without knowing whose phone it is.
func (s *Service) examine(mac deviceprofiles.MAC, r Request) asker {
	who := asker{place: s.probers.placeOf(r.Peer.Addr(), mac), proof: r.Proof}
	if len(r.Proof.Certificates) == 0 || s.certificates == nil {
		return who
	}
	identity, err := s.certificates.Identify(r.Proof.Certificates, s.now())
	if err != nil {
		who.note = fault.Message(err)
		return who
	}
	who.certificate = &identity
	return who
}

// shows reports whether anything was shown that may count.
func (w asker) shows() bool { return w.proof.shown() || w.certificate != nil }

// prove returns the rule that proves the phone, or the one by which it is refused unless its enrolment window is open. The access of a phone that doesn't
// exist is opened and compared, too.
func (s *Service) prove(who asker, d Device, known bool, mac deviceprofiles.MAC) (string, error) {
	if who.certificate != nil && who.certificate.MAC != mac {
		return RuleOtherCertificate, nil // whatever else it shows: a phone can't be two
	}
	byToken, byPassword := false, false
	if who.proof.shown() {
		owner, sealed := nobodyOwner, s.nobody.access
		if known {
			owner, sealed = accessOwner(d.ID), d.Access
		}
		password, err := s.unseal(owner, sealed)
		if err != nil {
			return RuleBroken, err
		}
		byToken, byPassword = who.proof.provesByToken(password), who.proof.proves(mac, password)
	}
	switch {
	case known && who.certificate != nil && !d.CertificateBarred && madeBy(*who.certificate, d):
		return RuleCertificate, nil
	case known && byPassword:
		return RuleCredentials, nil
	case known && byToken:
		return RuleToken, nil
	case who.proof.shown():
		return RuleWrongProof, nil
	}
	return who.refused(), nil
}

// refused is the rule for whoever showed no password and no token.
func (w asker) refused() string {
	if w.note != "" || w.certificate != nil {
		return RuleBadCertificate
	}
	return RuleNoProof
}

// madeBy reports whether the maker of the phone that a certificate is about makes phones of the device's model.
func madeBy(phone CertifiedPhone, d Device) bool {
	model, ok := deviceprofiles.FindModel(d.Model)
	return ok && phone.MadeBy(model.Vendor)
}

// admitUnproven lets a phone in that comes into its enrolment window, and counts whoever doesn't.
func (s *Service) admitUnproven(ctx context.Context, who asker, a admission, known bool) (admission, error) {
	wait := s.probers.wait(who.place)
	if wait > 0 {
		a.rule = RuleProbing
	} else if who.proof.shown() {
		if wait = s.failures.Wait(who.place.name); wait > 0 {
			a.rule = RuleThrottled
		}
	}
	if wait == 0 && known && a.rule != RuleOtherCertificate && a.device.EnrolmentOpen(s.now()) {
		if a.device.windowFor(who.place.source) {
			a.rule = RuleEnrolment
			return a, nil
		}
		a.rule = RuleOtherPeer
		if err := s.noteContest(ctx, a.device, who.place.source); err != nil {
			return a, err
		}
	}
	if who.proof.shown() {
		s.failures.Count(who.place.name)
	}
	if s.probers.count(who.place, who.shows()) {
		s.logger.WarnContext(ctx, "an address asks for many phones without proof and has to wait", "peer", who.place.source)
	}
	if wait > 0 && who.shows() { // others may have begun to probe since it was looked at first
		return a, tooMany(wait)
	}
	return a, denied()
}

func tooMany(wait time.Duration) error {
	e := fault.New(fault.Limited, "Too many wrong credentials, or phones without any. Wait before the next try.")
	e.RetryAfter = wait
	return e
}

func denied() error {
	return fault.New(fault.Denied, "This file is for the phone itself: it must show its credentials, or an administrator must open its enrolment window.")
}

// otherPhone says why a phone that brings an activation code can't be the one that the request names; "" if it can. A certificate names the phone when
// nothing else does.
func (s *Service) otherPhone(hit *deviceprofiles.Hit, r Request) (note string, other bool) {
	who := s.examine(hit.MAC, r)
	switch {
	case who.certificate == nil:
		return who.note, false
	case !hit.HasMAC:
		hit.MAC, hit.HasMAC = who.certificate.MAC, true
		return "", false
	}
	return "", who.certificate.MAC != hit.MAC
}

// accessToken is what a phone shows in a path instead of its password: made of it, so that both end together.
func accessToken(password secret.Text) secret.Text {
	return secret.New(fmt.Sprintf("%x", codeHash([]byte(password.Reveal()), secret.New("token in paths"))[:tokenBytes]))
}

// fileKey is what a phone's own files are encrypted with, where it asks for that: made of its password too, and no way back to that.
func fileKey(password secret.Text) secret.Text {
	return secret.New(fmt.Sprintf("%x", codeHash([]byte(password.Reveal()), secret.New("encryption of files"))))
}

// tokenBytes is the length of a token before it is written in hexadecimal: more bits than the password has.
const tokenBytes = 20
