package adminapi_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
)

// mediaTypeFor is what a body is sent as.
func mediaTypeFor(target string) string {
	if strings.HasPrefix(target, "/hub/v1/people/imports") || strings.HasPrefix(target, billingPath+"/reconciliations") {
		return "text/csv"
	}
	if path, _, _ := strings.Cut(target, "?"); strings.HasSuffix(path, "/backgroundImageUpload/invoke") {
		return "multipart/form-data; boundary=" + boundary
	}
	return "application/json"
}

func ofImports(o *office) string { return "/hub/v1/people/imports?orgId=" + o.org }

// ofAnImport is the path of an import that was made for it.
func ofAnImport(o *office) string {
	return "/hub/v1/people/imports/" + o.made(ofImports(o), "email\nada@bakery.example\n").ID
}

const peopleFile = "email;first_name;extension;webex_calling;meeting_site\r\nzoë@bakery.example;Zoë;102;WAHR;x\r\nada@bakery.example;Ada;102;WAHR;x\r\nbob@bakery.example;;1;WAHR;x\r\n"

// utf16 is a text as a spreadsheet saves it as "Unicode text".
func inUTF16(text string) string {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, append([]uint16{0xFEFF}, utf16.Encode([]rune(text))...)) // a Buffer takes everything
	return b.String()
}

// form puts files into a form, and returns its body and media type.
func form(t *testing.T, files ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.WriteField("comment", "new people"))
	for n, file := range files {
		part, err := w.CreateFormFile(fmt.Sprint("file", n), "people.csv")
		require.NoError(t, err)
		_, err = io.WriteString(part, file)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestAFileOfPeopleIsImported(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	file := strings.ReplaceAll(peopleFile, "zoë", "zoe")
	sent, kind := form(t, inUTF16(file))
	for dryRun, got := range map[bool]reply{
		true:  o.ask(t, o.token, "POST", ofImports(o)+"&dryRun=true", inUTF16(file)),
		false: o.ask(t, o.token, "POST", ofImports(o)+"&mode=addServices", sent, "Content-Type", kind),
	} {
		require.Equal(t, 202, got.status, got.body)
		accepted := object(t, got.body)
		at := "/hub/v1/people/imports/" + text(accepted, "id")
		assert.Equal(t, "http://example.com"+at, got.header.Get("Location"))
		assert.Equal(t, "queued", accepted["status"])
		if dryRun {
			continue // the order of a map is anybody's: what became of the rows is looked at in the run
		}
		now := o.ok(t, 200, "GET", at, "")
		assert.Equal(t, map[string]any{
			"id": accepted["id"], "orgId": o.org, "status": "completed", "dryRun": false, "mode": "addServices", "rows": 3.0, "done": 3.0, "added": 1.0, "changed": 0.0,
			"deleted": 0.0, "unchanged": 0.0, "failed": 2.0, "warnings": 0.0, "notices": []any{"The column meeting_site is checked, and not kept: people have no such field yet."},
			"createdBy": "admin@example.com", "created": "2026-05-01T08:00:00.123Z", "finished": "2026-05-01T08:00:00.123Z",
		}, now)
		results := o.ask(t, o.token, "GET", at+"/results", "")
		assert.Equal(t, `attachment; filename="people-results-20260501-080000.csv"`, results.header.Get("Content-Disposition"))
		assert.Equal(t, "\uFEFFline,email,outcome,column,reason\r\n2,zoe@bakery.example,added,,\r\n3,ada@bakery.example,failed,extension,extension: The extension is taken in this location.\r\n"+
			"4,bob@bakery.example,failed,extension,\"extension: \"\"1\"\" must be 2 to 10 digits.\"\r\n", results.body)
	}
	list := items(t, o.ok(t, 200, "GET", "/hub/v1/people/imports", ""))
	assert.Len(t, list, 2)
	assert.Len(t, items(t, o.ok(t, 200, "GET", ofImports(o)+"&max=1", "")), 1)
	assert.Empty(t, items(t, object(t, o.ask(t, o.others, "GET", "/hub/v1/people/imports", "").body)))
	assert.Len(t, items(t, o.ok(t, 200, "GET", "/hub/v1/audit?kind=people.imported", "")), 2)
	o.ok(t, 204, "DELETE", "/hub/v1/people/imports/"+text(list[0], "id"), "")
	o.ok(t, 404, "GET", "/hub/v1/people/imports/"+text(list[0], "id")+"/results", "")

	template := o.ask(t, o.token, "GET", "/hub/v1/people/imports/template", "")
	assert.Equal(t, `attachment; filename="people.csv"`, template.header.Get("Content-Disposition"))
	assert.Equal(t, 202, o.ask(t, o.token, "POST", ofImports(o)+"&dryRun=true", template.body).status, "the template is a file")
}

func TestFilesOfPeopleThatArentTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	two, twoKind := form(t, peopleFile, peopleFile)
	none, noneKind := form(t)
	for name, c := range map[string]struct {
		path, body, kind string
		status           int
		want             string
	}{
		"no customer":     {"/hub/v1/people/imports", peopleFile, "text/csv", 400, `"fieldName":"orgId"`},
		"the partner":     {"/hub/v1/people/imports?orgId=" + string(o.partner), peopleFile, "text/csv", 400, `"fieldName":"orgId"`},
		"no id":           {"/hub/v1/people/imports?orgId=x", peopleFile, "text/csv", 400, `"fieldName":"orgId"`},
		"nobody's":        {"/hub/v1/people/imports?orgId=6f0c8a52-3b1e-4d57-9f3a-0d1c2b3a4958", peopleFile, "text/csv", 404, "There is no such customer."},
		"mode":            {ofImports(o) + "&mode=x", peopleFile, "text/csv", 400, `"fieldName":"mode"`},
		"dryRun":          {ofImports(o) + "&dryRun=x", peopleFile, "text/csv", 400, `dryRun`},
		"JSON":            {ofImports(o), `{}`, "application/json", 415, "Send the file as text/csv"},
		"empty":           {ofImports(o), "", "text/csv", 400, "The file is empty."},
		"no column":       {ofImports(o), "x\ny\n", "text/csv", 400, "The file has no column email."},
		"no rows":         {ofImports(o), "email\n", "text/csv", 400, "no rows"},
		"a workbook":      {ofImports(o), "PK\x03\x04", "text/csv", 400, "workbook"},
		"too large":       {ofImports(o), "email\n" + strings.Repeat(strings.Repeat(",", 60<<10)+"\n", 1100), "text/csv; charset=utf-8", 413, "64 MiB"},
		"too many rows":   {ofImports(o), "email\n" + strings.Repeat("a\n", 100_001), "text/csv", 400, "more than 100000 rows"},
		"two files":       {ofImports(o), two, twoKind, 400, "several files"},
		"no file":         {ofImports(o), none, noneKind, 400, "no file"},
		"no boundary":     {ofImports(o), two, "multipart/form-data", 400, "boundary"},
		"another's parts": {ofImports(o), two, noneKind, 400, "no file"},
		"half a form":     {ofImports(o), two[:strings.Index(two, "bob@")], twoKind, 503, "broke off"},
	} {
		got := o.ask(t, o.token, "POST", c.path, c.body, "Content-Type", c.kind)
		assert.Equal(t, c.status, got.status, "%s: %s", name, got.body)
		assert.Contains(t, got.body, c.want, name)
		checkError(t, got, name)
	}
	assert.Equal(t, 404, o.ask(t, o.others, "POST", ofImports(o), peopleFile).status)
	assert.Empty(t, items(t, o.ok(t, 200, "GET", "/hub/v1/people/imports", "")), "nothing of them stays")
}

