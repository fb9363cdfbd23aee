package adminapi

import (
	"context"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"dialtone/customer"
	"dialtone/fault"
)

// The sizes of a page: what isn't asked for, and the most.
const (
	defaultMax = 50
	mostMax    = 100
)

// Paging is what a list takes. Clients send the numbers as strings; start and offset are two words for one thing.
type Paging struct {
	Max    string `query:"max" doc:"Rows of a page: 1 or more; above 100 means 100" example:"50"`
	Offset string `query:"offset" doc:"Rows to pass over"`
	Start  string `query:"start" doc:"The same as offset"`
	Cursor string `query:"cursor" doc:"From the link to the next page, where that has one: begin behind the last row of this one"`
	base   url.URL
}

// Resolve remembers the address that was asked for, to write the links to other pages.
func (p *Paging) Resolve(c huma.Context) []error {
	u := c.URL()
	p.base = url.URL{Scheme: "http", Host: c.Host(), Path: u.Path, RawQuery: u.RawQuery}
	if c.TLS() != nil || c.Header("X-Forwarded-Proto") == "https" {
		p.base.Scheme = "https"
	}
	return nil
}

// page reads the window.
func (p *Paging) page() (customer.Page, error) {
	page := customer.Page{Max: defaultMax}
	if p.Max != "" {
		n, err := strconv.Atoi(p.Max)
		if err != nil || n < 1 {
			return page, fault.InvalidField("max", "must be a whole number from 1; it is %.40q", p.Max)
		}
		page.Max = min(n, mostMax)
	}
	word, offset := "offset", p.Offset
	if offset == "" {
		word, offset = "start", p.Start
	}
	if offset != "" {
		n, err := strconv.Atoi(offset)
		if err != nil || n < 0 {
			return page, fault.InvalidField(word, "must be a whole number from 0; it is %.40q", offset)
		}
		page.Offset = n
	}
	if p.Cursor != "" {
		after, ok := parseCursor(p.Cursor)
		if !ok {
			return page, fault.InvalidField("cursor", "isn't one of ours: take the link to the next page as it is")
		}
		page.After = after
	}
	return page, nil
}

// formatCursor writes a place in a list for a link.
func formatCursor(c customer.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.At.UnixMicro(), 10) + "." + c.ID))
}

func parseCursor(text string) (customer.Cursor, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	at, id, ok := strings.Cut(string(raw), ".")
	micros, bad := strconv.ParseInt(at, 10, 64)
	return customer.Cursor{At: time.UnixMicro(micros), ID: id}, ok && err == nil && bad == nil && isRowID(id)
}

// isRowID reports whether a text can be a row's id in a list: a UUID, or a phone number.
func isRowID(id string) bool {
	_, err := uuid.Parse(id)
	return err == nil || customer.PossibleNumber(id)
}

// link writes the Link header (RFC 8288): the next page if there is one, the one before and the first if there was one. Every filter stays in. The next
// one begins behind the last row, if that is given; its offset is for clients that count.
func (p *Paging) link(page customer.Page, more bool, last customer.Cursor) string {
	relation := func(offset int, name string) string {
		query := p.base.Query()
		word := "offset"
		if query.Has("start") {
			word = "start"
		}
		query.Set(word, strconv.Itoa(offset))
		query.Set("max", strconv.Itoa(page.Max))
		query.Del("cursor")
		if name == "next" && last.ID != "" {
			query.Set("cursor", formatCursor(last))
		}
		u := p.base
		u.RawQuery = query.Encode()
		return "<" + u.String() + `>; rel="` + name + `"`
	}
	link := ""
	if more {
		link = relation(page.Offset+page.Max, "next")
	}
	if page.Offset > 0 {
		if link != "" {
			link += ", "
		}
		link += relation(max(0, page.Offset-page.Max), "prev") + ", " + relation(0, "first")
	}
	return link
}

// self writes the absolute address of a resource.
func (p *Paging) self(path string) string {
	return (&url.URL{Scheme: p.base.Scheme, Host: p.base.Host, Path: path}).String()
}

// listed is the answer of a list.
type listed[T any] struct {
	Link string `header:"Link"`
	Body struct {
		Items []T `json:"items"`
	}
}

// answer makes the answer of a list whose pages are found by counting: fine for some thousand rows.
func answer[N, W any](p *Paging, page customer.Page, nouns []N, more bool, wire func(N) W) *listed[W] {
	return answerLong(p, page, nouns, more, wire, func(N) customer.Cursor { return customer.Cursor{} })
}

// answerLong makes the answer of a list that may have millions of rows: place says where in it a row is.
func answerLong[N, W any](p *Paging, page customer.Page, nouns []N, more bool, wire func(N) W, place func(N) customer.Cursor) *listed[W] {
	var last customer.Cursor
	if more && len(nouns) > 0 {
		last = place(nouns[len(nouns)-1])
	}
	out := &listed[W]{Link: p.link(page, more, last)}
	out.Body.Items = make([]W, len(nouns))
	for i, n := range nouns {
		out.Body.Items[i] = wire(n)
	}
	return out
}

// InOrg is what everything that belongs to one organisation takes.
type InOrg struct {
	OrgID string `query:"orgId" doc:"Organisation; all of the partner's when it isn't given"`
}

// tenant returns whose rows are meant.
func (s *Server) tenant(ctx context.Context, in InOrg) (customer.Tenant, error) {
	org, err := fieldID[customer.OrgID]("orgId", in.OrgID)
	if err != nil {
		return customer.Tenant{}, err
	}
	return s.Customers.TenantOf(ctx, actorOf(ctx), org)
}

// named reads whose rows are meant, and the id that a path has of one of them.
func named[T ~string](ctx context.Context, s *Server, in InOrg, thing, text string) (customer.Tenant, T, error) {
	tenant, err := s.tenant(ctx, in)
	if err != nil {
		return tenant, "", err
	}
	id, err := pathID[T](thing, text)
	return tenant, id, err
}

// window reads what every list takes: the page, and whose rows are meant.
func (s *Server) window(ctx context.Context, p *Paging, in InOrg) (customer.Page, customer.Tenant, error) {
	page, err := p.page()
	if err != nil {
		return page, customer.Tenant{}, err
	}
	tenant, err := s.tenant(ctx, in)
	return page, tenant, err
}

// instant reads a moment as clients send it: milliseconds since 1970, or ISO 8601; "" is none.
func instant(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000-0700", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.InvalidField(field, "must be milliseconds since 1970 or an ISO 8601 time, such as 2026-05-01T08:00:00Z; it is %.40q", text)
}

// timestamp writes a time as the wire has it: RFC 3339, UTC, milliseconds; "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
