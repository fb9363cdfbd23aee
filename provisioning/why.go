package provisioning

import (
	"context"
	"fmt"
	"strings"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
	"dialtone/fault"
)

// diagnosed is how many contacts a diagnosis looks at: all that are kept of a device.
const diagnosed = 10 * traceKeep

// Why says why a device has no dial tone, or that it has. fault.NotFound when the tenant has no such device.
func (s *Service) Why(ctx context.Context, tenant customer.Tenant, id DeviceID) (diagnosis.Verdict, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return diagnosis.Verdict{}, err
	}
	return s.whyOf(ctx, tenant, d)
}

// WhyMAC says it of the phone with a MAC address, in any spelling. An address that the tenant has no device with isn't refused: the verdict says what is
// known of it, and it says the same of another partner's phone as of one that nobody has. all is what the asker may see, of which tenant is a part.
// fault.Invalid for what isn't a MAC address.
func (s *Service) WhyMAC(ctx context.Context, all, tenant customer.Tenant, text string) (diagnosis.Verdict, DeviceID, error) {
	mac, err := deviceprofiles.ParseMAC(strings.TrimSpace(text))
	if err != nil {
		return diagnosis.Verdict{}, "", err
	}
	d, err := s.store.DeviceByMAC(ctx, tenant, mac)
	if err == nil {
		v, err := s.whyOf(ctx, tenant, d)
		return v, d.ID, err
	}
	if !fault.Is(err, fault.NotFound) {
		return diagnosis.Verdict{}, "", err
	}
	facts := diagnosis.Facts{Now: s.now(), MAC: mac.String()}
	if tenant != all {
		_, err = s.store.DeviceByMAC(ctx, all, mac)
		facts.Elsewhere = err == nil
		if err != nil && !fault.Is(err, fault.NotFound) {
			return diagnosis.Verdict{}, "", err
		}
	}
	s.flushTraces(ctx)
	if err := s.lookAround(ctx, tenant, &facts); err != nil {
		return diagnosis.Verdict{}, "", err
	}
	return diagnosis.Explain(facts), "", nil
}

// whyOf gathers what is known of a device.
func (s *Service) whyOf(ctx context.Context, tenant customer.Tenant, d Device) (diagnosis.Verdict, error) {
	s.flushTraces(ctx)
	facts := diagnosis.Facts{Now: s.now()}
	var err error
	if facts.Device, err = s.described(ctx, d); err != nil {
		return diagnosis.Verdict{}, err
	}
	entries, err := s.store.Trace(ctx, d.Tenant(), d.ID, TraceFilter{}, diagnosed)
	if err != nil {
		return diagnosis.Verdict{}, err
	}
	facts.Contacts = contactsOf(entries)
	bindings, err := s.store.Bindings(ctx, d.Tenant(), d.ID, facts.Now)
	if err != nil {
		return diagnosis.Verdict{}, err
	}
	if bindings, err = s.placed(ctx, bindings); err != nil {
		return diagnosis.Verdict{}, err
	}
	for _, b := range bindings {
		facts.Registrations = append(facts.Registrations, diagnosis.Registration{Port: b.Port, Expires: b.Expires, Node: b.Node, NodeGone: b.NodeGone})
	}
	queries, err := s.store.Queries(ctx, d.Tenant())
	if err != nil {
		return diagnosis.Verdict{}, err
	}
	for _, q := range queries {
		facts.Queries = append(facts.Queries, diagnosis.Query{Time: q.Time, Question: q.Question, Exists: q.Exists()})
	}
	if d.HasMAC() {
		facts.MAC = d.MAC.String()
		if err := s.lookAround(ctx, tenant, &facts); err != nil {
			return diagnosis.Verdict{}, err
		}
	}
	return diagnosis.Explain(facts), nil
}

// described is a device's record in the words of a diagnosis.
func (s *Service) described(ctx context.Context, d Device) (*diagnosis.Device, error) {
	model, _ := deviceprofiles.FindModel(d.Model)
	out := &diagnosis.Device{
		Model: model.DisplayName, Vendor: deviceprofiles.VendorOf(model.Family), Family: string(model.Family), Configured: model.Configured(), Revision: d.Revision, Created: d.Created,
		EnrolmentUntil: d.EnrolmentUntil, CodeWaiting: d.Activation.State == ActivationWaiting, CodeExpires: d.Activation.Expires,
		ByName: s.sip.OutboundProxy == "",
	}
	for _, o := range s.lookupObstacles(ctx, d) {
		out.Obstacle = fmt.Sprintf("its file %s sets %s to %q, and %s", o.File, o.Setting, o.Value, o.Says)
		break
	}
	firmware, err := s.store.FirmwareState(ctx, d.Tenant(), d.ID)
	if err != nil {
		return nil, err
	}
	if firmware.Progress() == FirmwareLooping {
		out.Looping = firmware.Looping
	}
	lines, err := s.store.Lines(ctx, d.Tenant(), d.ID)
	if err == nil && len(lines) > 0 {
		out.Domain = lines[0].Domain
	}
	return out, err
}

// lookAround finds what was seen of a MAC address that nobody has, and which others are a slip away from it: known ones for an address that nobody has, and
// unknown ones for a device's.
func (s *Service) lookAround(ctx context.Context, tenant customer.Tenant, f *diagnosis.Facts) error {
	near := diagnosis.NearMACs(f.MAC)
	if f.Device == nil {
		known, err := s.store.MACsAmong(ctx, tenant, near)
		if err != nil {
			return err
		}
		for _, mac := range known {
			f.Near = append(f.Near, diagnosis.Near{MAC: mac, Slip: diagnosis.SlipBetween(f.MAC, mac)})
		}
		near = []string{f.MAC}
	} else if len(f.Contacts) > 0 {
		return nil
	}
	seen, err := s.store.Sightings(ctx, tenant, near)
	if err != nil {
		return err
	}
	for _, u := range seen {
		sighting := diagnosis.Sighting{MAC: u.MAC.String(), First: u.First, Last: u.Last, Count: u.Count, UserAgent: u.UserAgent, Files: u.Files}
		if f.Device == nil {
			f.Seen = &sighting
		} else {
			f.Near = append(f.Near, diagnosis.Near{MAC: sighting.MAC, Slip: diagnosis.SlipBetween(f.MAC, sighting.MAC), Seen: &sighting})
		}
	}
	return nil
}

// agentOf says what a user agent says.
func agentOf(text string) diagnosis.Agent {
	agent := deviceprofiles.ParseAgent(text)
	return diagnosis.Agent{Vendor: deviceprofiles.VendorOf(agent.Family), Family: string(agent.Family), Model: agent.Model, Version: agent.Version, Least: deviceprofiles.LeastVersion(agent.Family)}
}

// contactsOf says of contacts what became of them.
func contactsOf(entries []TraceEntry) []diagnosis.Contact {
	known := outcomes()
	out := make([]diagnosis.Contact, len(entries))
	for i, e := range entries {
		peer := ""
		if e.Peer.IsValid() {
			peer = e.Peer.String()
		}
		out[i] = diagnosis.Contact{
			Time: e.Time, Door: e.Door, Peer: peer, Request: e.Request, Answer: e.Answer, Rule: e.Rule, UserAgent: e.UserAgent, Agent: agentOf(e.UserAgent), Proof: string(e.Proof),
			Bytes: e.Bytes, Revision: e.Revision, Outcome: outcomeOf(e, known), ByAddress: e.ByAddress,
		}
	}
	return out
}