func TestASecondImportHasToWait(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.promises.Hold()
	first := o.ask(t, o.token, "POST", ofImports(o), peopleFile)
	require.Equal(t, 202, first.status, first.body)
	second := o.ask(t, o.token, "POST", ofImports(o), peopleFile)
	assert.Equal(t, 409, second.status)
	assert.Contains(t, second.body, `"errorCode":90010`)
	at := "/hub/v1/people/imports/" + text(object(t, first.body), "id")
	assert.Equal(t, "\uFEFFline,email,outcome,column,reason\r\n", o.ask(t, o.token, "GET", at+"/results", "").body, "nothing yet")
	o.ok(t, 204, "DELETE", at, "")
	assert.Equal(t, 202, o.ask(t, o.token, "POST", ofImports(o), peopleFile).status)
	require.NoError(t, o.promises.Do(t.Context()))
}

// brokenImports breaks off in the middle of a file.
type brokenImports struct{ importsCore }

// importsCore has a name that none of its methods has, so that it can be embedded.
type importsCore = adminapi.Imports

func (brokenImports) WriteTemplate(w io.Writer) error {
	_, _ = io.WriteString(w, "email\r\n")
	return io.ErrUnexpectedEOF
}

func TestHalfAFileIsntTakenForTheWhole(t *testing.T) {
	t.Parallel()
	o := newEmptyOffice(t, func(c *adminapi.Config) { c.Imports = brokenImports{c.Imports} })
	assert.Panics(t, func() { o.ask(t, o.token, "GET", "/hub/v1/people/imports/template", "") }, "the server cuts the connection on this")
	assert.Contains(t, o.log.String(), "a file broke off")
}
