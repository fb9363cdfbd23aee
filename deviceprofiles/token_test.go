package deviceprofiles_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
	"dialtone/secret"
)

func TestATokenIsAFolderOfAnyPath(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("0a1B", 8)
	for path, want := range map[string]string{
		"/t-" + token + "/805ec0aabbcc.cfg":           "/805ec0aabbcc.cfg",
		"/Cisco/T-" + token + "/x/805ec0aabbcc.xml":   "/Cisco/x/805ec0aabbcc.xml",
		"//t-" + token + "//805ec0aabbcc.cfg":         "///805ec0aabbcc.cfg",
		"t-" + token + "/805ec0aabbcc.cfg":            "805ec0aabbcc.cfg",
		"/t-" + token + "/t-" + token + "/x.cfg":      "/x.cfg",
		"/t-" + strings.Repeat("a-_9", 32) + "/x.cfg": "/x.cfg",
		"/t-" + token + "/" + "t-" + token:            "/t-" + token, // a name is no folder
	} {
		rest, got := deviceprofiles.SplitToken(path)
		assert.Equal(t, want, rest)
		assert.False(t, got.IsZero(), path)
		assert.Equal(t, strings.ToLower(got.Reveal()), got.Reveal())
	}
	for _, path := range []string{"", "/", "/805ec0aabbcc.cfg", "/t-" + token[1:] + "/x.cfg", "/t-" + token, "/at-" + token + "/x.cfg", "/t-" + token + "ü/x.cfg", "/t-/x.cfg"} {
		rest, got := deviceprofiles.SplitToken(path)
		assert.Equal(t, path, rest)
		assert.True(t, got.IsZero(), path)
	}
}

func TestTokensAreMasked(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("0a1b", 10)
	for text, want := range map[string]string{
		"GET /t-" + token + "/805ec0aabbcc.cfg":    "GET /t-********/805ec0aabbcc.cfg",
		"/a/T-" + token[:12]:                       "/a/T-********",
		"t-" + token + "/x":                        "t-********/x",
		"/t%2d" + token + "/x":                     "/t%2d********/x",
		"/it-is/t-54w/805ec0aabbcc.cfg":            "/it-is/t-54w/805ec0aabbcc.cfg",
		"/t-" + strings.Repeat("1", 40) + "/x.cfg": "/t-********/x.cfg",
	} {
		assert.Equal(t, want, deviceprofiles.MaskCodes(text))
	}
	access := deviceprofiles.Access{UserName: "u", Password: secret.New("p"), Token: secret.New(token)}
	assert.Equal(t, "t-"+token, access.Folder())
	assert.Equal(t, "t-********", deviceprofiles.Settings{Access: access}.Masked().Access.Folder())
	assert.Empty(t, deviceprofiles.Access{}.Folder())
}

func FuzzSplitToken(f *testing.F) {
	f.Add("/t-0123456789abcdef0123456789abcdef/805ec0aabbcc.cfg")
	f.Add("//t-/x")
	f.Fuzz(func(t *testing.T, path string) {
		rest, token := deviceprofiles.SplitToken(path)
		again, none := deviceprofiles.SplitToken(rest)
		if again != rest || !none.IsZero() || token.IsZero() && rest != path {
			t.Fatalf("%q: %q, %q", path, rest, again)
		}
		if !token.IsZero() && strings.Contains(strings.ToLower(deviceprofiles.MaskCodes(path)), token.Reveal()) && !strings.HasSuffix(strings.ToLower(path), token.Reveal()) {
			t.Fatalf("%q shows its token", path)
		}
	})
}
