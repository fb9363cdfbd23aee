package webhook_test

import (
	"encoding/base64"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/secret"
	"dialtone/webhook"
)

// The test vector of the Standard Webhooks libraries.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestThePublishedVectorIsSigned(t *testing.T) {
	t.Parallel()
	assert.Equal(t, vectorSignature, webhook.Sign(vectorID, time.Unix(vectorTime, 0), []byte(vectorBody), secret.New(vectorSecret)))
}

func TestTwoSecretsSignSideBySide(t *testing.T) {
	t.Parallel()
	other := secret.New("whsec_" + base64.StdEncoding.EncodeToString([]byte("another")))
	both := webhook.Sign(vectorID, time.Unix(vectorTime, 0), []byte(vectorBody), other, secret.New(vectorSecret))
	parts := strings.Split(both, " ")
	require.Len(t, parts, 2)
	assert.NotEqual(t, vectorSignature, parts[0])
	assert.Equal(t, vectorSignature, parts[1])
	assert.Empty(t, webhook.Sign(vectorID, time.Unix(vectorTime, 0), nil, secret.New("whsec_not base64"), secret.New("")))
}

// TestOpenSSLComputesTheSame asks a program that isn't ours.
func TestOpenSSLComputesTheSame(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("skipped: openssl isn't installed")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(vectorSecret, "whsec_"))
	require.NoError(t, err)
	body := "{\"type\":\"device.revised\",\"data\":{\"name\":\"Ünï\\u2028\"}}\n"
	cmd := exec.CommandContext(t.Context(), openssl, "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:"+hex.EncodeToString(key), "-binary")
	cmd.Stdin = strings.NewReader("msg_7_x.1700000000." + body)
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(out), webhook.Sign("msg_7_x", time.Unix(1_700_000_000, 999), []byte(body), secret.New(vectorSecret)))
}
