package sip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/customer"
)

// flowTokens name flows so that nobody can make one up or read it (RFC 5626 section 5.2): what a Path, a Record-Route or a Via of ours carries is all that is
// known of a dialog. Nothing is stored for one, and any node with the same key can read it. A flow has the same token each time.
type flowTokens struct {
	cipher cipher.AEAD
	key    []byte
	node   [nodeHash]byte
}

// nodeHash is the bytes that stand for a node's name.
const nodeHash = 8

// flowPrefix begins the user part of a URI that names a flow, so that no line is taken for one.
const flowPrefix = "flow."

// flowName is what a token says: one way to a phone or an upstream, on one node, for the registrar of one partner.
type flowName struct {
	flow
	partner customer.OrgID // whose upstream setting the flow is used for
	here    bool           // it is this node's
}

// newFlowTokens makes them from a secret of 16 bytes or more.
func newFlowTokens(key []byte, node string) (*flowTokens, error) {
	if len(key) < 16 {
		return nil, errors.New("sip: the key of flow tokens has fewer than 16 bytes")
	}
	sum := sha256.Sum256(key)
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	sealer, err := cipher.NewGCM(block)
	t := &flowTokens{cipher: sealer, key: sum[:]}
	name := sha256.Sum256([]byte(node))
	copy(t.node[:], name[:])
	return t, err
}

// flowTransports are the transports by their number in a token.
var flowTransports = [...]string{"udp", "tcp", "tls", "dtls", "wss"} //nolint:gochecknoglobals // never changes

// seal writes a flow of this node as a word of letters and digits.
func (t *flowTokens) seal(f flow, partner customer.OrgID) string {
	transport := byte(len(flowTransports))
	for i, name := range flowTransports {
		if name == f.transport {
			transport = byte(i)
		}
	}
	source, err := f.source.MarshalBinary()
	if err != nil {
		return ""
	}
	plain := append([]byte{transport, byte(len(source))}, t.node[:]...) //nolint:gosec // G115: an address and a port have 18 bytes at most, but for a zone
	plain = append(append(plain, source...), packed(partner)...)
	nonce := t.sum(string(plain))[:t.cipher.NonceSize()]
	return gruuEncoding.EncodeToString(t.cipher.Seal(nonce, nonce, plain, nil))
}

// open reads a token; ok is false for what no node with this key sealed.
func (t *flowTokens) open(text string) (flowName, bool) {
	raw, err := gruuEncoding.DecodeString(strings.ToLower(text))
	if err != nil || len(raw) < t.cipher.NonceSize() {
		return flowName{}, false
	}
	plain, err := t.cipher.Open(nil, raw[:t.cipher.NonceSize()], raw[t.cipher.NonceSize():], nil)
	if err != nil || len(plain) < 2+nodeHash || int(plain[0]) >= len(flowTransports) || len(plain) < 2+nodeHash+int(plain[1]) {
		return flowName{}, false
	}
	transport, rest := flowTransports[plain[0]], plain[2+nodeHash:]
	var source netip.AddrPort
	if err := source.UnmarshalBinary(rest[:plain[1]]); err != nil {
		return flowName{}, false
	}
	return flowName{
		flow: flow{transport, source}, partner: unpacked(rest[plain[1]:]), here: [nodeHash]byte(plain[2:2+nodeHash]) == t.node,
	}, true
}

// ofURI reads the token in the user part of a URI.
func (t *flowTokens) ofURI(u uri) (flowName, bool) {
	text, ok := strings.CutPrefix(u.userInfo, flowPrefix)
	if !ok {
		return flowName{}, false
	}
	return t.open(text)
}

// sum authenticates a text under our key.
func (t *flowTokens) sum(text string) []byte {
	h := hmac.New(sha256.New, t.key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// word is a short sum as text.
func (t *flowTokens) word(text string) string { return hex.EncodeToString(t.sum(text)[:8]) }

// packed writes an id, which is a UUID, in sixteen bytes; what isn't one stays as it is.
func packed(id customer.OrgID) []byte {
	if raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", "")); err == nil && len(raw) == 16 && len(id) == 36 {
		return raw
	}
	return []byte(id)
}

func unpacked(raw []byte) customer.OrgID {
	if len(raw) != 16 {
		return customer.OrgID(raw)
	}
	s := hex.EncodeToString(raw)
	return customer.OrgID(s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:])
}
