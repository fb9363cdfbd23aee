package adminapi

import (
	"context"
	"net/http"
	"time"

	"dialtone/customer"
	"dialtone/provisioning"
)

// credentialWire is what a phone shows to register one line.
type credentialWire struct {
	Port          int    `json:"port"`
	SIPUserName   string `json:"sipUserName" doc:"Digest user name, and user part of the address of record"`
	LinePort      string `json:"linePort" doc:"Address of record"`
	Domain        string `json:"domain" doc:"SIP domain, and digest realm"`
	OutboundProxy string `json:"outboundProxy" doc:"With a port if it mustn't be looked up"`
	Transport     string `json:"transport"`
	Password      string `json:"password,omitempty" doc:"Only when it is revealed: once"`
	Revealed      bool   `json:"revealed" doc:"The password was shown before, or chosen by somebody"`
	PreviousUntil string `json:"previousUntil,omitempty" doc:"Until when the password before counts, too, unless the phone registers with the new one"`
}

type credentialsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Lines []credentialWire `json:"lines"`
	}
}

func wireCredentials(list []provisioning.LineCredentials, now time.Time) *credentialsOutput {
	out := &credentialsOutput{CacheControl: "no-store"}
	out.Body.Lines = make([]credentialWire, len(list))
	for i, l := range list {
		out.Body.Lines[i] = credentialWire{
			Port: l.Port, SIPUserName: l.UserName, LinePort: l.LinePort(), Domain: l.Domain, OutboundProxy: l.OutboundProxy, Transport: string(l.Transport),
			Password: l.Password.Reveal(), Revealed: l.Revealed,
		}
		if l.OverlapOpen(now) {
			out.Body.Lines[i].PreviousUntil = timestamp(l.PreviousUntil)
		}
	}
	return out
}

type rotateInput struct {
	DeviceInput
	Body *rotateBody
}

type rotateBody struct {
	OverlapMinutes int64 `json:"overlapMinutes" doc:"How long the passwords before count, too: 1 to 43200; three days when it isn't given" example:"60"`
	Reveal         bool  `json:"reveal" doc:"Show the new passwords, once"`
}

type compromisedInput struct {
	DeviceInput
	Body *compromisedBody
}

type compromisedBody struct {
	EnrolMinutes int64 `json:"enrolMinutes" doc:"Open an enrolment window in which the phone may prove itself anew: 1 to 10080; none when it isn't given"`
}

// orZero is what a body says; one that isn't there says nothing.
func orZero[T any](body *T) T {
	if body == nil {
		return *new(T)
	}
	return *body
}

// minutes keeps a length within what a duration holds; the core's own bounds are far below.
func minutes(n int64) time.Duration { return time.Duration(max(-1, min(n, maxMinutes))) * time.Minute }

func (s *Server) credentialRoutes() {
	s.handoverRoutes()
	const path = hubDevice + "/credentials"
	route(s, operation{"getCredentials", http.MethodGet, path, "What a device's lines register with, without passwords", 0, customer.ScopeCredentialsRead},
		func(ctx context.Context, in *DeviceInput) (*credentialsOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			list, err := s.Devices.Credentials(ctx, tenant, id)
			return wireCredentials(list, s.Now()), err
		})
	route(s, operation{"revealCredentials", http.MethodPost, path + "/reveal", "Show the passwords that nobody has seen: each once", 0, customer.ScopeCredentialsWrite}, s.revealCredentials)
	route(s, operation{"rotateDeviceCredentials", http.MethodPost, path + "/rotate", "Replace a device's SIP passwords; those before count for a while, too", 0, customer.ScopeCredentialsWrite},
		func(ctx context.Context, in *rotateInput) (*credentialsOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			if err := s.Devices.Rotate(ctx, actorOf(ctx), tenant, id, minutes(orZero(in.Body).OverlapMinutes)); err != nil {
				return nil, err
			}
			if orZero(in.Body).Reveal {
				return s.revealCredentials(ctx, &in.DeviceInput)
			}
			list, err := s.Devices.Credentials(ctx, tenant, id)
			return wireCredentials(list, s.Now()), err
		})
	route(s, operation{"answerDeviceCompromise", http.MethodPost, path + "/compromised", "End all that whoever holds a device's secrets could do with them, at once", 0, customer.ScopeCredentialsWrite},
		func(ctx context.Context, in *compromisedInput) (*credentialsOutput, error) {
			tenant, id, err := s.device(ctx, in.DeviceInput)
			if err != nil {
				return nil, err
			}
			if err := s.Devices.AnswerCompromise(ctx, actorOf(ctx), tenant, id, minutes(orZero(in.Body).EnrolMinutes)); err != nil {
				return nil, err
			}
			list, err := s.Devices.Credentials(ctx, tenant, id)
			return wireCredentials(list, s.Now()), err
		})
}

// handoverOutput is a file for who configures a device with other tools.
type handoverOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		FileName    string           `json:"fileName"`
		ContentType string           `json:"contentType"`
		Body        string           `json:"body" doc:"In the phone's own format where we know it, else JSON in the words of SIP"`
		Lines       []credentialWire `json:"lines"`
	}
}

func (s *Server) handoverRoutes() {
	const path = hubDevice + "/configuration"
	answer := func(h provisioning.Handover, err error) (*handoverOutput, error) {
		if err != nil {
			return nil, err
		}
		out := &handoverOutput{CacheControl: "no-store"}
		out.Body.FileName, out.Body.ContentType, out.Body.Body = h.File.Path, h.File.ContentType, string(h.File.Body)
		out.Body.Lines = wireCredentials(h.Lines, s.Now()).Body.Lines
		return out, nil
	}
	route(s, operation{"getConfiguration", http.MethodGet, path, "A ready file for a device that you configure yourself, passwords masked", 0, customer.ScopeCredentialsRead},
		func(ctx context.Context, in *DeviceInput) (*handoverOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return answer(s.Devices.Handover(ctx, tenant, id))
		})
	route(s, operation{"revealConfiguration", http.MethodPost, path, "The same with passwords that nobody has seen: once", 0, customer.ScopeCredentialsWrite},
		func(ctx context.Context, in *DeviceInput) (*handoverOutput, error) {
			tenant, id, err := s.device(ctx, *in)
			if err != nil {
				return nil, err
			}
			return answer(s.Devices.RevealHandover(ctx, actorOf(ctx), tenant, id))
		})
}

func (s *Server) revealCredentials(ctx context.Context, in *DeviceInput) (*credentialsOutput, error) {
	tenant, id, err := s.device(ctx, *in)
	if err != nil {
		return nil, err
	}
	list, err := s.Devices.RevealCredentials(ctx, actorOf(ctx), tenant, id)
	return wireCredentials(list, s.Now()), err
}
