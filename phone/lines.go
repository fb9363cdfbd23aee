package phone

import (
	"fmt"
	"strconv"

	"dialtone/secret"
)

// The SIP transports, as everything here names them.
const (
	udp          = "udp"
	tcp          = "tcp"
	tlsTransport = "tls"
)

func newSecret(text string) secret.Text { return secret.New(text) }

// completed fills in what follows from the rest, and checks the line.
func (l Line) completed() (Line, error) {
	if l.AuthName == "" {
		l.AuthName = l.UserName
	}
	return l, l.check()
}

// parseExpires reads seconds; "" is 0, for not said.
func parseExpires(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	const longest = 7 * 24 * 3600
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > longest {
		return 0, fmt.Errorf("%q is no number of seconds from 1 to %d", text, longest)
	}
	return n, nil
}

// parsePort reads a port; "" is 0. Zero asks for SRV records in every family that has such a setting.
func parsePort(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 65535 {
		return 0, fmt.Errorf("%q is no port", text)
	}
	return n, nil
}
