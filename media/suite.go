package media

import (
	"encoding/base64"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/srtp/v3"

	"dialtone/secret"
)

// suite is a way to protect RTP: names of RFC 4568, RFC 6188 and RFC 7714.
type suite struct {
	name    string
	profile srtp.ProtectionProfile
	key     int // bytes
	salt    int // bytes
}

// suites are those that are taken, best first.
func suites() []suite {
	return []suite{
		{"AEAD_AES_256_GCM", srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
		{"AEAD_AES_128_GCM", srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
		{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
		{"AES_CM_128_HMAC_SHA1_32", srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
	}
}

func suiteNamed(name string) (suite, int, bool) {
	i := slices.IndexFunc(suites(), func(s suite) bool { return strings.EqualFold(s.name, name) })
	if i < 0 {
		return suite{}, 0, false
	}
	return suites()[i], i, true
}

func suiteOfProfile(profile srtp.ProtectionProfile) (suite, bool) {
	i := slices.IndexFunc(suites(), func(s suite) bool { return s.profile == profile })
	if i < 0 {
		return suite{}, false
	}
	return suites()[i], true
}

// keyLine is an a=crypto line (RFC 4568 section 9.1).
type keyLine struct {
	tag   string
	suite suite
	rank  int         // of the suite, 0 is best
	key   secret.Text // key and salt, raw bytes
}

// parseKeyLine reads one a=crypto value. ok is false for a suite that isn't known and for parameters that would change what is sent: a key
// identifier, several keys, a key derivation rate, or no encryption at all.
func parseKeyLine(value string) (line keyLine, ok bool) {
	fields := strings.Fields(value)
	if len(fields) < 3 {
		return keyLine{}, false
	}
	if n, err := strconv.ParseUint(fields[0], 10, 31); err != nil || len(fields[0]) > 9 || n > 999_999_999 {
		return keyLine{}, false
	}
	line.tag = fields[0]
	if line.suite, line.rank, ok = suiteNamed(fields[1]); !ok {
		return keyLine{}, false
	}
	for _, parameter := range fields[3:] {
		if !strings.HasPrefix(strings.ToUpper(parameter), "WSH=") { // a hint about the replay window
			return keyLine{}, false
		}
	}
	method, info, _ := strings.Cut(fields[2], ":")
	if !strings.EqualFold(method, "inline") || strings.Contains(info, ";") {
		return keyLine{}, false
	}
	parts := strings.Split(info, "|")
	for _, part := range parts[1:] {
		if strings.Contains(part, ":") { // a key identifier; a lifetime is longer than any call here
			return keyLine{}, false
		}
	}
	raw, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(parts[0])
	}
	if err != nil || len(raw) != line.suite.key+line.suite.salt {
		return keyLine{}, false
	}
	line.key = secret.New(string(raw))
	return line, true
}

// newKeyLine makes a key of our own for a suite.
func newKeyLine(random io.Reader, tag string, s suite) (keyLine, error) {
	raw := make([]byte, s.key+s.salt)
	if _, err := io.ReadFull(random, raw); err != nil {
		return keyLine{}, err
	}
	return keyLine{tag: tag, suite: s, key: secret.New(string(raw))}, nil
}

func (k keyLine) attribute() Attribute {
	return Attribute{"crypto", k.tag + " " + k.suite.name + " inline:" + base64.StdEncoding.EncodeToString([]byte(k.key.Reveal()))}
}

// context makes the pion context of one direction.
func (k keyLine) context() (*srtp.Context, error) {
	raw := []byte(k.key.Reveal())
	return srtp.CreateContext(raw[:k.suite.key], raw[k.suite.key:], k.suite.profile, srtp.SRTPReplayProtection(128), srtp.SRTCPReplayProtection(128))
}

// bestKeyLine returns the strongest of the a=crypto lines that can be taken.
func bestKeyLine(list []Attribute) (best keyLine, ok bool) {
	for _, a := range list {
		if a.Name != "crypto" {
			continue
		}
		if line, good := parseKeyLine(a.Value); good && (!ok || line.rank < best.rank) {
			best, ok = line, true
		}
	}
	return best, ok
}
