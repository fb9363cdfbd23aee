package devicecert

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dialtone/fault"
)

// policyFile holds a maker's Policy, in the maker's folder.
const policyFile = "policy.json"

const (
	maxFiles    = 500
	maxFileSize = 64 << 20 // bytes; revocation lists of large makers have some 10 MB
	maxCAs      = 500      // of one maker
)

// vendorName is a maker's name as pools are called: letters and digits in lower case.
func vendorName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// file is one file of the folder.
type file struct {
	vendor string
	path   string
	info   fs.FileInfo
}

// filesIn lists the files of the folder, by path: VENDOR.pem, and those in the folders VENDOR. Names that begin with a dot are passed over.
func filesIn(dir string) ([]file, error) {
	top, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The folder of phone makers' CAs, %s, can't be read", dir)
	}
	var out []file
	for _, e := range top {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // follows links, which operators use
		switch {
		case strings.HasPrefix(e.Name(), "."):
			continue
		case err != nil:
			return nil, unreadable(path, err)
		case !info.IsDir():
			if isCertificateFile(e.Name()) {
				out = append(out, file{vendorName(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))), path, info})
			}
			continue
		}
		inner, err := filesOf(vendorName(e.Name()), path)
		if err != nil {
			return nil, err
		}
		if out = append(out, inner...); len(out) > maxFiles {
			return nil, fault.New(fault.Invalid, "The folder of phone makers' CAs, %s, holds more than %d files.", dir, maxFiles)
		}
	}
	return out, nil
}

func filesOf(vendor, dir string) ([]file, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	var out []file
	for _, e := range list {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || e.Name() != policyFile && !isCertificateFile(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, unreadable(filepath.Join(dir, e.Name()), err)
		}
		out = append(out, file{vendor, filepath.Join(dir, e.Name()), info})
	}
	return out, nil
}

func isCertificateFile(name string) bool {
	return slices.Contains([]string{".pem", ".crt", ".cer", ".crl"}, strings.ToLower(filepath.Ext(name)))
}

func unreadable(path string, err error) error {
	return fault.Wrap(fault.Invalid, err, "%s can't be read", path)
}

// stampOf changes when a file of the folder does.
func stampOf(dir string) (string, error) {
	files, err := filesIn(dir)
	if err != nil {
		return "", err
	}
	return stamp(files), nil
}

func stamp(files []file) string {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s %d %d\n", f.path, f.info.Size(), f.info.ModTime().UnixNano())
	}
	return b.String()
}

// load reads the folder.
func load(dir string) (*pools, error) {
	files, err := filesIn(dir)
	if err != nil {
		return nil, err
	}
	byName := map[string]*vendor{}
	for _, f := range files {
		v := byName[f.vendor]
		if v == nil {
			v = &vendor{name: f.vendor}
			byName[f.vendor] = v
		}
		if err := v.read(f); err != nil {
			return nil, err
		}
	}
	out := &pools{stamp: stamp(files)}
	for _, v := range byName {
		if err := v.checkLists(); err != nil {
			return nil, err
		}
		out.vendors = append(out.vendors, *v)
	}
	slices.SortFunc(out.vendors, func(a, b vendor) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

// read adds what one file holds.
func (v *vendor) read(f file) error {
	if f.info.Size() > maxFileSize {
		return fault.New(fault.Invalid, "%s is larger than %d bytes.", f.path, maxFileSize)
	}
	content, err := os.ReadFile(f.path)
	if err != nil {
		return unreadable(f.path, err)
	}
	if filepath.Base(f.path) == policyFile {
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&v.policy); err != nil {
			return fault.Wrap(fault.Invalid, err, `%s can't be read: write {"sha1": false, "expired": false}`, f.path)
		}
		return nil
	}
	return v.add(f.path, content)
}

// add adds certificates and revocation lists, in PEM or one in DER.
func (v *vendor) add(path string, content []byte) error {
	found := false
	for rest := content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		found = true
		if err := v.addBlock(path, block.Type, block.Bytes); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	kind := "CERTIFICATE"
	if strings.EqualFold(filepath.Ext(path), ".crl") {
		kind = "X509 CRL"
	}
	return v.addBlock(path, kind, content)
}

func (v *vendor) addBlock(path, kind string, der []byte) error {
	switch kind {
	case "CERTIFICATE":
		ca, err := x509.ParseCertificate(der)
		switch {
		case err != nil:
			return fault.Wrap(fault.Invalid, err, "%s holds a certificate that can't be read", path)
		case !mayIssue(ca):
			return fault.New(fault.Invalid, "%s holds the certificate of %s, which isn't a CA's.", path, short(ca.Subject.String()))
		case len(v.cas) == maxCAs:
			return fault.New(fault.Invalid, "%s has more than %d CAs.", v.name, maxCAs)
		}
		if !v.has(ca) {
			v.cas = append(v.cas, ca)
		}
	case "X509 CRL":
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "%s holds a revocation list that can't be read", path)
		}
		v.lists = append(v.lists, list)
	default:
		return fault.New(fault.Invalid, "%s holds a %q: only certificates of CAs and revocation lists belong here.", path, short(kind))
	}
	return nil
}

// checkLists takes in what revocation lists say, and refuses those that none of the maker's CAs signed: one that doesn't count would leave the operator in the belief that it does.
// SHA-1 is good enough here, as the operator brought the list, and it can only take trust away.
func (v *vendor) checkLists() error {
	v.revoked = map[string]bool{}
	for _, list := range v.lists {
		err := errors.New("its issuer isn't among the CAs")
		for _, ca := range v.cas {
			if string(ca.RawSubject) == string(list.RawIssuer) {
				if err = checkSignature(ca, list.SignatureAlgorithm, list.RawTBSRevocationList, list.Signature, true); err == nil {
					break
				}
			}
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "A revocation list of %s doesn't count: no CA of %s signed it", short(list.Issuer.String()), v.name)
		}
		for _, e := range list.RevokedCertificateEntries {
			v.revoked[revocationKey(list.RawIssuer, e.SerialNumber)] = true
		}
		list.RevokedCertificateEntries, list.RevokedCertificates, list.Raw, list.RawTBSRevocationList = nil, nil, nil, nil //nolint:staticcheck // SA1019: to let its memory go, too
	}
	return nil
}
