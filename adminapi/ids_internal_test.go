package adminapi

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"dialtone/customer"
)

const someID = "6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958"

func TestIDsInEverySpelling(t *testing.T) {
	t.Parallel()
	long := "Y2lzY29zcGFyazovL3VzL0RFVklDRS82ZjBjOGE1Mi0zYjFlLTRkNTctOWYzYS0wZDFjMmIzYTQ5NTg"
	assert.Equal(t, long, encodeID("DEVICE", someID))
	for _, spelling := range []string{
		long, long + "==", someID, strings.ToUpper(someID), " " + long + "\n", encodeProvisioningID(someID),
		base64.StdEncoding.EncodeToString([]byte("ciscospark://urn:TEAM:eu-central-1_k/DEVICE/" + someID)),
	} {
		got, ok := decodeID(spelling)
		assert.True(t, ok, spelling)
		assert.Equal(t, someID, got)
	}
	for _, nonsense := range []string{
		"", "x", "%", "..", strings.Repeat("A", 257), "{" + someID + "}", "urn:uuid:" + someID, strings.ReplaceAll(someID, "-", ""),
		base64.StdEncoding.EncodeToString([]byte("ciscospark://us/DEVICE/")), base64.StdEncoding.EncodeToString([]byte("ciscospark://us/DEVICE/5")),
	} {
		_, ok := decodeID(nonsense)
		assert.False(t, ok, nonsense)
	}
	assert.Empty(t, encodeID("DEVICE", ""))
}

func TestIDsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`).Draw(t, "id")
		kind := rapid.SampledFrom([]string{"ENTERPRISE", "ORGANIZATION", "SUBSCRIBER", "PEOPLE", "LOCATION", "DEVICE", "CALLING_DEVICE", "TEMPLATE"}).Draw(t, "kind")
		got, ok := decodeID(encodeID(kind, id))
		if !ok || got != id {
			t.Fatalf("%s came back as %s", id, got)
		}
	})
}

func FuzzDecodeID(f *testing.F) {
	f.Add(someID)
	f.Add(encodeID("DEVICE", someID))
	f.Add("Y2lzY29z=+/-_")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := decodeID(text)
		if !ok {
			return
		}
		again, ok := decodeID(encodeID("DEVICE", id))
		if !ok || again != id || len(id) != 36 {
			t.Fatalf("%q became %q, and that %q", text, id, again)
		}
	})
}

func TestLicensesInEverySpelling(t *testing.T) {
	t.Parallel()
	c := customer.Customer{ID: "7a0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958", Org: someID, Packages: []customer.CustomerPackage{
		{Package: customer.WebexCalling, Status: customer.PackageProvisioned}, {Package: customer.CommonAreaCalling, Status: customer.PackageProvisioned},
	}}
	id := licenseID(c, customer.CommonAreaCalling)
	for _, spelling := range []string{id, id + "==", " " + id, base64.StdEncoding.EncodeToString([]byte("ciscospark://eu/LICENSE/" + licenseKey(c, customer.CommonAreaCalling)))} {
		org, key, ok := decodeLicenseID(spelling)
		assert.True(t, ok, spelling)
		assert.Equal(t, customer.OrgID(someID), org)
		p, ok := licenseOf(c, key)
		assert.True(t, ok)
		assert.Equal(t, customer.CommonAreaCalling, p)
	}
	_, ok := licenseOf(c, licenseKey(c, customer.WebexSuite))
	assert.False(t, ok, "which the customer hasn't")
	another := c
	another.ID = someID
	_, ok = licenseOf(c, licenseKey(another, customer.WebexCalling))
	assert.False(t, ok, "another customer's of the same organisation")
	for _, nonsense := range []string{"", "x", someID, encodeID("LICENSE", someID), encodeID("LICENSE", someID+":"), encodeID("LICENSE", ":x"), strings.Repeat("A", 257)} {
		_, _, ok := decodeLicenseID(nonsense)
		assert.False(t, ok, nonsense)
	}
}

func FuzzDecodeLicenseID(f *testing.F) {
	f.Add(encodeID("LICENSE", someID+":WEBEX-CALLING_"+someID))
	f.Add(encodeID("LICENSE", someID))
	f.Add("%00=")
	f.Fuzz(func(t *testing.T, text string) {
		org, key, ok := decodeLicenseID(text)
		if !ok || len(key) > 160 { // with the rest of an id it would be too long
			return
		}
		again, same, ok := decodeLicenseID(encodeID("LICENSE", key))
		if !ok || again != org || same != key || len(org) != 36 {
			t.Fatalf("%q became %q of %q, and that %q of %q", text, key, org, same, again)
		}
	})
}
