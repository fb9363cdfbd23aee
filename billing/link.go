package billing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dialtone/customer"
	"dialtone/fault"
)

// linkLife is how long a link to a file holds (product rule 9). Each look at the report gives a fresh one.
const linkLife = 30 * time.Minute

// keyPair is the id of the key that links are signed with, for clients that look for one.
const keyPair = "K1"

// Link returns the path and query by which a completed report's file can be had without a token; "" for a report without a file, and without a key to sign with.
func (s *Service) Link(r Report) string {
	if r.Status != Completed || len(s.linkKey) == 0 {
		return ""
	}
	path, expires := linkPath(r.Partner, r.ID), strconv.FormatInt(s.now().Add(linkLife).Unix(), 10)
	query := url.Values{"Expires": {expires}, "Signature": {s.signLink(path, expires)}, "Key-Pair-Id": {keyPair}}
	return path + "?" + query.Encode()
}

func linkPath(partner customer.OrgID, id ReportID) string {
	return "/" + string(partner) + "/WHOLESALE/" + string(id) + ".csv"
}

func (s *Service) signLink(path, expires string) string {
	mac := hmac.New(sha256.New, s.linkKey)
	mac.Write([]byte(path + "?" + expires))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// OpenLink returns the report that a link's parts name. fault.NotFound, the same for all, for what isn't one of ours, holds no more, or is about a report that is gone.
func (s *Service) OpenLink(ctx context.Context, partner, file, expires, signature string) (Report, error) {
	unknown := fault.New(fault.NotFound, "This link doesn't hold any more. Get the report again: that gives a fresh one.")
	id, isFile := strings.CutSuffix(file, ".csv")
	want := s.signLink(linkPath(customer.OrgID(partner), ReportID(id)), expires)
	until, err := strconv.ParseInt(expires, 10, 64)
	if !isFile || len(s.linkKey) == 0 || !hmac.Equal([]byte(want), []byte(signature)) || err != nil || s.now().Unix() >= until {
		return Report{}, unknown
	}
	r, err := s.store.Report(ctx, customer.OrgID(partner), ReportID(id))
	if fault.Is(err, fault.NotFound) || err == nil && r.Status != Completed {
		return Report{}, unknown
	}
	return r, err
}

// FileOf returns how many bytes the CSV of a completed report has, and their SHA-256 in hexadecimal. fault.NotFound when the report is gone.
func (s *Service) FileOf(ctx context.Context, r Report) (size int64, sha256 string, err error) {
	p, err := s.store.Progress(ctx, r.Partner, r.ID)
	return p.Bytes, p.SHA256, orUnknown(err)
}
