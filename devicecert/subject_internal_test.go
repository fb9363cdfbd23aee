package devicecert

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// FuzzSubject: an address that is read stands in the subject, and a message holds no line break.
func FuzzSubject(f *testing.F) {
	f.Add("CP-8861-SEP2C3124C9F8E1", "", "")
	f.Add("80:5e:c0:aa:bb:cc", "805EC0AABBCD", "SN:FCH2133E8B9")
	f.Add("01234567-89ab-cdef-0123-805EC0AABBCC\n", "", "\xff")
	f.Fuzz(func(t *testing.T, common, state, serial string) {
		names := []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: common}, {Type: asn1.ObjectIdentifier{2, 5, 4, 8}, Value: state}, {Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: serial},
		}
		mac, err := subjectMAC(&x509.Certificate{Subject: pkix.Name{CommonName: common, Names: names}})
		all := strings.ToUpper(strings.NewReplacer(":", "", "-", "").Replace(common + " " + state + " " + serial))
		switch {
		case err == nil && (mac == deviceprofiles.MAC{} || !strings.Contains(all, mac.String())):
			t.Fatalf("%s isn't in %q", mac, all)
		case err != nil && strings.ContainsAny(fault.Message(err), "\r\n\x00"):
			t.Fatalf("%q", err)
		}
	})
}
