package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dialtone/secret"
)

// secretPrefix begins a secret as the Standard Webhooks specification has it.
const secretPrefix = "whsec_"

// secretSize is the size of a secret's key in bytes.
const secretSize = 32

// newSecret makes a secret: whsec_ and the base64 of 32 random bytes. It fails only if random does.
func newSecret(random io.Reader) (secret.Text, error) {
	key := make([]byte, secretSize)
	if _, err := io.ReadFull(random, key); err != nil {
		return secret.Text{}, fmt.Errorf("reading random bytes: %w", err)
	}
	return secret.New(secretPrefix + base64.StdEncoding.EncodeToString(key)), nil
}

// Sign returns the webhook-signature of a message (Standard Webhooks): for each secret v1, and the base64 of the HMAC-SHA256 of id, time in seconds and
// body, with dots between; blanks between several. A secret that newSecret can't have made signs nothing.
func Sign(id string, at time.Time, body []byte, secrets ...secret.Text) string {
	signatures := make([]string, 0, len(secrets))
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), secretPrefix))
		if err != nil || len(key) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " ")
}
