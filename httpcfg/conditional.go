package httpcfg

import (
	"net/http"
	"strings"
	"time"

	"dialtone/provisioning"
)

// hasAlready reports whether a phone has what it asks for already: by the tag if it shows one, else by the time (RFC 9110 section 13.2.2).
func hasAlready(header http.Header, o provisioning.Opened) bool {
	if tags := header["If-None-Match"]; len(tags) > 0 {
		return o.ETag != "" && matchesAny(tags, o.ETag)
	}
	value := header["If-Modified-Since"]
	if len(value) != 1 || o.Modified.IsZero() {
		return false
	}
	since, err := http.ParseTime(value[0])
	return err == nil && !inSeconds(o.Modified).After(since)
}

// inSeconds is a time as precise as a header tells it.
func inSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// matchesAny reports whether an If-None-Match header names a tag, by the weak comparison of RFC 9110 section 13.1.2. Reading ends at the
// first thing that is no tag, so that a broken header costs a phone one download and no more.
func matchesAny(values []string, etag string) bool {
	for _, value := range values {
		for rest := value; ; {
			rest = strings.TrimLeft(rest, " \t,")
			if strings.TrimRight(rest, " \t") == "*" {
				return true
			}
			rest = strings.TrimPrefix(rest, "W/")
			if !strings.HasPrefix(rest, `"`) {
				break
			}
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				break
			}
			if rest[:end+2] == etag {
				return true
			}
			rest = rest[end+2:]
		}
	}
	return false
}
