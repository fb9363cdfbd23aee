package provisioning

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Request is a phone's question for a file, without the protocol that it came in.
type Request struct {
	Path      string // as asked, percent escapes decoded; a secret when it is an activation code
	UserAgent string // "" over TFTP
	Peer      netip.AddrPort
	Transport Transport
	Proof     Proof // counts only over HTTPS
	Header    bool  // the header of the answer alone is asked for, so that nothing may come of it
}

// Opened is a file for a phone.
type Opened struct {
	ContentType string
	Encoding    string    // Content-Encoding; "" for none
	Body        []byte    // shared: never written to; nil with Content
	ETag        string    // quoted, as in the header
	Revision    int64     // of the device; 0 for files that are the same for every phone
	Modified    time.Time // when the file was last changed, rounded up to a second; zero when that isn't known, or too short ago to be told
	// Content is the file where it is too large for memory: Size bytes, which whoever opened it reads, in part if it likes, and closes. Nil with Body.
	Content io.ReadSeekCloser
	Size    int64
}

// Rules that decide a fetch, as the boot trace names them.
const (
	RuleBootstrap   = "bootstrap file: open to everybody, holds no secret"
	RuleCredentials = "the phone showed its own credentials"
	RuleEnrolment   = "the enrolment window is open"
	RuleNoProof     = "no credentials were shown and no enrolment window is open"
	RuleWrongProof  = "the credentials shown are not this phone's"
	// RuleBadCertificate is for a phone that showed one in the TLS handshake.
	RuleOtherFamily = "phones of this model don't ask for such a file"
	RuleThrottled   = "too many wrong credentials from this address"
	RuleNoSuchFile  = "no such file"
	RuleActivated   = "the phone brought the device's activation code"
	RuleWrongCode   = "the activation code doesn't count: it is wrong, used, or was replaced"
	RuleExpiredCode = "the activation code has expired"
	RuleClearCode   = "an activation code counts only over HTTPS; it was sent in the clear"
	RuleNameless    = "the phone brought an activation code and didn't say its MAC address"
	RuleTakenMAC    = "another device has the MAC address of the phone that brought the activation code"
	RuleGuessing    = "too many wrong activation codes"
	RuleHostile     = "the request breaks the rules of paths or names another phone"
	RuleBroken      = "our own fault"
	RuleFirmware    = "a file of the operator's folder: open to everybody, holds no secret"
)

// verdict is an answer together with why.
type verdict struct {
	opened Opened
	device DeviceID
	rule   string
	note   string // what else the trace is to say of a refusal
}

// Open answers a phone's question for a file.
//
// fault.Invalid: the path is hostile. fault.NotFound: nobody serves such a file; that is said without asking the database.
// fault.Denied: a phone's own file was asked for over HTTPS without a proof that counts; it says the same for known and unknown phones, and
// the door sends its challenge. So it is for an activation code that doesn't count, and over TFTP and HTTP for every code. fault.Limited: too many
// wrong proofs, or codes. fault.Unavailable and fault.Internal: we failed, and the phone is to ask again; never read as "not found".
func (s *Service) Open(ctx context.Context, r Request) (Opened, error) {
	asked := r.Path
	r.Path, r.Proof.token = deviceprofiles.SplitToken(r.Path)
	hit, err := deviceprofiles.Match(r.Path, r.UserAgent)
	v := verdict{rule: RuleHostile}
	switch {
	case !hit.Code.IsZero():
		v, err = s.openByCode(ctx, hit, r)
	case fault.Is(err, fault.NotFound) && s.isUpload(&hit, r):
		v, err = s.openUploaded(ctx, hit, r)
	case fault.Is(err, fault.NotFound):
		v.rule = RuleNoSuchFile
	case err == nil && hit.Image:
		v.opened, err = s.openImage(ctx, hit)
	case err == nil && hit.Firmware:
		v.rule = RuleFirmware
		v.opened, err = s.openFirmware(hit, r)
	case err == nil && hit.HasMAC && r.Transport == HTTPS:
		v, err = s.openOwn(ctx, hit, r)
	case err == nil:
		v, err = s.openBootstrap(ctx, hit)
	}
	r.Path = asked
	s.traceOpen(r, hit, v, err)
	return v.opened, err
}

// isUpload reports whether a phone asks over HTTPS for a file that it may have sent, and makes the hit that file.
func (s *Service) isUpload(hit *deviceprofiles.Hit, r Request) bool {
	if r.Transport != HTTPS {
		return false
	}
	sent, kind, err := deviceprofiles.MatchUpload(r.Path, r.UserAgent)
	if err != nil || kind == "" {
		return false
	}
	*hit = sent
	return true
}

// openBootstrap opens what anybody may have.
func (s *Service) openBootstrap(ctx context.Context, hit deviceprofiles.Hit) (verdict, error) {
	v := verdict{rule: RuleBootstrap}
	family, err := s.familyOf(ctx, hit)
	if err != nil {
		v.rule = ruleOfError(err, RuleOtherFamily)
		return v, err
	}
	file, err := deviceprofiles.RenderBootstrap(hit, family, s.phones)
	if err != nil {
		v.rule = ruleOfError(err, RuleNoSuchFile)
		return v, err
	}
	v.opened = opened(file, 0)
	v.opened.Modified = s.modified(s.started)
	return v, nil
}

