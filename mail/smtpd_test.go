package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dialtone/mail"
	"dialtone/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// realServer is python3-aiosmtpd, an SMTP implementation that isn't this library, in a process of its own.
type realServer struct {
	port   int
	folder string // a file for each mail, see testdata/smtpd.py
	roots  *x509.CertPool
}

// startServer starts a real server in a mode, or skips the test where it isn't installed.
func startServer(t *testing.T, mode mail.TLSMode) realServer {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's own, which sees Debian's packages
	if err := exec.CommandContext(t.Context(), python, "-c", "import aiosmtpd").Run(); err != nil {
		missing(t, "aiosmtpd", "python3-aiosmtpd")
	}
	s := realServer{folder: t.TempDir()}
	name := map[mail.TLSMode]string{mail.NoTLS: "plain", mail.STARTTLS: "starttls", mail.ImplicitTLS: "tls"}[mode]
	arguments := []string{"testdata/smtpd.py", name, s.folder}
	if mode != mail.NoTLS {
		var certificate, key string
		s.roots, certificate, key = selfSigned(t)
		arguments = append(arguments, certificate, key)
	}
	command := exec.Command(python, arguments...)
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	command.Stderr = t.Output()
	require.NoError(t, command.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	t.Cleanup(func() {
		_ = input.Close() // which ends it
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	require.NoError(t, err)
	s.port, err = strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	return s
}

// selfSigned makes a certificate for 127.0.0.1, its key, and who trusts it.
func selfSigned(t *testing.T) (roots *x509.CertPool, certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	folder := t.TempDir()
	certificateFile, keyFile = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certificateFile, certificate, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate))
	return roots, certificateFile, keyFile
}

// config is how to reach the server in a mode.
func (s realServer) config(mode mail.TLSMode) mail.Config {
	c := mail.Config{Host: "127.0.0.1", Port: s.port, TLS: mode, From: "noreply@dialtone.example", RootCAs: s.roots, Now: noon}
	if mode != mail.NoTLS {
		c.Username, c.Password = "dialtone", secret.New("right & proper")
	}
	return c
}

// delivered are the files of the mails that the server took over: the envelope, and the mail.
func (s realServer) delivered(t *testing.T) (envelopes, mails []string) {
	t.Helper()
	for n := 1; ; n++ {
		content, err := os.ReadFile(filepath.Join(s.folder, strconv.Itoa(n)+".eml"))
		if os.IsNotExist(err) {
			return envelopes, mails
		}
		require.NoError(t, err)
		envelope, text, _ := strings.Cut(string(content), "\n")
		envelopes, mails = append(envelopes, envelope), append(mails, text)
	}
}

// received is a mail as a reader's program takes it apart, with nothing but the standard library.
type received struct {
	header           netmail.Header
	subject          string
	from, to         *netmail.Address
	text, html       string
	types, encodings []string
}

func read(t *testing.T, raw string) received {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(raw))
	require.NoError(t, err)
	r := received{header: message.Header}
	r.subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	require.NoError(t, err)
	r.from, err = netmail.ParseAddress(message.Header.Get("From"))
	require.NoError(t, err)
	r.to, err = netmail.ParseAddress(message.Header.Get("To"))
	require.NoError(t, err)
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	var bodies []string
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		r.types = append(r.types, part.Header.Get("Content-Type"))
		r.encodings = append(r.encodings, part.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		bodies = append(bodies, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	require.Len(t, bodies, 2)
	r.text, r.html = bodies[0], bodies[1]
	return r
}

// missing skips a test whose tool isn't installed. On CI that is a failure: a check that never runs is none.
func missing(t *testing.T, tool, debian string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s isn't installed: apt-get install %s", tool, debian)
	}
	t.Skipf("%s isn't installed: apt-get install %s runs this test", tool, debian)
}

// noon is a clock that stands still, in a zone that isn't UTC.
func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.FixedZone("", 3600)) }

// The three ways of connecting, against a server that isn't ours; what arrives is what was rendered.
func TestMailsArrive(t *testing.T) {
	t.Parallel()
	for _, mode := range []mail.TLSMode{mail.NoTLS, mail.STARTTLS, mail.ImplicitTLS} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			server := startServer(t, mode)
			sender, err := mail.New(server.config(mode))
			require.NoError(t, err)
			m := arabic(mail.ConsentMove)
			require.NoError(t, sender.Send(t.Context(), m))
			require.NoError(t, sender.Send(t.Context(), english(mail.Welcome)))

			envelopes, mails := server.delivered(t)
			require.Len(t, mails, 2)
			assert.Equal(t, "noreply@dialtone.example -> layla@example.com as [127.0.0.1]", envelopes[0])
			got := read(t, mails[0])
			rendered, err := mail.Render(m)
			require.NoError(t, err)
			assert.Equal(t, "ترغب شركة النور في إدارة حسابك", got.subject)
			assert.Equal(t, rendered.Subject, got.subject)
			assert.Equal(t, rendered.Text, got.text)
			assert.Equal(t, rendered.HTML, got.html)
			assert.Equal(t, netmail.Address{Name: "Füller & Söhne", Address: "noreply@dialtone.example"}, *got.from)
			assert.Equal(t, netmail.Address{Name: "ليلى", Address: "layla@example.com"}, *got.to)
			assert.Equal(t, []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"}, got.types)
			assert.Equal(t, []string{"quoted-printable", "quoted-printable"}, got.encodings)
			for name, want := range map[string]string{
				"Message-Id": "<job-7.consent_move@dialtone.example>", "Date": "Sat, 14 Mar 2026 12:00:00 +0100",
				"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply",
				"Content-Language": "ar-SA", "Mime-Version": "1.0", "User-Agent": "", "X-Mailer": "",
			} {
				assert.Equal(t, want, got.header.Get(name), name)
			}
		})
	}
}
