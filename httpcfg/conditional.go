package httpcfg

import "strings"

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
