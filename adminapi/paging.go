package adminapi

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

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
			return page, fault.InvalidField("max", "must be a whole number from 1")
		}
		page.Max = min(n, mostMax)
	}
	offset := p.Offset
	if offset == "" {
		offset = p.Start
	}
	if offset != "" {
		n, err := strconv.Atoi(offset)
		if err != nil || n < 0 {
			return page, fault.InvalidField("offset", "must be a whole number from 0")
		}
		page.Offset = n
	}
	return page, nil
}

// link writes the Link header (RFC 8288): the next page if there is one, the one before and the first if there was one. Every filter stays in.
func (p *Paging) link(page customer.Page, more bool) string {
	relation := func(offset int, name string) string {
		query := p.base.Query()
		word := "offset"
		if query.Has("start") {
			word = "start"
		}
		query.Set(word, strconv.Itoa(offset))
		query.Set("max", strconv.Itoa(page.Max))
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

// answer makes the answer of a list.
func answer[N, W any](p *Paging, page customer.Page, nouns []N, more bool, wire func(N) W) *listed[W] {
	out := &listed[W]{Link: p.link(page, more)}
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
	return time.Time{}, fault.InvalidField(field, "must be milliseconds since 1970 or an ISO 8601 time, such as 2026-05-01T08:00:00Z")
}

// timestamp writes a time as the wire has it: RFC 3339, UTC, milliseconds; "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
