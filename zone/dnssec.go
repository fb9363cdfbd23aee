package zone

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"hash/maphash"
	"io"
	"slices"
	"time"

	"github.com/miekg/dns"

	"dialtone/fault"
)

const (
	// keyFlags are of a combined signing key: zone key and secure entry point (RFC 4034 section 2.1.1).
	keyFlags = 257
	// signedBefore lies behind the moment of signing, for clocks that are slow; signedFor is how long a signature holds, with up to signedJitter more, so that not all
	// end at once. An answer that is kept ready is made anew when half of that is over.
	signedBefore = time.Hour
	signedFor    = 7 * 24 * time.Hour
	signedJitter = 24 * time.Hour
	// typeNXName says in a denial that there is no such name (RFC 9824 section 2).
	typeNXName = 128
)

// SigningKey signs the zone: ECDSA P-256 with SHA-256 (RFC 6605), one key for the zone and for itself.
type SigningKey struct {
	record *dns.DNSKEY
	signer crypto.Signer
}

// NewSigningKey makes the private half of a key, in PKCS #8's place its 32 bytes: whoever has them can sign for the zone. fault.Internal without randomness.
func NewSigningKey(random io.Reader) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a key for DNSSEC can't be made")
	}
	return key.Bytes()
}

// OpenSigningKey reads what NewSigningKey made, for the zone of a parent domain. fault.Invalid when it is no key.
func OpenSigningKey(private []byte, parent string) (*SigningKey, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), private)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The key for DNSSEC can't be read.")
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The key for DNSSEC can't be read.")
	}
	record := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: dns.CanonicalName(parent), Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET},
		Flags: keyFlags, Protocol: 3, Algorithm: dns.ECDSAP256SHA256, PublicKey: base64.StdEncoding.EncodeToString(point[1:]), // without the mark of an uncompressed point
	}
	return &SigningKey{record: record, signer: key}, nil
}

// DS is the record that the zone above needs, as its zone file writes it.
func (k *SigningKey) DS() string { return k.record.ToDS(dns.SHA256).String() }

// secure signs an answer, and denies what isn't there in a way that can be checked: a name that doesn't exist is said to exist without any record (RFC 9824), so that
// no two names have to be looked up for it and nobody can list the zone.
func (s *Server) secure(response *dns.Msg, n node) {
	if s.key == nil || !response.Authoritative || len(response.Question) != 1 {
		return
	}
	q := response.Question[0]
	if len(response.Answer) == 0 {
		response.Ns = append(response.Ns, s.denial(q, n, response.Rcode == dns.RcodeNameError))
		response.Rcode = dns.RcodeSuccess
	}
	response.Answer = s.withSignatures(response.Answer)
	response.Ns = s.withSignatures(response.Ns)
}

// denial is the NSEC record by which a name has these types and no other, and the next name is the very next that there could be.
func (s *Server) denial(q dns.Question, n node, unknown bool) dns.RR {
	types := []uint16{dns.TypeRRSIG, dns.TypeNSEC}
	for _, r := range n.records {
		types = append(types, r.Header().Rrtype)
	}
	switch {
	case unknown:
		types = append(types, typeNXName)
	case dns.CanonicalName(q.Name) == s.parent:
		types = append(types, dns.TypeDNSKEY)
	}
	slices.Sort(types)
	return &dns.NSEC{Hdr: s.header(q.Name, dns.TypeNSEC, min(s.ttl, negativeTTL)), NextDomain: `\000.` + q.Name, TypeBitMap: slices.Compact(types)}
}

// withSignatures puts a signature behind each set of records. A set that can't be signed stays without one, and is no good to whoever checks.
func (s *Server) withSignatures(records []dns.RR) []dns.RR {
	var out []dns.RR
	for len(records) > 0 {
		size := 1
		for size < len(records) && sameSet(records[0], records[size]) {
			size++
		}
		set := records[:size]
		records = records[size:]
		out = append(out, set...)
		if signature, err := s.signature(set); err == nil {
			out = append(out, signature)
		} else {
			s.failures.Do(func() { s.logger.Error("an answer couldn't be signed", "name", set[0].Header().Name, "error", err) })
		}
	}
	return out
}

func (s *Server) signature(set []dns.RR) (*dns.RRSIG, error) {
	now := s.now()
	jitter := time.Duration(maphash.String(s.answers.seed, set[0].Header().Name) % uint64(signedJitter))
	signature := &dns.RRSIG{
		Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
		Algorithm: s.key.record.Algorithm, KeyTag: s.key.record.KeyTag(), SignerName: s.parent,
		Inception: uint32(now.Add(-signedBefore).Unix()), Expiration: uint32(now.Add(signedFor + jitter).Unix()), //nolint:gosec // G115: RFC 4034 counts modulo 2^32
	}
	return signature, signature.Sign(s.key.signer, set)
}

// ownKey is the zone's DNSKEY record.
func (s *Server) ownKey(owner string) []dns.RR {
	if s.key == nil {
		return nil
	}
	record := *s.key.record
	record.Hdr = s.header(owner, dns.TypeDNSKEY, s.ttl)
	return []dns.RR{&record}
}
