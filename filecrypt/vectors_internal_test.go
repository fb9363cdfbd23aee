package filecrypt

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/secret"
)

// walrus is the first example of RFC 8188 section 3, piece by piece: the salt is given there, so that this needs the inside.
func TestOneRecordAsTheStandardWritesIt(t *testing.T) {
	t.Parallel()
	ikm := secret.New(string(raw(t, "yqdlZ-tYemfogSmv7Ws5PQ")))
	body, err := sealRecords([]byte("I am the walrus"), ikm, "", raw(t, "I1BsxtFttlv3u_Oo94xnmw"), 4096)
	require.NoError(t, err)
	assert.Equal(t, "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg", base64.RawURLEncoding.EncodeToString(body))
}

func raw(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return out
}
