package bench_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is what many clients ask of one server, with as little work on the client's side as there can be: it shares the machine.
type load struct {
	address string
	tls     *tls.Config                // nil for plain HTTP
	fresh   bool                       // a connection for each request
	request func(c *loadClient) []byte // the next request of a client
}

// loadClient is one client. Its fields are its own.
type loadClient struct {
	number int
	asked  int
	nonce  string // of the challenge that it answers
	count  uint32
	conn   net.Conn
	reader *bufio.Reader
}

// perSecondOf runs the load for a time and returns how many answers came a second.
func (l load) perSecondOf(b *testing.B, clients int, duration time.Duration) float64 {
	b.Helper()
	var done atomic.Bool
	var answers atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	timer := time.AfterFunc(duration, func() { done.Store(true) })
	defer timer.Stop()
	for number := range clients {
		all.Go(func() {
			c := &loadClient{number: number, reader: bufio.NewReaderSize(nil, 16<<10)}
			config := l.tls
			if config != nil {
				config = config.Clone()
				config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
			for !done.Load() {
				if err := l.one(c, config); err != nil {
					b.Errorf("client %d, request %d: %v", number, c.asked, err)
					return
				}
				answers.Add(1)
			}
			c.close()
		})
	}
	all.Wait()
	return float64(answers.Load()) / time.Since(began).Seconds()
}

// times has each client ask so many times.
func (l load) times(b *testing.B, clients, each int) {
	b.Helper()
	var all sync.WaitGroup
	for number := range clients {
		all.Go(func() {
			c := &loadClient{number: number, reader: bufio.NewReaderSize(nil, 16<<10)}
			defer c.close()
			for range each {
				if err := l.one(c, l.tls); err != nil {
					b.Errorf("client %d, request %d: %v", number, c.asked, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func (l load) one(c *loadClient, config *tls.Config) error {
	if c.conn == nil {
		if err := c.dial(l.address, config); err != nil {
			return err
		}
	}
	if _, err := c.conn.Write(l.request(c)); err != nil {
		return err
	}
	c.asked++
	status, _, err := c.answer()
	if err != nil || status != 200 {
		return fmt.Errorf("status %d, %w", status, err)
	}
	if l.fresh {
		c.close()
	}
	return nil
}

func (c *loadClient) dial(address string, config *tls.Config) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	c.conn = conn
	c.reader.Reset(conn)
	return nil
}

func (c *loadClient) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// answer reads an answer to its end, and returns its challenge if it has one.
func (c *loadClient) answer() (status int, challenge string, err error) {
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, "", err
		}
		switch {
		case status == 0:
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, "", err
			}
		case len(line) > 16 && (line[0] == 'C' || line[0] == 'c') && bytes.EqualFold(line[:16], []byte("content-length: ")):
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[16:]))); err != nil {
				return 0, "", err
			}
		case bytes.HasPrefix(line, []byte("WWW-Authenticate: Digest")):
			challenge = string(line)
		case len(line) == 2:
			if length < 0 {
				return 0, "", errors.New("an answer without a length")
			}
			_, err = io.CopyN(io.Discard, c.reader, int64(length))
			return status, challenge, err
		}
	}
}

// plainRequest asks for a path.
func plainRequest(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: phones.example.com\r\nUser-Agent: Yealink SIP-T54W 96.86.0.70\r\n\r\n")
}

// credentials are a phone's own, for digest.
type credentials struct{ userName, ha1 string }

// digestRequest asks for a path with credentials, and counts the client's nonce.
func (c *loadClient) digestRequest(path string, own credentials) []byte {
	c.count++
	nc := fmt.Sprintf("%08x", c.count)
	response := md5Hex(own.ha1 + ":" + c.nonce + ":" + nc + ":c:auth:" + md5Hex("GET:"+path))
	return []byte("GET " + path + " HTTP/1.1\r\nHost: phones.example.com\r\nUser-Agent: Yealink SIP-T54W 96.86.0.70\r\nAuthorization: Digest username=\"" + own.userName +
		`", realm="dialtone", nonce="` + c.nonce + `", uri="` + path + `", response="` + response + `", qop=auth, nc=` + nc + `, cnonce="c"` + "\r\n\r\n")
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
