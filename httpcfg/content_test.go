package httpcfg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/provisioning"
)

// FirmwareCore has one large file for everybody, and counts how many readers of it are open.
type FirmwareCore struct {
	noUploads
	image []byte
	open  atomic.Int32
	cut   int64 // how much of it can be read before the disk fails; 0 for all
}

var imageTime = time.Date(2026, 3, 4, 5, 6, 7, 890, time.FixedZone("", 3600))

func (c *FirmwareCore) Open(context.Context, provisioning.Request) (provisioning.Opened, error) {
	c.open.Add(1)
	return provisioning.Opened{
		ContentType: "application/octet-stream", ETag: `"5-18"`, Modified: imageTime, Size: int64(len(c.image)),
		Content: &imageReader{Reader: bytes.NewReader(c.image), core: c},
	}, nil
}

type imageReader struct {
	*bytes.Reader
	core *FirmwareCore
}

func (r *imageReader) Read(p []byte) (int, error) {
	if r.core.cut > 0 && r.Size()-int64(r.Len()) >= r.core.cut {
		return 0, errors.New("the disk of db.internal fails")
	}
	return r.Reader.Read(p[:min(1000, len(p))])
}

// WriteTo hides that of bytes.Reader, which files don't have.
func (r *imageReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

func (r *imageReader) Close() error {
	r.core.open.Add(-1)
	return nil
}

func TestALargeFileComesWholeOrInParts(t *testing.T) {
	t.Parallel()
	core := &FirmwareCore{image: bytes.Repeat([]byte("0123456789"), 150_000)}
	d := open(t, core)
	image := string(core.image)
	for name, c := range map[string]struct {
		header       []string
		status       int
		body         string
		contentRange string
	}{
		"whole":                   {nil, 200, image, ""},
		"a part":                  {[]string{"Range", "bytes=3-11"}, 206, "345678901", "bytes 3-11/1500000"},
		"to the end":              {[]string{"Range", "bytes=1499995-"}, 206, "56789", "bytes 1499995-1499999/1500000"},
		"beyond the end":          {[]string{"Range", "bytes=1499995-9999999999"}, 206, "56789", "bytes 1499995-1499999/1500000"},
		"the last bytes":          {[]string{"Range", "Bytes=-3"}, 206, "789", "bytes 1499997-1499999/1500000"},
		"more last than there is": {[]string{"Range", "bytes=-99999999"}, 206, image, "bytes 0-1499999/1500000"},
		"all of it":               {[]string{"Range", "bytes=0-"}, 206, image, "bytes 0-1499999/1500000"},
		"behind it":               {[]string{"Range", "bytes=1500000-"}, 416, "no such part\n", "bytes */1500000"},
		"the last none":           {[]string{"Range", "bytes=-0"}, 416, "no such part\n", "bytes */1500000"},
		"several":                 {[]string{"Range", "bytes=0-1,5-6"}, 200, image, ""},
		"several headers":         {[]string{"Range", "bytes=0-1", "Range", "bytes=5-6"}, 200, image, ""},
		"backwards":               {[]string{"Range", "bytes=9-3"}, 200, image, ""},
		"another unit":            {[]string{"Range", "lines=1-2"}, 200, image, ""},
		"nonsense":                {[]string{"Range", "bytes=a-b"}, 200, image, ""},
		"a dash":                  {[]string{"Range", "bytes=-"}, 200, image, ""},
		"a sign":                  {[]string{"Range", "bytes=+1-2"}, 200, image, ""},
		"huge":                    {[]string{"Range", "bytes=0-99999999999999999999"}, 200, image, ""},
		"of this file":            {[]string{"Range", "bytes=0-1", "If-Range", `"5-18"`}, 206, "01", "bytes 0-1/1500000"},
		"of this time":            {[]string{"Range", "bytes=0-1", "If-Range", "Wed, 04 Mar 2026 04:06:07 GMT"}, 206, "01", "bytes 0-1/1500000"},
		"of another file":         {[]string{"Range", "bytes=0-1", "If-Range", `"5-17"`}, 200, image, ""},
		"of another time":         {[]string{"Range", "bytes=0-1", "If-Range", "Wed, 04 Mar 2026 04:06:08 GMT"}, 200, image, ""},
		"known already":           {[]string{"Range", "bytes=0-1", "If-None-Match", `"5-18"`}, 304, "", ""},
	} {
		got := d.get(t, urlOf("http", d.plain, "/firmware/x.rom"), c.header...)
		assert.Equal(t, c.status, got.status, name)
		assert.True(t, c.body == got.body, "%s: %d bytes", name, len(got.body))
		assert.Equal(t, c.contentRange, got.header.Get("Content-Range"), name)
		assert.Equal(t, `"5-18"`, got.header.Get("ETag"), name)
		assert.Equal(t, "Wed, 04 Mar 2026 04:06:07 GMT", got.header.Get("Last-Modified"), name)
		if c.status < 300 {
			assert.Equal(t, "bytes", got.header.Get("Accept-Ranges"), name)
		}
	}
	head := d.do(t, http.MethodHead, urlOf("https", d.secure, "/firmware/x.rom"), "Range", "bytes=0-1")
	assert.Equal(t, 200, head.status, "a range is of GET alone")
	assert.Equal(t, "1500000", head.header.Get("Content-Length"))
	require.NoError(t, d.stop())
	assert.Zero(t, core.open.Load(), "every reader is closed")
}

func TestAnEmptyLargeFile(t *testing.T) {
	t.Parallel()
	d := open(t, &FirmwareCore{})
	got := d.get(t, urlOf("http", d.plain, "/firmware/x.rom"))
	assert.Equal(t, 200, got.status)
	assert.Equal(t, "0", got.header.Get("Content-Length"))
	assert.Equal(t, 416, d.get(t, urlOf("http", d.plain, "/firmware/x.rom"), "Range", "bytes=0-").status)
}

func TestAFileThatCantBeReadEndsShort(t *testing.T) {
	t.Parallel()
	core := &FirmwareCore{image: make([]byte, 100_000), cut: 50_000}
	d := open(t, core)
	answer := raw(t, d.plain, "GET /firmware/x.rom HTTP/1.1\r\nHost: x\r\n\r\n")
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	assert.Contains(t, head, "Content-Length: 100000\r\n", "so that the phone sees that it isn't whole")
	assert.InDelta(t, 50_000, len(body), 1000)
	require.NoError(t, d.stop())
	assert.Zero(t, core.open.Load())
}

func TestAFileIsKnownByItsTime(t *testing.T) {
	t.Parallel()
	d := open(t, &FirmwareCore{image: []byte("image")})
	for since, want := range map[string]int{
		"Wed, 04 Mar 2026 04:06:07 GMT":     304,
		"Wed, 04 Mar 2026 05:00:00 GMT":     304,
		"Wednesday, 04-Mar-26 04:06:07 GMT": 304,
		"Wed Mar  4 04:06:07 2026":          304,
		"Wed, 04 Mar 2026 04:06:06 GMT":     200,
		"yesterday":                         200,
		"":                                  200,
	} {
		got := d.get(t, urlOf("http", d.plain, "/firmware/x.rom"), "If-Modified-Since", since)
		assert.Equal(t, want, got.status, since)
		assert.NotEmpty(t, got.header.Get("Date"), since)
	}
	got := d.get(t, urlOf("http", d.plain, "/firmware/x.rom"), "If-Modified-Since", "Wed, 04 Mar 2026 04:06:07 GMT", "If-None-Match", `"other"`)
	assert.Equal(t, 200, got.status, "the tag counts more")
	untimed := open(t, &OnePhoneCore{})
	got = untimed.get(t, urlOf("http", untimed.plain, "/bootstrap.xml"), "If-Modified-Since", "Wed, 04 Mar 2099 04:06:07 GMT")
	assert.Equal(t, 200, got.status)
	assert.Empty(t, got.header.Get("Last-Modified"))
	assert.Empty(t, got.header.Get("Accept-Ranges"))
}
