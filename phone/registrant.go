package phone

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"dialtone/fault"
	"dialtone/secret"
)

// RegistrantConfig is where a Registrant registers.
type RegistrantConfig struct {
	Server  netip.AddrPort // the registrar's UDP address
	Timeout time.Duration  // for one registration; 0: 5 seconds
	Expires int            // seconds to ask for; 0: 3600
	Random  io.Reader      // nil: crypto/rand
}

// Registrant registers many lines over one UDP socket, to put load on a registrar. It is safe for concurrent use: as many registrations are
// under way as callers wait in Register. What a registrar answers is read only as far as load needs it; use Register to check one.
type Registrant struct {
	config RegistrantConfig
	conn   *net.UDPConn
	local  netip.AddrPort
	done   chan struct{}

	mu      sync.Mutex
	waiting map[string]chan reply // by branch; one for each caller
}

// reply is what a Registrant reads of an answer.
type reply struct {
	status     int
	challenges []string
}

// NewRegistrant opens the socket. Close it when no caller is left in Register. fault.Invalid when there is no server, fault.Unavailable when no
// socket can be opened.
func NewRegistrant(c RegistrantConfig) (*Registrant, error) {
	if !c.Server.IsValid() {
		return nil, fault.InvalidField("server", "must be an address with a port")
	}
	s := newSurroundings(c.Timeout, nil, c.Random, nil)
	c.Timeout, c.Random = s.timeout, s.random
	if c.Random != rand.Reader {
		c.Random = &sharedReader{reader: c.Random}
	}
	if c.Expires <= 0 {
		c.Expires = defaultExpires
	}
	conn, err := net.DialUDP(udp, nil, net.UDPAddrFromAddrPort(c.Server))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "No socket can be opened towards %s.", c.Server)
	}
	const buffer = 4 << 20 // bytes: a burst of answers to thousands of lines; getting less is slower, nothing worse
	_ = conn.SetReadBuffer(buffer)
	_ = conn.SetWriteBuffer(buffer)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort() // what DialUDP opened
	r := &Registrant{config: c, conn: conn, local: unmapped(local), done: make(chan struct{}), waiting: make(map[string]chan reply)}
	go r.read()
	return r, nil
}

// sharedReader lets callers at the same time read from a source that takes one.
type sharedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (s *sharedReader) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader.Read(p)
}

// Close closes the socket and waits for its reader.
func (r *Registrant) Close() error {
	err := r.conn.Close()
	<-r.done
	return err
}

// Register registers one line, with digest: user is the user part of its address of record and its digest user name. The error says which line
// and why.
func (r *Registrant) Register(ctx context.Context, user, domain string, password secret.Text) error {
	line, err := Line{Port: 1, UserName: user, Domain: domain, Password: password}.completed()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	id, err := randomHex(r.config.Random, 16)
	if err != nil {
		return err
	}
	request := register{
		user: user, domain: domain, transport: udp, local: r.local, tag: id[:8], callID: id, cseq: 1, expires: r.config.Expires,
		contact: "sip:" + escapeUser(user) + "@" + r.local.String(), product: "Dialtone-Phone",
	}
	if err := r.converse(ctx, request, line); err != nil {
		return fmt.Errorf("%s: %w", aor(user, domain), err)
	}
	return nil
}

// converse sends a REGISTER and answers the challenge.
func (r *Registrant) converse(ctx context.Context, request register, line Line) error {
	for {
		branch, err := randomHex(r.config.Random, 8)
		if err != nil {
			return err
		}
		request.branch = "z9hG4bK" + branch
		got, err := r.exchange(ctx, request)
		switch {
		case err != nil:
			return errors.New(inWords(err))
		case got.status >= 200 && got.status < 300:
			return nil
		case got.status != 401 || request.authorization != "":
			return fmt.Errorf("the registrar answers %d", got.status)
		}
		request.authorization, _, err = answerDigest(r.config.Random, got.challenges, digest.Options{
			Method: "REGISTER", URI: request.requestURI(), Username: line.AuthName, Password: line.Password.Reveal(),
		})
		if err != nil {
			return err
		}
		request.cseq++
	}
}

// exchange sends a request, again and again as UDP asks for, until its final answer is there or the context ends.
func (r *Registrant) exchange(ctx context.Context, request register) (reply, error) {
	answer := make(chan reply, 1)
	r.mu.Lock()
	r.waiting[request.branch] = answer
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.waiting, request.branch)
		r.mu.Unlock()
	}()
	raw := request.bytes()
	for wait := timerT1; ; wait = min(2*wait, timerT2) {
		if _, err := r.conn.Write(raw); err != nil && errors.Is(err, net.ErrClosed) { // any other is a lost packet
			return reply{}, err
		}
		again := time.NewTimer(wait)
		select {
		case got := <-answer:
			again.Stop()
			return got, nil
		case <-ctx.Done():
			again.Stop()
			return reply{}, ctx.Err()
		case <-again.C:
		}
	}
}

// read hands answers to those who wait for them, until the socket is closed. What nobody waits for is dropped.
func (r *Registrant) read() {
	defer close(r.done)
	buffer := make([]byte, largestMessage)
	for {
		n, err := r.conn.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a refused packet (ICMP): the registrar may be there for the next
		}
		branch, got, ok := parseReply(buffer[:n])
		if !ok || got.status < 200 {
			continue
		}
		r.mu.Lock()
		if to := r.waiting[branch]; to != nil {
			select {
			case to <- got:
			default: // a second answer to the same request
			}
		}
		r.mu.Unlock()
	}
}

// parseReply reads the status, the branch of the topmost Via and the challenges of an answer.
func parseReply(message []byte) (branch string, got reply, ok bool) {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	first, rest, _ := strings.Cut(string(head), "\r\n")
	version, status, _ := strings.Cut(first, " ")
	if version != "SIP/2.0" || len(status) < 3 {
		return "", reply{}, false
	}
	code, err := strconv.Atoi(status[:3])
	if err != nil {
		return "", reply{}, false
	}
	got.status = code
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "v":
			if branch == "" {
				_, after, _ := strings.Cut(value, "branch=")
				branch, _, _ = strings.Cut(after, ";")
				branch = strings.TrimSpace(branch)
			}
		case "www-authenticate":
			got.challenges = append(got.challenges, value)
		}
	}
	return branch, got, branch != ""
}