// familyOf decides which family asks. For a name that several families use, from an address block that none of them is known to own and without a user
// agent, the phones decide that customers have from the same block: so the answer is the same for every address of it, and tells of none whether it is known.
func (s *Service) familyOf(ctx context.Context, hit deviceprofiles.Hit) (deviceprofiles.Family, error) {
	if family, ok := hit.Family(); ok {
		return family, nil
	}
	if hit.HasMAC {
		models, err := s.store.AnyTenantModelsOfBlock(ctx, hit.MAC)
		if err != nil {
			return "", err
		}
		for _, name := range models {
			if m, ok := deviceprofiles.FindModel(name); ok && slices.Contains(hit.Families, m.Family) {
				return m.Family, nil
			}
		}
	}
	return "", fault.New(fault.NotFound, "There is no file %s: it can't be told which kind of phone asks for it.", hit.Name)
}

// openOwn opens a phone's own file, for the phone alone.
func (s *Service) openOwn(ctx context.Context, hit deviceprofiles.Hit, r Request) (verdict, error) {
	a, err := s.admit(ctx, hit.MAC, r)
	d := a.device
	v := verdict{device: d.ID, rule: a.rule, note: a.note}
	if err != nil {
		return v, err
	}
	model, ok := deviceprofiles.FindModel(d.Model)
	if !ok || !slices.Contains(hit.Families, model.Family) {
		v.rule = RuleOtherFamily
		return v, fault.New(fault.NotFound, "Phones of model %s don't ask for %s.", d.Model, hit.Name)
	}
	if deviceprofiles.IsPhonebook(model.Family, hit.Name) {
		return s.openPhonebook(ctx, hit, a, model)
	}
	if v.opened, err = s.render(ctx, d, hit.Name, hit.Encryption); err != nil {
		v.rule = ruleOfError(err, RuleNoSuchFile)
		return v, err
	}
	if err := s.settle(ctx, a, r); err != nil {
		v.opened, v.rule = Opened{}, ruleOfError(err, RuleOtherPeer)
		return v, err
	}
	return v, nil
}

// settle does what follows from a phone's having its own file: its enrolment window is closed if it has proven itself, and else belongs to it alone.
func (s *Service) settle(ctx context.Context, a admission, r Request) error {
	switch {
	case r.Header:
		return nil
	case a.proven():
		s.leaveWindow(ctx, a.device)
		return nil
	}
	return s.takeWindow(ctx, a.device, sourceOf(r.Peer.Addr()))
}

// render returns a device's own file, from the cache if its revision was rendered before.
func (s *Service) render(ctx context.Context, d Device, name string, encryption deviceprofiles.Encryption) (Opened, error) {
	kept := string(encryption) + "/" + name
	if o, ok := s.rendered.get(d.ID, d.Revision, kept); ok {
		o.Modified = s.modified(o.Modified)
		return o, nil
	}
	settings, err := s.settingsOf(ctx, d)
	if err != nil {
		return Opened{}, err
	}
	file, err := deviceprofiles.Render(name, settings)
	if err == nil && encryption != "" {
		file, err = encrypt(file, settings.Model.Family, encryption, settings.Access.FileKey)
	}
	if err != nil {
		return Opened{}, err
	}
	o := opened(file, settings.Revision)
	if o.Modified, err = s.revisedAt(ctx, d, settings.Revision); err != nil {
		return Opened{}, err
	}
	s.rendered.put(d.ID, settings.Revision, kept, o)
	o.Modified = s.modified(o.Modified)
	return o, nil
}

// revisedAt is when a device's own files became what they are: at its revision, or at our start, as they also say what the installation is like.
func (s *Service) revisedAt(ctx context.Context, d Device, revision int64) (time.Time, error) {
	list, err := s.store.Revisions(ctx, d.Tenant(), d.ID, revision+1, 1)
	if err != nil {
		return time.Time{}, err
	}
	if len(list) == 1 && list[0].Time.After(s.started) {
		return list[0].Time, nil
	}
	return s.started, nil
}

// modified is what a phone is told of when a file was changed: the whole second after that, and nothing until that second has come. Else a phone that fetched
// shortly before a change would be told, by a time in the same second, that it has the file already (RFC 9110 section 8.8.2.2).
func (s *Service) modified(at time.Time) time.Time {
	if whole := at.Truncate(time.Second); !at.Equal(whole) {
		at = whole.Add(time.Second)
	}
	if at.After(s.now()) {
		return time.Time{}
	}
	return at
}

// opened makes the answer for a file. The tag is made of the content, so that a change of the installation's own settings changes it too.
func opened(f deviceprofiles.File, revision int64) Opened {
	sum := sha256.Sum256(f.Body)
	return Opened{
		ContentType: f.ContentType, Encoding: f.Encoding, Body: f.Body, Revision: revision,
		ETag: fmt.Sprintf(`"%d-%s"`, revision, hex.EncodeToString(sum[:12])),
	}
}

func ruleOfError(err error, otherwise string) string {
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable:
		return RuleBroken
	default:
		return otherwise
	}
}
