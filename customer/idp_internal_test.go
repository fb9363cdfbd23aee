package customer

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzEndpoint holds what is taken as an endpoint to what may be asked safely.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{
		"https://login.example.com/token", "HTTPS://a", "https://u:p@a/", "https://[::1]:443/x?y=z", "https://a\\@b", "https://a/#", "https:///x", "//a", "https://é", " https://a ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p problems
		got := p.endpoint("tokenEndpoint", text)
		if len(p.list) > 0 || got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(got) > 2048 || strings.ContainsAny(got, " \r\n\x00") {
			t.Fatalf("%q was taken", text)
		}
	})
}
