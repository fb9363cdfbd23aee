package adminapi

import (
	"strings"
	"testing"

	"dialtone/fault"
)

// FuzzUploadForm reads any form without a panic, and holds no more of it than an image may have.
func FuzzUploadForm(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.png\"\r\n\r\nPNG\r\n--b--\r\n")
	f.Add("multipart/form-data", "--b")
	f.Add("text/plain", "")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"fileName\"\r\n\r\nx\r\n--b--\r\n")
	f.Fuzz(func(t *testing.T, kind, body string) {
		in := &uploadInput{kind: kind, body: strings.NewReader(body)}
		name, picture, err := in.form(t.Context())
		if err == nil && (picture == nil || len(picture) > len(body) || len(name) > len(body)) {
			t.Fatalf("%q, %d bytes", name, len(picture))
		}
		if err != nil && fault.KindOf(err) == fault.Unavailable {
			t.Fatalf("a form is never our fault: %v", err)
		}
	})
}
