package adminapi_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile(`<([^>]+)>; rel="([a-z]+)"`)

// links reads a Link header: address by relation.
func links(header string) map[string]string {
	out := map[string]string{}
	for _, m := range link.FindAllStringSubmatch(header, -1) {
		out[m[2]] = m[1]
	}
	return out
}

func TestPagesLeadThroughAList(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i := range 4 {
		o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("p", i), 200+i))
	}
	for _, word := range []string{"offset", "start"} {
		next := "/v1/wholesale/subscribers?max=2&status=provisioned&customerId=" + o.customer + "&" + word + "=0"
		var seen []string
		var sizes []int
		for next != "" {
			got := o.ask(t, o.token, "GET", next, "")
			require.Equal(t, 200, got.status, got.body)
			page := items(t, object(t, got.body))
			sizes = append(sizes, len(page))
			for _, item := range page {
				seen = append(seen, text(item, "email"))
			}
			next = links(got.header.Get("Link"))["next"]
			if next != "" {
				u, err := url.Parse(next)
				require.NoError(t, err)
				assert.Equal(t, "provisioned", u.Query().Get("status"), "every filter stays")
				assert.Equal(t, o.customer, u.Query().Get("customerId"))
				assert.True(t, u.Query().Has(word), "the client's own word")
				next = u.RequestURI()
			}
		}
		assert.Equal(t, []int{2, 2, 1}, sizes)
		assert.Equal(t, []string{"ada@bakery.example", "p0@bakery.example", "p1@bakery.example", "p2@bakery.example", "p3@bakery.example"}, seen)
	}
	// A row that goes meanwhile moves no other past the reader.
	first := o.ask(t, o.token, "GET", "/v1/wholesale/subscribers?max=2&sortBy=lastStatusChange&sortOrder=DESC", "")
	list := items(t, object(t, first.body))
	assert.Equal(t, "p3@bakery.example", text(list[0], "email"))
	o.ok(t, 204, "DELETE", "/v1/wholesale/subscribers/"+text(list[1], "id"), "")
	u, err := url.Parse(links(first.header.Get("Link"))["next"])
	require.NoError(t, err)
	assert.Equal(t, "2", u.Query().Get("offset"), "for clients that count")
	second := items(t, object(t, o.ask(t, o.token, "GET", u.RequestURI(), "").body))
	require.Len(t, second, 2)
	assert.Equal(t, "p1@bakery.example", text(second[0], "email"))
	for _, bad := range []string{"x", "MTIz", "MTIzLm5vLXV1aWQ", "Lg", strings.Repeat("A", 3000), "eC4wMWExZmUwNy1mYzA1LTc2YzYtYmIwMi01M2FjMTRhOTg1NTY"} {
		assert.Equal(t, 400, o.ask(t, o.token, "GET", "/v1/wholesale/subscribers?cursor="+bad, "").status, bad)
	}
	for i := range 2 {
		o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("q", i), 300+i))
	}
	middle := links(o.ask(t, o.token, "GET", "/v1/wholesale/subscribers?max=2&offset=2", "").header.Get("Link"))
	cursor := regexp.MustCompile(`cursor=[\w-]+&`)
	assert.Regexp(t, cursor, middle["next"])
	middle["next"] = cursor.ReplaceAllString(middle["next"], "")
	assert.Equal(t, map[string]string{
		"next":  "http://example.com/v1/wholesale/subscribers?max=2&offset=4",
		"prev":  "http://example.com/v1/wholesale/subscribers?max=2&offset=0",
		"first": "http://example.com/v1/wholesale/subscribers?max=2&offset=0",
	}, middle)
}

func TestTheEdgesOfAList(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, path := range []string{"/hub/v1/templates", "/v1/wholesale/customers", "/v1/wholesale/subscribers", "/v1/locations", "/v1/devices"} {
		beyond := o.ask(t, o.token, "GET", path+"?offset=1000000", "")
		assert.JSONEq(t, `{"items":[]}`, beyond.body, path)
		assert.NotContains(t, links(beyond.header.Get("Link")), "next", path)
		empty := o.ask(t, o.others, "GET", path, "")
		assert.JSONEq(t, `{"items":[]}`, empty.body, path)
		assert.Empty(t, empty.header.Get("Link"), path)
		assert.Len(t, items(t, o.ok(t, 200, "GET", path+"?max=100000", "")), 1, "more than the most means the most")
		for _, bad := range []string{"max=0", "max=-1", "max=x", "max=99999999999999999999", "offset=-1", "offset=x", "start=1.5"} {
			got := o.ask(t, o.token, "GET", path+"?"+bad, "")
			assert.Equal(t, 400, got.status, "%s?%s", path, bad)
			checkError(t, got, path+"?"+bad)
		}
	}
}
