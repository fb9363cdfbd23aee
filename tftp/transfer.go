package tftp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// firstRetries is how often the first packet is sent again. Until it is acknowledged the peer may be somebody else, in whose name a stranger
// asked: so a forged request is worth two packets, of 516 bytes at most. A phone that lost both repeats its request.
const firstRetries = 1

// maxLoggedPath keeps a log line readable whatever was asked for.
const maxLoggedPath = 160

var (
	errSilence = errors.New("no acknowledgement came")
	errStopped = errors.New("the peer ended the transfer")
)

// serve answers one request and logs it.
func (s *Server) serve(ctx context.Context, from source, request readRequest, p *place) {
	started := s.config.Now()
	sent, err := s.answer(ctx, from, request, p)
	level := slog.LevelDebug
	if isOurs(err) {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.Uint64("request", s.requests.Add(1)), slog.String("peer", from.peer.String()), slog.String("path", printable(deviceprofiles.MaskCodes(request.path))),
		slog.Int("bytes", sent), slog.Duration("took", s.config.Now().Sub(started)),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	s.config.Logger.LogAttrs(ctx, level, "phone asked over tftp", attrs...)
}

// coreError is what the core said, as opposed to how a transfer went.
type coreError struct{ error }

func (e coreError) Unwrap() error { return e.error }

// isOurs reports whether an error is our own failure.
func isOurs(err error) bool {
	if _, ok := errors.AsType[coreError](err); !ok {
		return false
	}
	kind := fault.KindOf(err)
	return kind == fault.Internal || kind == fault.Unavailable
}

// answer asks the core and sends the file or the refusal. It returns how many bytes of the file were acknowledged.
func (s *Server) answer(ctx context.Context, from source, request readRequest, p *place) (int, error) {
	opened, err := s.open(ctx, from, request)
	refused, silent := refusalOf(err)
	if silent {
		return 0, coreError{err}
	}
	conn, dialErr := dial(ctx, from)
	if dialErr != nil {
		return 0, dialErr
	}
	defer func() { _ = conn.Close() }()
	if err != nil {
		_, _ = conn.Write(refused.packet())
		return 0, coreError{err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	t := s.newTransfer(conn, request, opened.Body)
	t.heard = func() { s.places.heard(p) }
	err = t.run()
	return t.acknowledged, err
}

// open asks the core, within the time that a phone waits, and makes an error of a panic.
func (s *Server) open(ctx context.Context, from source, request readRequest) (opened provisioning.Opened, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.config.Logger.ErrorContext(ctx, "a request made the server panic", "panic", p, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "panic")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return s.config.Core.Open(ctx, provisioning.Request{Path: request.path, Peer: from.peer, Transport: provisioning.TFTP})
}

// refusalOf translates a fault. Whatever is our own failure is silence, never "not found": the phone asks again.
func refusalOf(err error) (r refusal, silent bool) {
	if err == nil {
		return 0, false
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return badRequest, false
	case fault.NotFound:
		return notFound, false
	case fault.Denied:
		return denied, false
	default:
		return 0, true
	}
}

// transfer sends one file to one peer.
type transfer struct {
	conn         *net.UDPConn
	body         []byte
	blockSize    int
	options      []byte        // the OACK packet; nil when no options hold
	timeout      time.Duration // the first wait
	constant     bool          // the peer chose the timeout: it doesn't grow
	retries      int           // of each packet but the first
	heard        func()        // is called at the first acknowledgement
	started      bool          // the peer has acknowledged something
	acknowledged int           // bytes of body
	buffer       []byte        // for what the peer sends
}

// newTransfer settles what peer and server agree on.
func (s *Server) newTransfer(conn *net.UDPConn, request readRequest, body []byte) *transfer {
	t := &transfer{
		conn: conn, body: body, blockSize: defaultBlockSize, timeout: s.config.Timeout, retries: s.config.Retries,
		buffer: make([]byte, defaultBlockSize),
	}
	if request.netascii {
		t.body = netascii(body)
	}
	agreed := request.options
	agreed.blockSize = min(agreed.blockSize, s.config.MaxBlockSize)
	if agreed.blockSize > 0 {
		t.blockSize = agreed.blockSize
	}
	if agreed.timeout > 0 {
		t.timeout, t.constant = agreed.timeout, true
	}
	t.options = agreed.acknowledge(len(t.body))
	return t
}

// run sends everything. Block numbers go on from 65535 to 0, which is how clients read files of more than 32 MB.
func (t *transfer) run() error {
	if t.options != nil {
		if err := t.deliver(t.options, 0); err != nil {
			return err
		}
	}
	packet := make([]byte, 0, 4+t.blockSize)
	for block, rest := uint16(1), t.body; ; block++ {
		size := min(len(rest), t.blockSize)
		packet = binary.BigEndian.AppendUint16(packet[:0], opData)
		packet = binary.BigEndian.AppendUint16(packet, block)
		packet = append(packet, rest[:size]...)
		if err := t.deliver(packet, block); err != nil {
			return err
		}
		t.acknowledged += size
		if size < t.blockSize {
			return nil // a block that isn't full, or is empty, is the last
		}
		rest = rest[size:]
	}
}

// deliver sends a packet until it is acknowledged.
func (t *transfer) deliver(packet []byte, block uint16) error {
	tries, wait := 1+t.retries, t.timeout
	if !t.started {
		tries = 1 + firstRetries
	}
	for range tries {
		if _, err := t.conn.Write(packet); err != nil {
			return err
		}
		err := t.await(block, time.Now().Add(wait))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if !t.constant {
			wait *= 2
		}
	}
	return errSilence
}

// await reads until a block is acknowledged. The acknowledgement of an earlier block is passed over and never makes us send anything: answering
// it would double every packet from there on (RFC 1123 section 4.2.3.1).
func (t *transfer) await(block uint16, deadline time.Time) error {
	if err := t.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	for {
		size, err := t.conn.Read(t.buffer)
		if err != nil {
			return err
		}
		if size < 4 {
			continue
		}
		switch number := binary.BigEndian.Uint16(t.buffer[2:]); binary.BigEndian.Uint16(t.buffer) {
		case opAck:
			if number == block {
				t.start()
				return nil
			}
		case opError:
			return fmt.Errorf("%w: code %d", errStopped, number)
		}
	}
}

// start notes the first acknowledgement.
func (t *transfer) start() {
	if !t.started {
		t.started = true
		t.heard()
	}
}

// netascii brings text into the form of a teletype (RFC 764): a line feed becomes carriage return and line feed, a carriage return alone is
// followed by NUL.
func netascii(body []byte) []byte {
	out := make([]byte, 0, len(body)+bytes.Count(body, []byte{'\n'})+bytes.Count(body, []byte{'\r'}))
	for _, c := range body {
		switch c {
		case '\n':
			out = append(out, '\r', '\n')
		case '\r':
			out = append(out, '\r', 0)
		default:
			out = append(out, c)
		}
	}
	return out
}

// printable cuts a path and escapes whatever could break a log line or a terminal.
func printable(path string) string {
	quoted := strconv.QuoteToASCII(path[:min(len(path), maxLoggedPath)])
	return quoted[1 : len(quoted)-1]
}
