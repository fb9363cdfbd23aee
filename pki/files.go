package pki

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY" // PKCS #8
)

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: der})
}

func encodeKey(key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// exists reports whether there is something at path, readable or not.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// readFile reads a file of the folder. Errors of the system name the path already.
func (a *Authority) readFile(name string) ([]byte, error) {
	content, err := os.ReadFile(a.path(name))
	if err != nil {
		return nil, fmt.Errorf("a certificate file can't be read: %w; give the user who runs the server the right to read it", err)
	}
	return content, nil
}

// readCertificate reads the first certificate of a file.
func (a *Authority) readCertificate(name string) (*x509.Certificate, error) {
	certificates, err := a.readCertificates(name)
	if err != nil {
		return nil, err
	}
	return certificates[0], nil
}

// readCertificates reads all certificates of a file, which holds at least one.
func (a *Authority) readCertificates(name string) ([]*x509.Certificate, error) {
	rest, err := a.readFile(name)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != certificateBlock {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s holds a certificate that can't be read (%w): put an intact PEM file there", a.path(name), err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("%s holds no certificate: put a PEM file there that begins with -----BEGIN CERTIFICATE-----", a.path(name))
	}
	return certificates, nil
}

// readKey reads a private key that we made.
func (a *Authority) readKey(name string) (*rsa.PrivateKey, error) {
	content, err := a.readFile(name)
	if err != nil {
		return nil, err
	}
	a.warnIfOpen(name)
	block, _ := pem.Decode(content)
	if block == nil || block.Type != keyBlock {
		return nil, fmt.Errorf("%s holds no private key: put it back from a backup, or take it away together with its certificate to have both made anew", a.path(name))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds a key that can't be read (%w): put it back from a backup, or take it away together with its certificate to have both made anew", a.path(name), err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no RSA key: to use a certificate of your own, name the files %s and %s", a.path(name), operatorCertificate, operatorKey)
	}
	return key, nil
}

// warnIfOpen warns about a key that others than its owner can read.
func (a *Authority) warnIfOpen(name string) {
	if info, err := os.Stat(a.path(name)); err == nil && info.Mode().Perm()&0o077 != 0 {
		a.config.Logger.Warn("a private key can be read by others than its owner: chmod 600 it", "file", a.path(name), "mode", info.Mode().Perm().String())
	}
}

// write puts a whole file in place at once: whoever reads it, also after a crash, sees the old one or the new one.
func (a *Authority) write(name string, content []byte, mode fs.FileMode) error {
	if err := writeFile(a.config.Dir, name, content, mode); err != nil {
		return fmt.Errorf("a certificate file can't be written: %w; give the user who runs the server the right to write into %s", err, a.config.Dir)
	}
	return nil
}

func writeFile(dir, name string, content []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(dir, "."+name+"-*") // open to its owner alone
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last through a power cut.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
