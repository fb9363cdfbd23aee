package sip_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/sip"
)

func TestACertificateOfThePhoneIsNotedAndNeverNeeded(t *testing.T) {
	t.Parallel()
	phone := certificate(t).Certificates
	mac := deviceprofiles.MAC{0x80, 0x5e, 0xc0, 0xaa, 0xbb, 0xcc}
	for name, tc := range map[string]struct {
		certificates []tls.Certificate
		want         deviceprofiles.MAC
	}{
		"shown":     {phone, mac},
		"not shown": {nil, deviceprofiles.MAC{}},
	} {
		core := newFixedCore()
		server := newServer(t, core, func(c *sip.Config) {
			c.TLS = certificate(t)
			c.Certified = func(chain []*x509.Certificate) deviceprofiles.MAC {
				assert.Equal(t, phone[0].Certificate[0], chain[0].Raw)
				return mac
			}
		})
		addresses := run(t, server, sip.Listen{TLS: "127.0.0.1:0"})
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, Certificates: tc.certificates}}
		conn, err := dialer.DialContext(t.Context(), "tcp", addresses.TLS.String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		nonce := noncePattern.FindStringSubmatch(exchange(t, conn, register{}.text("")))[1]
		require.Contains(t, exchange(t, conn, register{}.text(nonce)), "SIP/2.0 200 OK", name)
		assert.Equal(t, tc.want, core.last(t).Certified, name)
	}
}
