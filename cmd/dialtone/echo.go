package main

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"dialtone/customer"
	"dialtone/echo"
	"dialtone/media"
	"dialtone/provisioning"
)

// rtpPorts are the ports for sound. The zero value is no echo at all.
type rtpPorts struct {
	on    bool
	among media.Ports
}

// UnmarshalText reads FIRST-LAST, any or off.
func (p *rtpPorts) UnmarshalText(text []byte) error {
	value := string(text)
	switch value {
	case off:
		*p = rtpPorts{}
		return nil
	case "any":
		*p = rtpPorts{on: true}
		return nil
	}
	first, last, _ := strings.Cut(value, "-")
	from, err := strconv.ParseUint(first, 10, 16)
	to, err2 := strconv.ParseUint(last, 10, 16)
	if err != nil || err2 != nil || from < 1024 || to <= from {
		return usage("%q are no ports: write FIRST-LAST from 1024 to 65535, two or more, or any, or off", value)
	}
	*p = rtpPorts{on: true, among: media.Ports{First: uint16(from), Last: uint16(to)}}
	return nil
}

// openEcho makes who answers calls to the echo; nil when it is off. It ends before the SIP door does.
func (h *house) openEcho(ctx context.Context) (*echo.Server, error) {
	if !h.config.RTPPorts.on {
		return nil, nil //nolint:nilnil // it is off, and nothing is wrong
	}
	logger := h.logger.With("part", "echo")
	addresses := h.soundAddresses(ctx)
	if len(addresses) == 0 {
		logger.Warn("the echo is off: the public host doesn't resolve here, so that no phone can be told where to send its sound", "public_host", h.config.PublicHost)
		return nil, nil //nolint:nilnil // it can't be on, and everything else can
	}
	desk, err := media.NewDesk(media.Config{Addresses: addresses, Ports: h.config.RTPPorts.among, RefuseOpenKeys: h.config.EchoRefuseOpenKeys, Now: now, Logger: logger})
	if err != nil {
		return nil, err
	}
	server, err := echo.New(echo.Config{Desk: desk, Demands: h.demands, Record: h.recordCall, Now: now, Logger: logger})
	if err != nil {
		return nil, err
	}
	h.doors = append(h.doors, door{"echo", func(ctx context.Context) error {
		<-ctx.Done()
		server.Close()
		return nil
	}})
	return server, nil
}

// soundAddresses are where phones send their sound: the public host's.
func (h *house) soundAddresses(ctx context.Context) []netip.Addr {
	if a, err := netip.ParseAddr(h.config.PublicHost); err == nil {
		return []netip.Addr{a}
	}
	found, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", h.config.PublicHost)
	return found
}

// demands reports whether a caller's calls must be encrypted: its location says so, else its organisation, else the flag.
func (h *house) demands(ctx context.Context, c echo.Caller) (bool, error) {
	tenant := customer.Tenant{Partner: customer.OrgID(c.Partner), Customer: customer.OrgID(c.Customer)}
	device, err := h.core.Device(ctx, tenant, provisioning.DeviceID(c.Device))
	if err != nil {
		return false, err
	}
	policy, err := h.customers.EchoPolicy(ctx, tenant, device.Location, customer.EchoPolicy(h.config.EchoEncryption))
	return policy == customer.EchoDemanded, err
}

// recordCall puts a call into the phone's boot trace.
func (h *house) recordCall(r echo.Record) {
	h.core.RecordCall(provisioning.CallNote{
		Device: provisioning.DeviceID(r.Caller.Device), Peer: r.Peer, Transport: r.Transport, UserAgent: r.UserAgent, Finding: string(r.Finding), Words: r.Words,
	})
}
