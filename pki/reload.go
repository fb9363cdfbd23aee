package pki

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"
)

// checkInterval is how often we look whether there is a newer certificate, at most: two calls to the file system, made by one handshake for all.
const checkInterval = 10 * time.Second

// certificate returns the certificate to show now. What can't be loaded is logged, and the last good one goes on being shown: an operator who
// exchanges two files has a moment in which they don't fit each other.
func (a *Authority) certificate() *tls.Certificate {
	now := a.config.Now()
	if now.UnixNano() < a.nextCheck.Load() || !a.checking.TryLock() {
		return a.current.Load()
	}
	defer a.checking.Unlock()
	a.nextCheck.Store(now.Add(checkInterval).UnixNano())
	certificate, err := a.load()
	if err != nil {
		if text := err.Error(); text != a.lastError {
			a.lastError = text
			a.config.Logger.Error("the server certificate can't be loaded again, so that the last one is still shown", "error", err)
		}
		return a.current.Load()
	}
	a.lastError = ""
	if a.current.Swap(certificate) != certificate {
		a.config.Logger.Info("another server certificate is shown from now on", "serial", certificate.Leaf.SerialNumber.Text(16), "expires", certificate.Leaf.NotAfter)
	}
	return certificate
}

// fileStamp tells whether files have changed, without reading them.
type fileStamp string

func (a *Authority) stampOf(names ...string) (fileStamp, error) {
	var stamp fileStamp
	for _, name := range names {
		info, err := os.Stat(a.path(name)) // follows links: certbot and Kubernetes exchange those
		if err != nil {
			return "", fmt.Errorf("a certificate file can't be read: %w", err)
		}
		stamp += fileStamp(fmt.Sprintf("%d %d ", info.ModTime().UnixNano(), info.Size()))
	}
	return stamp, nil
}
