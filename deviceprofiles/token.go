package deviceprofiles

import (
	"regexp"
	"strings"

	"dialtone/secret"
)

// Tokens in paths: families that know no HTTP authentication are told URLs with a folder t-TOKEN, as in https://HOST/t-TOKEN/805ec0aabbcc.cfg. The folder is
// a secret, and no part of a file's name.

// tokenPrefix begins the folder that holds a token.
const tokenPrefix = "t-"

var (
	// tokenFolder is a folder with a token of at least 128 bits in hexadecimal, or 192 in base64url.
	tokenFolder = regexp.MustCompile(`^[tT]-([A-Za-z0-9_-]{32,128})$`)
	// tokenLike is what may be such a folder, or one that was cut off or misspelt.
	tokenLike = regexp.MustCompile(`(^|[/\\ "])([tT](?:-|%2[dD]))[A-Za-z0-9_%=.-]{8,}`)
)

// SplitToken takes the token out of a path: what is left is the path without that folder, and the whole path when there is none. Of several the first is the
// token, and all are taken out. The token is in lower case, as some phones write their URLs so.
func SplitToken(path string) (rest string, token secret.Text) {
	folders := strings.Split(path, "/")
	kept := folders[:0:0]
	for i, folder := range folders {
		found := tokenFolder.FindStringSubmatch(folder)
		if found == nil || i == len(folders)-1 {
			kept = append(kept, folder)
			continue
		}
		if token.IsZero() {
			token = secret.New(strings.ToLower(found[1]))
		}
	}
	return strings.Join(kept, "/"), token
}

// maskTokens replaces whatever in a path, or in a sentence about one, may be a token by secret.Mask.
func maskTokens(text string) string { return tokenLike.ReplaceAllString(text, "${1}${2}"+secret.Mask) }

// Folder returns the folder of a URL that shows the token, without slashes; "" without a token.
func (a Access) Folder() string {
	if a.Token.IsZero() {
		return ""
	}
	return tokenPrefix + a.Token.Reveal()
}
