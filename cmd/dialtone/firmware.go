package main

import (
	"io/fs"
	"os"

	"dialtone/httpcfg"
)

// openFirmware opens the folder of firmware files, if there is one, and returns it with what closes it. No link in it leads out of it.
func (c *serveCommand) openFirmware() (files fs.FS, closeFolder func() error, err error) {
	if c.Firmware == "" {
		return nil, func() error { return nil }, nil
	}
	root, err := os.OpenRoot(c.Firmware)
	if err != nil {
		return nil, nil, usage("--firmware: %v", err)
	}
	return root.FS(), root.Close, nil
}

// certificateHeader is how proxies pass certificates on.
func (c *serveCommand) certificateHeader() httpcfg.CertificateHeader {
	switch c.ProxyCertificate {
	case "client-cert":
		return httpcfg.ClientCert
	case "x-ssl-client-cert":
		return httpcfg.SSLClientCert
	default:
		return httpcfg.NoCertificateHeader
	}
}
