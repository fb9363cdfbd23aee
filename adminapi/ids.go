package adminapi

import (
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"dialtone/customer"
	"dialtone/fault"
)

// Kinds of ids on the wire: an id is the unpadded base64 of ciscospark://us/KIND/UUID.
const (
	kindCustomer      = "ENTERPRISE"
	kindOrganization  = "ORGANIZATION"
	kindSubscriber    = "SUBSCRIBER"
	kindPerson        = "PEOPLE"
	kindLocation      = "LOCATION"
	kindWorkspace     = "PLACES"
	kindVirtualLine   = "VIRTUAL_LINE"
	kindDevice        = "DEVICE"
	kindCallingDevice = "CALLING_DEVICE"
	kindTemplate      = "TEMPLATE"
	kindLicense       = "LICENSE"
	kindToken         = "TOKEN"
	kindReview        = "REVIEW"
	kindReport        = "BILLING_REPORT"
	kindIntegration   = "APPLICATION"
	kindWebhook       = "WEBHOOK"
)

// encodeID writes an id for the wire; "" stays "".
func encodeID[T ~string](kind string, id T) string {
	if id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/" + kind + "/" + string(id)))
}

// encodeProvisioningID writes the short form that names an onboarding template.
func encodeProvisioningID(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id))
}

// licenseID writes the id of the licence that a customer has with a package: the same at each call, as it is made of both alone. On the wire its key
// is ORGANISATION:PRODUCT_UUID.
func licenseID(c customer.Customer, p customer.Package) string {
	return encodeID(kindLicense, licenseKey(c, p))
}

// licenseKey is what the id of a licence is made of.
func licenseKey(c customer.Customer, p customer.Package) string {
	return customer.LicenseKey(c.Org, c.ID, p)
}

// decodeLicenseID reads the id of a licence as clients send it, in any spelling that decodeID takes but a bare one. It returns the organisation and the
// key, for licenseOf; false when it can't be one.
func decodeLicenseID(text string) (customer.OrgID, string, bool) {
	key, ok := decodeKey(text)
	if !ok {
		return "", "", false
	}
	org, product, ok := strings.Cut(key, ":")
	id, err := uuid.Parse(org)
	if !ok || err != nil || len(org) != 36 || product == "" {
		return "", "", false
	}
	return customer.OrgID(id.String()), key, true
}

// licenseOf returns the customer's package whose licence has the key; false when there is none.
func licenseOf(c customer.Customer, key string) (customer.Package, bool) {
	for _, q := range c.Packages {
		if strings.EqualFold(licenseKey(c, q.Package), key) {
			return q.Package, true
		}
	}
	return "", false
}

// maxID bounds an id on the wire, in bytes: ours have at most 80.
const maxID = 256

// decodeID reads an id as clients send it: with or without padding, in either base64 alphabet, of any kind and region, or the UUID alone. It returns
// the UUID in canonical form; false when there is none.
func decodeID(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxID {
		return "", false
	}
	if id, err := uuid.Parse(text); err == nil && len(text) == 36 {
		return id.String(), true
	}
	key, ok := decodeKey(text)
	if !ok {
		return "", false
	}
	id, err := uuid.Parse(key)
	if err != nil || len(key) != 36 {
		return "", false
	}
	return id.String(), true
}

// decodeKey returns what stands behind the last slash of an id in base64, in either alphabet and with or without padding.
func decodeKey(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxID {
		return "", false
	}
	alphabet := strings.NewReplacer("+", "-", "/", "_", "=", "")
	raw, err := base64.RawURLEncoding.DecodeString(alphabet.Replace(text))
	key := string(raw)
	return key[strings.LastIndexByte(key, '/')+1:], err == nil
}

// pathID reads the id of a path. What can't be one names nothing.
func pathID[T ~string](thing, text string) (T, error) {
	id, ok := decodeID(text)
	if !ok {
		return "", fault.New(fault.NotFound, "There is no such %s.", thing)
	}
	return T(id), nil
}

// fieldID reads the id of a field or a query parameter; "" stays "".
func fieldID[T ~string](field, text string) (T, error) {
	if text == "" {
		return "", nil
	}
	id, ok := decodeID(text)
	if !ok {
		return "", fault.InvalidField(field, "isn't an id; it is %.40q", text)
	}
	return T(id), nil
}
