package provisioning

import (
	"context"
	"io"

	"dialtone/fault"
)

// Upload is a file that a phone sends: a log, what its user changed, a directory, a report.
type Upload struct {
	Request
	ContentType string    // as sent; "" when the phone doesn't say
	Body        io.Reader // read once, and never further than what may be kept
}

// Uploaded says what became of an upload.
type Uploaded struct {
	Created bool // there was no such file of this phone before
}

// Upload takes a file from a phone, for that phone alone.
//
// fault.NotFound: nobody takes such a file. fault.Denied, fault.Limited, fault.Unavailable and fault.Internal are as with Open; fault.Invalid also when
// the file is larger than what is kept.
func (s *Service) Upload(_ context.Context, _ Upload) (Uploaded, error) {
	return Uploaded{}, fault.New(fault.NotFound, "Nobody takes uploads here.")
}
