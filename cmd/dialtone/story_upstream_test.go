package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// kamailioUpstream is a partner's registrar: it asks for the lines' password, keeps contacts with their Path, and routes calls by them. It logs what it takes.
const kamailioUpstream = `
debug=0
log_stderror=yes
children=2
tcp_children=2
tcp_connection_lifetime=600
auto_aliases=no
%[3]s
listen=udp:%[1]s
listen=tcp:%[1]s
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "use_path", 1)
modparam("registrar", "max_expires", 600)
modparam("auth", "secret", "of-the-story")
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (method == "OPTIONS" && !has_totag()) { sl_send_reply("200", "OK"); exit; }
	if (method == "REGISTER") {
		xlog("L_ALERT", "asked $tu over $proto by $ua\n");
		if (!pv_www_authenticate("$td", "%[2]s", "0")) { www_challenge("$td", "0"); exit; }
		xlog("L_ALERT", "took $tu contact $ct expires $hdr(Expires) path $hdr(Path)\n");
		append_to_reply("Service-Route: <sip:%[1]s;lr>\r\n");
		save("location");
		exit;
	}
	if (method == "CANCEL") { if (t_check_trans()) t_relay(); exit; }
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (method == "ACK") { if (t_check_trans()) t_relay(); exit; }
		sl_send_reply("404", "Not Here");
		exit;
	}
	record_route();
	xlog("L_ALERT", "called $ru by $fu over $proto\n");
	if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
	t_relay();
}
`

// kamailioTLS adds TLS, with a certificate of the story's own.
const kamailioTLS = `
enable_tls=yes
listen=tls:%[1]s
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "%[2]s")
modparam("tls", "certificate", "%[3]s")
`

// upstreamCertificate makes a certificate for the registrar's address, which kamailio then shows over TLS at $UPSTREAM_TLS, and sets $UPSTREAM_CA to it as JSON
// has it.
func upstreamCertificate(ts *testscript.TestScript, _ bool, _ []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "upstream"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	ts.Check(os.WriteFile(ts.MkAbs("upstream.pem"), certificate, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("upstream.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	ts.Setenv("UPSTREAM_CA", strings.ReplaceAll(string(certificate), "\n", `\n`))
}

// kamailio PASSWORD: starts a registrar at $UPSTREAM, which it picks the first time with $PHONE_PORT, and waits until it answers; its log is kamailio.log, which goes on after a
// restart. With ! it is ended.
func kamailio(ts *testscript.TestScript, neg bool, args []string) {
	s := storyOf(ts)
	if neg {
		ts.Check(s.upstream.Process.Signal(syscall.SIGTERM))
		_ = s.upstream.Wait()
		s.upstream = nil
		return
	}
	if len(args) != 1 {
		ts.Fatalf("usage: kamailio PASSWORD, or ! kamailio")
	}
	at := ts.Getenv("UPSTREAM")
	if at == "" {
		at = freeAddress(ts)
		ts.Setenv("UPSTREAM", at)
		ts.Setenv("UPSTREAM_TLS", freeAddress(ts))
		_, port, _ := net.SplitHostPort(freeAddress(ts))
		ts.Setenv("PHONE_PORT", port)
	}
	secure := ""
	if _, err := os.Stat(ts.MkAbs("upstream.key")); err == nil {
		secure = fmt.Sprintf(kamailioTLS, ts.Getenv("UPSTREAM_TLS"), ts.MkAbs("upstream.key"), ts.MkAbs("upstream.pem"))
	}
	file := ts.MkAbs("kamailio.cfg")
	ts.Check(os.WriteFile(file, fmt.Appendf(nil, kamailioUpstream, at, args[0], secure), 0o600))
	log, err := os.OpenFile(ts.MkAbs("kamailio.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	cmd := exec.Command("kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", filepath.Dir(file), "-f", file)
	cmd.Stderr = log
	ts.Check(cmd.Start())
	s.upstream = cmd
	ts.Defer(func() {
		if s.upstream == cmd {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	})
	waitForOptions(ts, at)
}

// freeAddress is one that nobody listens on now, over UDP.
func freeAddress(ts *testscript.TestScript) string {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	ts.Check(err)
	defer socket.Close()
	return socket.LocalAddr().String()
}

// waitForOptions waits until OPTIONS is answered.
func waitForOptions(ts *testscript.TestScript, at string) {
	conn, err := net.Dial("udp", at)
	ts.Check(err)
	defer conn.Close()
	buffer := make([]byte, 2048)
	questions := time.NewTicker(100 * time.Millisecond)
	defer questions.Stop()
	for i := range 200 {
		<-questions.C
		fmt.Fprintf(conn, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nFrom: <sip:story@%s>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n",
			at, conn.LocalAddr(), i, at, at, i)
		ts.Check(conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)))
		if n, err := conn.Read(buffer); err == nil && strings.HasPrefix(string(buffer[:n]), "SIP/2.0 200") {
			return
		}
	}
	log, _ := os.ReadFile(ts.MkAbs("kamailio.log"))
	ts.Fatalf("the upstream doesn't answer on %s:\n%s", at, log)
}
