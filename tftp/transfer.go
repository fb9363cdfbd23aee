package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// firstRetries is how often the first packet is sent again, if the credit suffices: until it is acknowledged the peer may be somebody else, in whose name a
// stranger asked. A phone that lost both repeats its request.
const firstRetries = 1

// headerSize is what a DATA packet has before its data.
const headerSize = 4

var (
	errSilence     = errors.New("no acknowledgement came")
	errStopped     = errors.New("the peer ended the transfer")
	errCreditSpent = errors.New("the answer is too large for one request without options: it waits for a repetition")
)

// link is the way between a transfer and its peer.
type link interface {
	// send sends a packet, which isn't kept.
	send(packet []byte) error
	// await returns what the peer sent next, or os.ErrDeadlineExceeded when nothing came in time. Nobody else's packets come here.
	await(deadline time.Time) (event, error)
	// close gives up what the link holds.
	close()
}

// transfer sends one file to one peer.
type transfer struct {
	link      link
	body      []byte
	blockSize int
	options   []byte // the OACK packet; nil when no options hold
	window    window
	timeout   time.Duration // the first wait
	constant  bool          // the peer chose the timeout: it doesn't grow
	retries   int           // of each window; the first packet has firstRetries
	credit    int           // bytes that may be sent until the peer has acknowledged something
	started   bool          // it has
	heard     func()        // is called then
	packet    []byte        // the one that is being sent
}

// newTransfer settles what peer and server agree on.
func (s *Server) newTransfer(request readRequest, body []byte) *transfer {
	t := &transfer{body: body, blockSize: defaultBlockSize, timeout: s.config.Timeout, retries: s.config.Retries, heard: func() {}}
	if request.netascii {
		t.body = netascii(body)
	}
	agreed := request.options
	agreed.blockSize = min(agreed.blockSize, s.config.MaxBlockSize)
	if agreed.blockSize > 0 {
		t.blockSize = agreed.blockSize
	}
	agreed.windowSize = min(agreed.windowSize, s.config.MaxWindowSize, max(1, maxWindowBytes/t.blockSize))
	if agreed.timeout > 0 {
		t.timeout, t.constant = agreed.timeout, true
	}
	t.options = agreed.acknowledge(len(t.body))
	// A block that isn't full, or is empty, is the last.
	t.window = newWindow(max(1, agreed.windowSize), len(t.body)/t.blockSize+1, t.options != nil)
	return t
}

// run sends everything. It returns nil when all of it has arrived.
func (t *transfer) run() error {
	if _, err := t.sendNext(); err != nil {
		return err
	}
	tries, wait, began := 0, t.timeout, time.Now()
	for deadline := began.Add(wait); !t.window.done(); {
		e, err := t.link.await(deadline)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if tries++; tries > t.allowed() {
				return errSilence
			}
			wait = t.patience(2 * wait)
			t.window.back()
		case err != nil:
			return err
		case e.operation == opError:
			return fmt.Errorf("%w: code %d", errStopped, e.number)
		case e.operation == opAck && t.window.heard(e.number):
			t.start()
			if tries == 0 {
				wait = t.patience(2 * time.Since(began))
			}
			tries = 0
		}
		sent, err := t.sendNext()
		if err != nil && !errors.Is(err, errCreditSpent) { // in that case the peer's repetition is waited for
			return err
		}
		if sent || err != nil {
			began = time.Now()
			deadline = began.Add(wait)
		}
	}
	return nil
}

// patience makes the wait for an acknowledgement out of one that would do. It adapts to the way (RFC 1123 section 4.2.3.2), where the peer hasn't chosen it:
// twice as long as the last answer took, so that a large window on a thin line isn't sent again while it is on its way; and as an answer to what was sent
// twice doesn't say how long it took, the doubled wait stays until there is a better one.
func (t *transfer) patience(wanted time.Duration) time.Duration {
	if t.constant {
		return t.timeout
	}
	return max(t.timeout, min(wanted, maxTimeout*time.Second))
}

// allowed is how often the packets on their way may be sent again.
func (t *transfer) allowed() int {
	if !t.started {
		return firstRetries
	}
	return t.retries
}

// start notes that the peer has acknowledged something.
func (t *transfer) start() {
	if !t.started {
		t.started = true
		t.heard()
	}
}

// sendNext sends what the window allows, and reports whether that was anything.
func (t *transfer) sendNext() (bool, error) {
	first, last := t.window.next()
	for block := first; block <= last; block++ {
		if err := t.send(t.render(block)); err != nil {
			return false, err
		}
	}
	return first <= last, nil
}

// send sends a packet, if need be on credit.
func (t *transfer) send(packet []byte) error {
	if !t.started {
		if len(packet) > t.credit {
			return errCreditSpent
		}
		t.credit -= len(packet)
	}
	return t.link.send(packet)
}

// render makes a block's packet. Numbers go on from 65535 to 0, which is how clients read files of more than 65535 blocks.
func (t *transfer) render(block int64) []byte {
	if block == 0 {
		return t.options
	}
	rest := t.body[min(int64(len(t.body)), (block-1)*int64(t.blockSize)):]
	t.packet = binary.BigEndian.AppendUint16(t.packet[:0], opData)
	t.packet = binary.BigEndian.AppendUint16(t.packet, uint16(block&math.MaxUint16))
	t.packet = append(t.packet, rest[:min(len(rest), t.blockSize)]...)
	return t.packet
}

// acknowledged is how many bytes of the file have arrived.
func (t *transfer) acknowledged() int {
	return int(min(int64(len(t.body)), max(0, t.window.acknowledged)*int64(t.blockSize)))
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
