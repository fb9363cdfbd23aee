package httpcfg

import (
	"net"
	"sync"
)

// limitListener accepts at most a number of connections at a time; further ones stay in the kernel's queue.
type limitListener struct {
	*net.TCPListener
	places chan struct{}
	closed chan struct{}
	close  func()
}

func newLimitListener(l *net.TCPListener, limit int) *limitListener {
	closed := make(chan struct{})
	return &limitListener{
		TCPListener: l, places: make(chan struct{}, limit), closed: closed,
		close: sync.OnceFunc(func() { close(closed) }),
	}
}

// Accept waits for a place, then for a connection. It returns net.ErrClosed after Close.
func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.AcceptTCP()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{TCPConn: conn, release: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close ends Accept, whether it waits for a place or for a connection.
func (l *limitListener) Close() error {
	l.close()
	return l.TCPListener.Close()
}

// limitedConn gives its place back when it is closed. It is a whole TCPConn, as net/http half-closes connections whose request it didn't read
// to the end, without which the client would lose the answer.
type limitedConn struct {
	*net.TCPConn
	release func()
}

// Close closes the connection and frees its place; twice does no harm.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.TCPConn.Close()
}
