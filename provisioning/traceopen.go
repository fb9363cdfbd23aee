package provisioning

import (
	"fmt"
	"net/netip"
	"strings"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// traceOpen notes a fetch of the phone that the path names, or else of the one that the user agent names; of both, when they name two.
func (s *Service) traceOpen(r Request, hit deviceprofiles.Hit, v verdict, err error) {
	said := deviceprofiles.ParseAgent(r.UserAgent).MAC
	e := TraceEntry{
		MAC: hit.MAC, Device: v.device, Door: string(r.Transport), Peer: r.Peer.Addr(), Request: requestOf(r), UserAgent: r.UserAgent, Proof: r.Proof.Kind(),
		Revision: v.opened.Revision, Bytes: int64(len(v.opened.Body)), Answer: fmt.Sprintf("served %d bytes", len(v.opened.Body)), Rule: v.rule,
	}
	e.inbox = inboxHash(r.Proof.token)
	if !hit.HasMAC {
		e.MAC = said
	}
	if err != nil {
		e.Answer = refusalOf(v, err)
		e.Rule = ruleOfMiss(v.rule, r.Path, len(hit.Families) > 0, err)
	}
	e.Standing = standingOf(e, err)
	if hit.Firmware && err == nil && !r.Header {
		e.Firmware, e.Bytes, e.Answer = hit.Name, v.opened.Size, fmt.Sprintf("serves %d bytes", v.opened.Size)
	}
	if e.MAC == (deviceprofiles.MAC{}) && e.Device == "" {
		if hit.Image {
			return
		}
		e.Request = methodOf(r) + " " + nameOf(r.Path) // folders may be somebody's secret, and several phones may be told of this one request
	}
	s.Record(e)
	if e.Rule == RuleOtherPhone && said != e.MAC {
		e.MAC, e.Device = said, ""
		s.Record(e)
	}
}

// refusalOf says in words what a phone was answered that got nothing.
func refusalOf(v verdict, err error) string {
	if v.note != "" {
		return fault.KindOf(err).String() + ": " + v.note
	}
	return fault.KindOf(err).String()
}

// traceUpload notes what a phone sent.
func (s *Service) traceUpload(r Request, hit deviceprofiles.Hit, v verdict, kept keptUpload, err error) {
	e := TraceEntry{
		MAC: hit.MAC, Device: v.device, Door: string(r.Transport), Peer: r.Peer.Addr(), Request: "PUT " + deviceprofiles.MaskCodes(r.Path), UserAgent: r.UserAgent,
		Proof: r.Proof.Kind(), Answer: fmt.Sprintf("kept %d bytes", kept.received), Rule: v.rule, inbox: inboxHash(r.Proof.token),
	}
	if err != nil {
		e.Answer = refusalOf(v, err)
	}
	e.Standing = standingOf(e, err)
	s.Record(e)
}

// standingOf tells what a fetch means for how well the phone is doing.
func standingOf(e TraceEntry, err error) Standing {
	switch {
	case err == nil && e.Revision > 0:
		return StandingFetched
	case err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid):
		return StandingRefused
	default:
		return StandingNone
	}
}

func methodOf(r Request) string {
	if r.Header {
		return "HEAD"
	}
	return "GET"
}

func requestOf(r Request) string { return methodOf(r) + " " + deviceprofiles.MaskCodes(r.Path) }

// maxName bounds what is kept of a file's name without its folders, in bytes.
const maxName = 64

func nameOf(path string) string {
	return truncate(deviceprofiles.MaskCodes(path[strings.LastIndexByte(path, '/')+1:]), maxName)
}

// RecordHandshake notes a TLS handshake that failed, and why, for the phones that were heard of from the address. It never waits and never fails.
func (s *Service) RecordHandshake(peer netip.AddrPort, why string) {
	s.Record(TraceEntry{Door: string(HTTPS), Peer: peer.Addr(), Request: "TLS handshake", Answer: printable(why, maxUserAgent), Rule: RuleHandshake})
}
