package filecrypt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/fault"
	"dialtone/filecrypt"
	"dialtone/secret"
)

var (
	passphrase = secret.New("Kee9 $Passphrase/ä")
	profile    = []byte("<flat-profile><Display_Name_1_ ua=\"na\">Ada</Display_Name_1_></flat-profile>\n")
)

// Phones compare digests: these bytes may not change, or a whole fleet takes its files for new ones.
func TestTheSameContentGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	file, err := filecrypt.OpenSSL([]byte("four"), passphrase, filecrypt.MD5, false)
	require.NoError(t, err)
	assert.Equal(t, "53616c7465645f5f1fceaae908b30b2aed52b82059b0dda641dd7fc0c7984ac5", hex.EncodeToString(file))
	file, err = filecrypt.OpenSSL([]byte("four"), passphrase, filecrypt.SHA256, false)
	require.NoError(t, err)
	assert.Equal(t, "53616c7465645f5f1fceaae908b30b2acebf18533cc89bc317ec39636f1c1396", hex.EncodeToString(file))
	file, err = filecrypt.AES128GCM([]byte("four"), passphrase, "k1")
	require.NoError(t, err)
	assert.Equal(t, "aca19291c88c07202ff4fa03f88b960500001000026b3123206f3ed65dc741c9cf76e598d99a9e48cab804a8", hex.EncodeToString(file))
}

func TestSaltsDifferByContentSecretAndFormat(t *testing.T) {
	t.Parallel()
	salts := map[string]bool{}
	for _, content := range []string{"", "a", "b"} {
		for _, key := range []secret.Text{passphrase, secret.New("another")} {
			file, err := filecrypt.OpenSSL([]byte(content), key, filecrypt.MD5, false)
			require.NoError(t, err)
			salts[string(file[8:16])] = true
			file, err = filecrypt.AES128GCM([]byte(content), key, "")
			require.NoError(t, err)
			salts[string(file[:8])] = true
		}
	}
	assert.Len(t, salts, 12)
}

func TestOpensslReadsOurFiles(t *testing.T) {
	t.Parallel()
	program := requireOpenssl(t)
	for _, hash := range []filecrypt.Hash{filecrypt.MD5, filecrypt.SHA256} {
		for _, size := range []int{0, 1, 15, 16, 17, 5000} {
			plain := bytes.Repeat([]byte("x"), size)
			file, err := filecrypt.OpenSSL(plain, passphrase, hash, false)
			require.NoError(t, err)
			assert.Equal(t, plain, run(t, file, program, "enc", "-d", "-aes-256-cbc", "-md", string(hash), "-k", passphrase.Reveal()), "%s, %d bytes", hash, size)
		}
	}
}

func TestOpensslAndGunzipReadOurFiles(t *testing.T) {
	t.Parallel()
	program := requireOpenssl(t)
	file, err := filecrypt.OpenSSL(profile, passphrase, filecrypt.SHA256, true)
	require.NoError(t, err)
	compressed := run(t, file, program, "enc", "-d", "-aes-256-cbc", "-md", "sha256", "-k", passphrase.Reveal())
	gunzip, err := exec.LookPath("gunzip")
	if err != nil {
		t.Skip("gunzip isn't installed (Debian package gzip)")
	}
	assert.Equal(t, profile, run(t, compressed, gunzip, "-c"))
}

func TestWeReadOpensslsFiles(t *testing.T) {
	t.Parallel()
	program := requireOpenssl(t)
	for _, hash := range []filecrypt.Hash{filecrypt.MD5, filecrypt.SHA256} {
		file := run(t, profile, program, "enc", "-e", "-aes-256-cbc", "-md", string(hash), "-k", passphrase.Reveal())
		plain, err := filecrypt.OpenOpenSSL(file, passphrase, hash)
		require.NoError(t, err)
		assert.Equal(t, profile, plain)
	}
}

// The examples of RFC 8188 section 3. The second has two records, and padding in the first.
func TestTheStandardsExamplesOpen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ ikm, body, keyID string }{
		"one record":  {"yqdlZ-tYemfogSmv7Ws5PQ", "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg", ""},
		"two records": {"BO3ZVPxUlnLORbVGMpbT1Q", "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA", "a1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ikm := secret.New(string(fromBase64(t, tt.ikm)))
			plain, keyID, err := filecrypt.OpenAES128GCM(fromBase64(t, tt.body), ikm)
			require.NoError(t, err)
			assert.Equal(t, "I am the walrus", string(plain))
			assert.Equal(t, tt.keyID, keyID)
		})
	}
}

// Records hold 4079 bytes: at the edge the last one is full, and no empty one follows.
func TestRecordsAtTheirEdge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, want int }{{0, 38}, {4079, 4117}, {4080, 4135}, {8158, 8213}} {
		body, err := filecrypt.AES128GCM(make([]byte, tt.size), passphrase, "")
		require.NoError(t, err)
		assert.Len(t, body, tt.want, "%d bytes", tt.size)
	}
}

func TestOpeningIsTheReverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := []byte(rapid.StringN(0, 3000, 9000).Draw(t, "plain"))
		key := secret.New(rapid.StringN(1, 40, 80).Draw(t, "key"))
		hash := rapid.SampledFrom([]filecrypt.Hash{filecrypt.MD5, filecrypt.SHA256}).Draw(t, "hash")
		file, err := filecrypt.OpenSSL(plain, key, hash, rapid.Bool().Draw(t, "compress"))
		require.NoError(t, err)
		opened, err := filecrypt.OpenOpenSSL(file, key, hash)
		require.NoError(t, err)
		require.Equal(t, string(plain), string(opened))

		want := rapid.StringN(0, 20, 80).Draw(t, "key id")
		file, err = filecrypt.AES128GCM(plain, key, want)
		require.NoError(t, err)
		opened, keyID, err := filecrypt.OpenAES128GCM(file, key)
		require.NoError(t, err)
		require.Equal(t, string(plain), string(opened))
		require.Equal(t, want, keyID)
	})
}

// With RFC 8188 every changed bit but those of the key id is noticed, and so is an end that is missing.
func TestAChangedOrCutBodyIsRefused(t *testing.T) {
	t.Parallel()
	body, err := filecrypt.AES128GCM(bytes.Repeat([]byte("a"), 9000), passphrase, "")
	require.NoError(t, err)
	for _, end := range []int{0, 20, 21, 21 + 4096, 21 + 2*4096, len(body) - 1} {
		_, _, err := filecrypt.OpenAES128GCM(body[:end], passphrase)
		assert.True(t, fault.Is(err, fault.Invalid), "cut at %d: %v", end, err)
	}
	for _, at := range []int{0, 15, 19, 21, 4117, len(body) - 1} {
		changed := bytes.Clone(body)
		changed[at] ^= 1
		_, _, err := filecrypt.OpenAES128GCM(changed, passphrase)
		assert.True(t, fault.Is(err, fault.Invalid), "changed at %d: %v", at, err)
	}
	_, _, err = filecrypt.OpenAES128GCM(body, secret.New("another"))
	assert.True(t, fault.Is(err, fault.Invalid), "%v", err)
}

func TestWhatCannotBeEncrypted(t *testing.T) {
	t.Parallel()
	_, err := filecrypt.OpenSSL(profile, secret.Text{}, filecrypt.MD5, false)
	assert.EqualError(t, err, "There is no secret to encrypt the file with. Give the device one first.")
	_, err = filecrypt.AES128GCM(profile, secret.Text{}, "")
	assert.True(t, fault.Is(err, fault.Invalid))
	_, err = filecrypt.OpenSSL(profile, passphrase, "sha1", false)
	assert.EqualError(t, err, "hash: must be md5 or sha256, as the phone's firmware expects it")
	_, err = filecrypt.AES128GCM(profile, passphrase, strings.Repeat("k", 256))
	assert.EqualError(t, err, "keyId: must have at most 255 bytes")
}

func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	bomb, err := filecrypt.OpenSSL(make([]byte, 16<<20+1), passphrase, filecrypt.MD5, true)
	require.NoError(t, err)
	notPacked, err := filecrypt.OpenSSL([]byte("\x1f\x8bno gzip at all"), passphrase, filecrypt.MD5, false)
	require.NoError(t, err)
	for name, file := range map[string][]byte{
		"nothing":             nil,
		"a plain file":        profile,
		"a header alone":      []byte("Salted__12345678"),
		"half a block":        []byte("Salted__1234567812345678"),
		"other padding":       []byte("Salted__123456781234567812345678"),
		"unpacks to too much": bomb,
		"gzip that isn't":     notPacked,
		"another's header":    append([]byte("salted__"), notPacked[8:]...),
	} {
		_, err := filecrypt.OpenOpenSSL(file, passphrase, filecrypt.MD5)
		assert.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
	}
}

func FuzzOpenOpenSSL(f *testing.F) {
	for _, compress := range []bool{false, true} {
		file, err := filecrypt.OpenSSL(profile, passphrase, filecrypt.SHA256, compress)
		require.NoError(f, err)
		f.Add(file)
	}
	f.Add([]byte("Salted__1234567812345678"))
	f.Fuzz(func(t *testing.T, file []byte) {
		plain, err := filecrypt.OpenOpenSSL(file, passphrase, filecrypt.SHA256)
		if err != nil && (plain != nil || !fault.Is(err, fault.Invalid)) {
			t.Fatalf("%x gave %x and %v", file, plain, err)
		}
	})
}

func FuzzOpenAES128GCM(f *testing.F) {
	file, err := filecrypt.AES128GCM(profile, passphrase, "k1")
	require.NoError(f, err)
	f.Add(file)
	f.Add(make([]byte, 21))
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, _, err := filecrypt.OpenAES128GCM(body, passphrase)
		if err != nil && (plain != nil || !fault.Is(err, fault.Invalid)) {
			t.Fatalf("%x gave %x and %v", body, plain, err)
		}
	})
}

func requireOpenssl(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("openssl isn't installed (Debian package openssl)")
	}
	return program
}

// run gives a program our bytes as a file and returns what it prints.
func run(t *testing.T, input []byte, program string, args ...string) []byte {
	t.Helper()
	file, err := os.Open(writeFile(t, input))
	require.NoError(t, err)
	defer file.Close()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, &out, &problems
	require.NoError(t, cmd.Run(), "%s", &problems)
	if out.Len() == 0 {
		return []byte{}
	}
	return out.Bytes()
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	return name
}

func fromBase64(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return out
}
