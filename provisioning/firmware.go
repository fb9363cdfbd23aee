package provisioning

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// openFirmware opens a firmware file for whoever asks: it holds no secret, and phones without credentials need it. It goes over HTTP and HTTPS alone: by
// TFTP, block by block, a hundred megabytes would hold a transfer for the better part of an hour.
func (s *Service) openFirmware(hit deviceprofiles.Hit, r Request) (Opened, error) {
	missing := fault.New(fault.NotFound, "There is no firmware file %s.", hit.Name)
	if s.firmware == nil || r.Transport == TFTP || hit.Name == deviceprofiles.FirmwarePlanName {
		return Opened{}, missing
	}
	// Looked at before it is opened, as opening a pipe waits for its writer.
	info, err := fs.Stat(s.firmware, hit.Name)
	if err != nil || !info.Mode().IsRegular() {
		return Opened{}, firmwareError(err, missing)
	}
	file, err := s.firmware.Open(hit.Name)
	if err != nil {
		return Opened{}, firmwareError(err, missing)
	}
	content, ok := file.(io.ReadSeekCloser)
	if info, err = file.Stat(); err != nil || !ok { // what was opened may be a newer file of that name
		return Opened{}, errors.Join(fault.Wrap(fault.Unavailable, err, "The firmware file %s can't be read", hit.Name), file.Close())
	}
	return Opened{
		ContentType: "application/octet-stream", Content: content, Size: info.Size(), Modified: info.ModTime(),
		ETag: fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano()),
	}, nil
}

// firmwareError tells a file that isn't there from a disk that fails.
func firmwareError(err, missing error) error {
	if isMissing(err) {
		return missing
	}
	return fault.Wrap(fault.Unavailable, err, "A firmware file can't be read")
}

// isMissing reports whether an error says that a file isn't there, or isn't to be had, as a link that leads out of the folder is.
func isMissing(err error) bool {
	var number syscall.Errno
	if !errors.As(err, &number) || errors.Is(err, fs.ErrNotExist) {
		return true
	}
	switch number {
	case syscall.ENOTDIR, syscall.ELOOP, syscall.EINVAL, syscall.ENAMETOOLONG:
		return true
	}
	return false
}
