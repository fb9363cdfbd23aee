package provisioning

import (
	"context"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// MACState says whether a device could be added with a MAC address, in the wire's words.
type MACState string

// The states of an address.
const (
	MACAvailable   MACState = "AVAILABLE"
	MACUnavailable MACState = "UNAVAILABLE"
	MACDuplicate   MACState = "DUPLICATE_IN_LIST" // the first of several stays available
	MACInvalid     MACState = "INVALID"
)

// MACStatus is the state of one address.
type MACStatus struct {
	MAC     string // as it was asked
	State   MACState
	Code    fault.Code // 0 when it is available
	Message string
}

// maxMACs bounds the addresses of one call: clients send one or two hundred.
const maxMACs = 1000

// ValidateMACs says of each address whether a device could be added with it. An address is in use whoever uses it, as there is one phone with it in
// the world. fault.Invalid for more than 1,000.
func (s *Service) ValidateMACs(ctx context.Context, asked []string) ([]MACStatus, error) {
	if len(asked) == 0 {
		return nil, fault.InvalidField("macs", "is needed: a list of MAC addresses").WithCode(fault.CodeMissing)
	}
	if len(asked) > maxMACs {
		return nil, fault.InvalidField("macs", "must hold at most %d addresses; it holds %d", maxMACs, len(asked))
	}
	out := make([]MACStatus, len(asked))
	parsed := make([]deviceprofiles.MAC, len(asked))
	seen := map[deviceprofiles.MAC]bool{}
	var ask []deviceprofiles.MAC
	for i, text := range asked {
		mac, err := deviceprofiles.ParseMAC(text)
		out[i] = MACStatus{MAC: text, State: MACAvailable}
		switch {
		case err != nil:
			out[i].State, out[i].Code, out[i].Message = MACInvalid, fault.CodeMACInvalid, "Invalid MAC address: "+fault.ProblemsOf(err)[0].Message
		case seen[mac]:
			out[i].State, out[i].Code, out[i].Message = MACDuplicate, fault.CodeMACTwice, "[Error 5676] The MAC address stands twice in the list."
		default:
			seen[mac], parsed[i] = true, mac
			ask = append(ask, mac)
		}
	}
	used, err := s.store.AnyTenantMACsInUse(ctx, ask)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].State == MACAvailable && used[parsed[i]] {
			out[i].State, out[i].Code, out[i].Message = MACUnavailable, fault.CodeMACInUse, "[Error 5675] MAC Address is in use."
		}
	}
	return out, nil
}
