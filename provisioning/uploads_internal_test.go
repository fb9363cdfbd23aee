package provisioning

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// fullTx has many files of one device, and many bytes of its organisation.
type fullTx struct {
	Tx
	files int
	bytes int
}

func (t fullTx) Uploads(context.Context, customer.Tenant, DeviceID) ([]StoredUpload, error) {
	out := make([]StoredUpload, t.files)
	for i := range out {
		out[i] = StoredUpload{Name: fmt.Sprint(i), Kind: deviceprofiles.UploadLog}
	}
	return out, nil
}

func (t fullTx) UploadBytes(context.Context, customer.Tenant) (int, error) { return t.bytes, nil }

func TestQuotasOfUploads(t *testing.T) {
	t.Parallel()
	s := &Service{}
	for name, c := range map[string]struct {
		tx      fullTx
		file    string
		size    int
		refused bool
	}{
		"room for one":          {fullTx{files: 23}, "new", 10, false},
		"too many":              {fullTx{files: 24}, "new", 10, true},
		"one of them":           {fullTx{files: 24}, "7", 10, false},
		"the last byte":         {fullTx{bytes: 1<<30 - 10}, "new", 10, false},
		"a byte more than that": {fullTx{bytes: 1<<30 - 10}, "new", 11, true},
	} {
		err := s.makeRoom(t.Context(), c.tx, StoredUpload{Name: c.file}, c.size)
		assert.Equal(t, c.refused, fault.Is(err, fault.Invalid), "%s: %v", name, err)
	}
}
