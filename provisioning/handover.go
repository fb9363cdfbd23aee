package provisioning

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/secret"
)

// Handover is all that somebody needs who configures a device with other tools: its lines' credentials, and a file that is ready to be given to the
// phone, where we know how to write one.
type Handover struct {
	Device DeviceView
	Model  deviceprofiles.Model
	Lines  []LineCredentials
	// File is in the phone's own format when a pack for its family is there, else JSON that names every value in the words of SIP.
	File DeviceFile
}

// Handover returns a device's handover with its passwords masked. fault.Invalid for a device that the platform configures itself: its files are fetched
// by the phone.
func (s *Service) Handover(ctx context.Context, tenant customer.Tenant, id DeviceID) (Handover, error) {
	h, in, err := s.handover(ctx, tenant, id)
	if err != nil {
		return h, err
	}
	h.File, err = s.handoverFile(in, h, true)
	return h, err
}

// RevealHandover is Handover with the passwords that nobody has seen yet, which it marks as seen. fault.Conflict with fault.CodeRevealed when some
// password was shown before or chosen by somebody: who doesn't know it must rotate it first.
func (s *Service) RevealHandover(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID) (Handover, error) {
	h, in, err := s.handover(ctx, tenant, id)
	if err != nil {
		return h, err
	}
	if slices.ContainsFunc(h.Lines, func(l LineCredentials) bool { return l.Revealed }) {
		return h, fault.New(fault.Conflict, "Some password of this device was shown before, or chosen by somebody. Rotate them to get a file with new ones.").WithCode(fault.CodeRevealed)
	}
	if h.Lines, err = s.RevealCredentials(ctx, actor, tenant, id); err != nil {
		return h, err
	}
	h.File, err = s.handoverFile(in, h, false)
	return h, err
}

func (s *Service) handover(ctx context.Context, tenant customer.Tenant, id DeviceID) (Handover, RenderInput, error) {
	var h Handover
	var err error
	if h.Device, err = s.Device(ctx, tenant, id); err != nil {
		return h, RenderInput{}, err
	}
	h.Model, _ = deviceprofiles.FindModel(h.Device.Model)
	if !h.Model.OwnPassword {
		return h, RenderInput{}, fault.New(fault.Invalid, "A %s fetches its configuration from here: there is nothing to hand over.", h.Model.DisplayName)
	}
	in, err := s.store.RenderInput(ctx, h.Device.Tenant(), id)
	if err != nil {
		return h, in, err
	}
	h.Lines, err = s.Credentials(ctx, tenant, id)
	return h, in, err
}

// handoverFile writes the file: in the phone's own format, for the same phone as the platform would manage it, or as JSON.
func (s *Service) handoverFile(in RenderInput, h Handover, masked bool) (DeviceFile, error) {
	settings, err := s.settingsFrom(in)
	if err != nil {
		return DeviceFile{}, err
	}
	if masked {
		settings = settings.Masked()
	}
	file, ok, err := deviceprofiles.RenderHandover(settings)
	if err != nil {
		return DeviceFile{}, err
	}
	if ok {
		return DeviceFile{Path: deviceprofiles.HandoverName(settings), ContentType: file.ContentType, Body: file.Body}, nil
	}
	body, err := json.MarshalIndent(plainHandover(h, masked), "", "  ")
	if err != nil {
		return DeviceFile{}, fault.Wrap(fault.Internal, err, "a handover can't be written")
	}
	return DeviceFile{Path: deviceprofiles.HandoverName(settings), ContentType: "application/json", Body: append(body, '\n')}, nil
}

// plainLine is a line in the words of SIP.
type plainLine struct {
	Port          int    `json:"port"`
	AddressOf     string `json:"addressOfRecord"`
	AuthUserName  string `json:"authUserName"`
	Password      string `json:"password"`
	Registrar     string `json:"registrar"`
	OutboundProxy string `json:"outboundProxy"`
	Transport     string `json:"transport"`
	SRV           string `json:"srvRecord,omitempty"` // that the phone looks up; "" when the proxy has a port
	SRTP          bool   `json:"srtp"`
}

type plainPhone struct {
	MAC   string      `json:"mac"`
	Model string      `json:"model"`
	Lines []plainLine `json:"lines"`
}

func plainHandover(h Handover, masked bool) plainPhone {
	out := plainPhone{MAC: h.Device.MAC.String(), Model: h.Model.DisplayName, Lines: make([]plainLine, len(h.Lines))}
	for i, l := range h.Lines {
		line := plainLine{
			Port: l.Port, AddressOf: "sip:" + l.LinePort(), AuthUserName: l.UserName, Password: l.Password.Reveal(), Registrar: l.Domain,
			OutboundProxy: l.OutboundProxy, Transport: string(l.Transport), SRTP: l.Transport == deviceprofiles.TLS,
		}
		if masked {
			line.Password = secret.Mask
		}
		if !strings.Contains(l.OutboundProxy, ":") {
			line.SRV = srvName(l.Transport) + l.OutboundProxy
		}
		out.Lines[i] = line
	}
	return out
}

// srvName begins the name under which a transport's servers are found (RFC 3263 section 4.1).
func srvName(t deviceprofiles.SIPTransport) string {
	switch t {
	case deviceprofiles.TLS:
		return "_sips._tcp."
	case deviceprofiles.TCP:
		return "_sip._tcp."
	default:
		return "_sip._udp."
	}
}
