package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Operation codes (RFC 1350 section 5, RFC 2347).
const (
	opRead    = 1
	opWrite   = 2
	opData    = 3
	opAck     = 4
	opError   = 5
	opOptions = 6
)

const (
	// maxRequest is the longest legal request (RFC 2347).
	maxRequest = 512
	// maxOptions bounds what is read; RFCs define five, of which we know four.
	maxOptions = 16

	minBlockSize     = 8
	defaultBlockSize = 512
	maxBlockSize     = 65464
	// maxWindowSize is the largest window that a peer may ask for (RFC 7440).
	maxWindowSize = 65535
	// maxTimeout is the longest wait in seconds that we agree to. RFC 2349 allows to ask for 255; a place isn't held that long for silence.
	maxTimeout = 30
)

// readRequest is a request to read a file.
type readRequest struct {
	path     string // as sent, never empty
	netascii bool   // line ends as on a teletype; octets otherwise
	options  options
}

// options are what a peer asked for, each zero when it didn't, or when what it asked for can't be.
type options struct {
	blockSize  int // bytes, from 8 to 65464
	timeout    time.Duration
	size       bool // the peer wants to know the file's size
	windowSize int  // blocks, from 1 to 65535
}

// errNoRequest is what gets no answer: packets that belong to a transfer, and noise.
var errNoRequest = errors.New("no request")

// refusal is an ERROR packet. There are only these few, so that no failure can tell a stranger anything.
type refusal uint8

const (
	badRequest refusal = iota + 1
	notFound
	denied
	readOnly
	unknownTransfer
)

// code is the error code of RFC 1350, appendix.
func (r refusal) code() uint16 {
	switch r {
	case notFound:
		return 1
	case denied, readOnly:
		return 2
	case unknownTransfer:
		return 5
	default:
		return 0
	}
}

// Error returns the text as the peer sees it.
func (r refusal) Error() string {
	return [...]string{"", "bad request", "not found", "denied", "read only", "unknown transfer"}[r]
}

func (r refusal) packet() []byte {
	out := binary.BigEndian.AppendUint16(nil, opError)
	out = binary.BigEndian.AppendUint16(out, r.code())
	return append(append(out, r.Error()...), 0)
}

// parseRequest reads what came to the listening socket. It returns errNoRequest for what isn't a request at all, and a refusal for requests
// that are malformed or want to write. What the path may name is the core's to judge.
func parseRequest(datagram []byte) (readRequest, error) {
	if len(datagram) < 2 {
		return readRequest{}, errNoRequest
	}
	switch binary.BigEndian.Uint16(datagram) {
	case opRead:
	case opWrite:
		return readRequest{}, readOnly
	default:
		return readRequest{}, errNoRequest
	}
	fields, ok := split(datagram[2:])
	if !ok || len(datagram) > maxRequest || len(fields) < 2 || len(fields) > 2+2*maxOptions || fields[0] == "" {
		return readRequest{}, badRequest
	}
	request := readRequest{path: fields[0]}
	switch mode := fields[1]; {
	case strings.EqualFold(mode, "netascii"):
		request.netascii = true
	case !strings.EqualFold(mode, "octet"):
		return readRequest{}, badRequest
	}
	request.options = parseOptions(fields[2:])
	return request, nil
}

// split takes strings that end with a NUL each out of a request. The last one must end, too.
func split(b []byte) ([]string, bool) {
	if len(b) == 0 || b[len(b)-1] != 0 {
		return nil, false
	}
	var out []string
	for part := range bytes.SplitSeq(b[:len(b)-1], []byte{0}) {
		out = append(out, string(part))
	}
	return out, true
}

// parseOptions reads names and values by turns. What is unknown or out of range is passed over, as RFC 2347 wants it: what we don't
// acknowledge doesn't hold. So is a name without a value at the end, as some clients pad their requests. Of an option that stands twice the
// first counts.
func parseOptions(fields []string) options {
	var o options
	for i := 0; i+1 < len(fields); i += 2 {
		value, err := strconv.Atoi(fields[i+1])
		if err != nil {
			continue
		}
		switch name := fields[i]; {
		case strings.EqualFold(name, "blksize"):
			if o.blockSize == 0 && value >= minBlockSize && value <= maxBlockSize {
				o.blockSize = value
			}
		case strings.EqualFold(name, "timeout"):
			if o.timeout == 0 && value >= 1 && value <= maxTimeout {
				o.timeout = time.Duration(value) * time.Second
			}
		case strings.EqualFold(name, "tsize"):
			o.size = true
		case strings.EqualFold(name, "windowsize"):
			if o.windowSize == 0 && value >= 1 && value <= maxWindowSize {
				o.windowSize = value
			}
		}
	}
	return o
}

// acknowledge renders the OACK packet for the options that hold, nil when there are none: then the transfer goes on as if nobody had asked.
func (o options) acknowledge(size int) []byte {
	out := binary.BigEndian.AppendUint16(nil, opOptions)
	add := func(name string, value int) {
		out = append(append(out, name...), 0)
		out = append(strconv.AppendInt(out, int64(value), 10), 0)
	}
	if o.blockSize > 0 {
		add("blksize", o.blockSize)
	}
	if o.timeout > 0 {
		add("timeout", int(o.timeout/time.Second))
	}
	if o.size {
		add("tsize", size)
	}
	if o.windowSize > 0 {
		add("windowsize", o.windowSize)
	}
	if len(out) == 2 {
		return nil
	}
	return out
}
