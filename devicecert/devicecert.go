// Package devicecert judges the certificates that makers build into phones: who made the phone, and which MAC address it has.
//
// It owns the pools of makers' CAs that the operator loads from a folder, the checking of a chain by its own rules, as factory certificates break those of
// the web, and the reading of addresses out of subjects. It never decides what a phone may have, never sees a private key, and holds no CA of its own.
// Start at Open, then Pools.Identify; load.go reads the folder, path.go leads from a phone to a root, subject.go reads addresses.
package devicecert

import (
	"context"
	"crypto/x509"
	"log/slog"
	"math/big"
	"sync/atomic"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Identity is what a certificate proves: that the phone is a genuine one of this maker, with this address. It doesn't say whose phone it is.
type Identity struct {
	MAC    deviceprofiles.MAC
	Vendor string // the maker's folder, in lower case, e.g. cisco
	Serial string // of the certificate, lower-case hexadecimal
	Issuer string // as RFC 2253 writes it, at most 200 bytes
}

// Fits reports whether a maker, as the model catalogue spells it, is the one that made the phone.
func (i Identity) Fits(vendor string) bool { return i.Vendor != "" && i.Vendor == vendorName(vendor) }

// Config says where the pools are. Every field must be set.
type Config struct {
	Dir    string // one folder for each maker, or one file VENDOR.pem
	Now    func() time.Time
	Logger *slog.Logger
}

// Pools are the CAs of makers, with what they have revoked. It is safe for concurrent use. The nil Pools know nobody.
type Pools struct {
	config  Config
	current atomic.Pointer[pools]
}

// pools is what was loaded at one time.
type pools struct {
	vendors []vendor // by name
	stamp   string   // of the files that it was made of
}

// vendor is one maker.
type vendor struct {
	name    string
	policy  Policy
	cas     []*x509.Certificate
	lists   []*x509.RevocationList // each with a signature of one of cas; without their entries
	revoked map[string]bool        // what they revoke, by revocationKey
}

// Policy says which weaknesses of a maker's certificates are put up with. All are off unless the operator's file says otherwise.
type Policy struct {
	SHA1    bool `json:"sha1"`    // signatures made with SHA-1
	Expired bool `json:"expired"` // certificates whose time is over
}

// Open reads the pools and says in the log what was loaded. fault.Invalid names the file that can't be read.
func Open(ctx context.Context, c Config) (*Pools, error) {
	p := &Pools{config: c}
	loaded, err := load(c.Dir)
	if err != nil {
		return nil, err
	}
	p.use(ctx, loaded)
	return p, nil
}

// reloadInterval is how long a change of the folder may stay unseen.
const reloadInterval = time.Minute

// Run looks once a minute whether the folder has changed, until ctx ends. What can't be read is said in the log, and what was loaded before stays in force.
func (p *Pools) Run(ctx context.Context) error {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			p.Reload(ctx)
		}
	}
}

// Reload reads the folder again if it has changed.
func (p *Pools) Reload(ctx context.Context) {
	stamp, err := stampOf(p.config.Dir)
	if err == nil && stamp == p.current.Load().stamp {
		return
	}
	loaded, err := load(p.config.Dir)
	if err != nil {
		p.config.Logger.ErrorContext(ctx, "phone makers' CAs can't be read again: those from before stay in force", "dir", p.config.Dir, "error", err)
		return
	}
	p.use(ctx, loaded)
}

// use puts pools in force.
func (p *Pools) use(ctx context.Context, loaded *pools) {
	p.current.Store(loaded)
	now := p.config.Now()
	for _, v := range loaded.vendors {
		expired := 0
		for _, ca := range v.cas {
			if now.After(ca.NotAfter) {
				expired++
			}
		}
		p.config.Logger.InfoContext(ctx, "a phone maker's CAs are loaded", "vendor", v.name, "cas", len(v.cas), "expired", expired, "revocation_lists", len(v.lists),
			"sha1", v.policy.SHA1, "accept_expired", v.policy.Expired)
		for _, list := range v.lists {
			if !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
				p.config.Logger.WarnContext(ctx, "a revocation list is out of date: it still counts, fetch a newer one", "vendor", v.name, "issuer", short(list.Issuer.String()), "next_update", list.NextUpdate)
			}
		}
	}
	if len(loaded.vendors) == 0 {
		p.config.Logger.WarnContext(ctx, "the folder of phone makers' CAs holds none: no certificate of a phone counts", "dir", p.config.Dir)
	}
}

// Hints returns the CAs whose names a server tells in the handshake, so that a phone picks the right one of its certificates. It judges nobody.
func (p *Pools) Hints() *x509.CertPool {
	pool := x509.NewCertPool()
	if p == nil {
		return pool
	}
	for _, v := range p.current.Load().vendors {
		for _, ca := range v.cas {
			pool.AddCert(ca)
		}
	}
	return pool
}

// maxPresented bounds how many certificates of a phone are looked at. Phones send one to three.
const maxPresented = 6

// Identify says who presented a chain, the phone's own certificate first. That the phone has the key to it is for the handshake to prove.
//
// fault.NotFound: the chain is empty. fault.Denied, with a sentence that says why and holds nothing that the phone chose but printable text: no loaded
// maker issued it, it is revoked or over, or it doesn't name exactly one phone.
func (p *Pools) Identify(chain []*x509.Certificate, now time.Time) (Identity, error) {
	switch {
	case len(chain) == 0:
		return Identity{}, fault.New(fault.NotFound, "The phone showed no certificate.")
	case p == nil:
		return Identity{}, fault.New(fault.Denied, "No phone maker's CAs are loaded, so that certificates of phones prove nothing.")
	}
	leaf, others := chain[0], chain[1:min(len(chain), maxPresented)]
	if leaf.IsCA {
		return Identity{}, fault.New(fault.Denied, "The certificate is one that issues others, and no phone's.")
	}
	var refused error
	for _, v := range p.current.Load().vendors {
		s := search{vendor: v, presented: others, now: now}
		err := s.toRoot(leaf)
		if err == nil {
			return identityOf(leaf, v.name)
		}
		if refused == nil || s.known {
			refused = err
		}
	}
	if refused == nil {
		refused = unknownIssuer(leaf)
	}
	return Identity{}, refused
}

func identityOf(leaf *x509.Certificate, vendor string) (Identity, error) {
	mac, err := subjectMAC(leaf)
	if err != nil {
		return Identity{}, err
	}
	return Identity{MAC: mac, Vendor: vendor, Serial: leaf.SerialNumber.Text(16), Issuer: short(leaf.Issuer.String())}, nil
}

func unknownIssuer(c *x509.Certificate) error {
	return fault.New(fault.Denied, "No loaded phone maker issued the certificate: its issuer is %s.", short(c.Issuer.String()))
}

// revokes reports whether the maker has revoked a certificate.
func (v vendor) revokes(c *x509.Certificate) bool {
	return v.revoked[revocationKey(c.RawIssuer, c.SerialNumber)]
}

func revocationKey(issuer []byte, serial *big.Int) string {
	return serial.Text(16) + " " + string(issuer)
}
