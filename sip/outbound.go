package sip

import (
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/provisioning"
)

// The extensions of REGISTER that this door knows, as Require and Supported have them.
const (
	extensionPath     = "path"     // RFC 3327
	extensionOutbound = "outbound" // RFC 5626
	extensionGRUU     = "gruu"     // RFC 5627
	supported         = extensionGRUU + ", " + extensionOutbound + ", " + extensionPath
)

// statusNoOutbound is 439, which sipgo doesn't name: the proxy that the phone came through can't keep its flow.
const statusNoOutbound = 439

// flowTimer is how many seconds may pass between two signs of life on a flow over a stream (RFC 5626 section 5.4). It is the section's own upper
// bound for what phones do unasked, so that asking costs no phone more than it would spend. Over UDP phones keep to their own 24 to 29 seconds.
const flowTimer = 120

// The bounds of what is stored of a way through proxies, in values and bytes.
const (
	maxHops = 8
	maxPath = 1024
)

// has reports whether one of the option tags that a phone or a proxy listed is tag, in any case.
func has(headers []string, tag string) bool {
	for _, header := range headers {
		for name := range strings.SplitSeq(header, ",") {
			if strings.EqualFold(strings.TrimSpace(name), tag) {
				return true
			}
		}
	}
	return false
}

// unknownExtensions returns what a request makes a condition and this door doesn't know, as it was spelled.
func unknownExtensions(required []string) string {
	var unknown []string
	for _, header := range required {
		for name := range strings.SplitSeq(header, ",") {
			name = strings.TrimSpace(name)
			if name != "" && !has([]string{supported}, name) {
				unknown = append(unknown, name)
			}
		}
	}
	return strings.Join(unknown, ", ")
}

// readPath joins the Path header fields: the proxies between us and the phone, in the order in which a request to the phone has to pass them.
func readPath(headers []string) (path string, ok bool) {
	var hops []string
	for _, header := range headers {
		for _, value := range splitList(header) {
			a, ok := parseAddress(value)
			if !ok {
				return "", false
			}
			if _, ok = parseURI(a.uri); !ok {
				return "", false
			}
			hops = append(hops, strings.TrimSpace(value))
		}
	}
	path = strings.Join(hops, ", ")
	return path, len(hops) <= maxHops && len(path) <= maxPath
}

// flow reads whether a REGISTER makes or ends a flow. Without the phone's word for it in Supported, and without an instance, a reg-id counts for
// nothing (RFC 5626 section 6), and is taken out. A problem comes back in words for a reason phrase.
func (o *order) flow(r request) (problem string) {
	flows := 0
	for i := range o.contacts {
		c := &o.contacts[i]
		if c.InstanceID == "" || !has(r.supported, extensionOutbound) {
			c.RegID = 0
		}
		if c.RegID != 0 && c.Expires > 0 {
			flows++
		}
	}
	if flows > 1 {
		return "More Than One Flow"
	}
	o.outbound = flows == 1
	return ""
}

// refuseWay refuses a request by the way that it came; nil if there is nothing against it. A phone that wants a flow through a proxy needs one
// that keeps flows, which says so in its own entry of Path, the last (RFC 5626 section 6). A Path that the phone didn't say that it understands
// would lead its calls where it doesn't know of (RFC 3327 section 6.1), so that the operator has to want it.
func (s *Server) refuseWay(r request, o order) *sip.Response {
	switch {
	case o.outbound && o.proxied && !keepsFlows(o.path):
		return s.respond(r, statusNoOutbound, "First Hop Lacks Outbound Support")
	case o.path != "" && !s.config.PathUnasked && !has(r.supported, extensionPath):
		return s.unsupported(r, extensionPath)
	}
	return nil
}

// keepsFlows reports whether the proxy that is next to the phone does.
func keepsFlows(path string) bool {
	hops := splitList(path)
	a, _ := parseAddress(hops[len(hops)-1])
	u, ok := parseURI(a.uri)
	return ok && slices.Contains(strings.Split(u.parameters, ";"), "ob")
}

// proxied reports whether somebody stands between us and who made the request: each adds a Via.
func proxied(vias []string) bool {
	count := 0
	for _, via := range vias {
		count += len(splitList(via))
	}
	return count > 1
}

// addWay tells a phone what became of the extensions that it used.
func (s *Server) addWay(res *sip.Response, r request, o order, peer Peer) {
	if o.path != "" && has(r.supported, extensionPath) {
		add(res, "Path", o.path)
	}
	ours := true
	for _, h := range o.said {
		add(res, h.Name, h.Value)
		ours = ours && h.Name != serviceRoute
	}
	for _, route := range s.config.ServiceRoutes {
		if ours {
			add(res, serviceRoute, route)
		}
	}
	if o.outbound {
		add(res, "Require", extensionOutbound)
		if peer.Transport != "udp" {
			add(res, "Flow-Timer", strconv.Itoa(flowTimer))
		}
	}
	add(res, "Supported", supported)
}

// readRegID reads which flow of a phone a contact is: 1 to 2^31-1, 0 for none.
func readRegID(text string) uint32 {
	if text == "" { // as nearly always
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// topPreference is that of a contact which names none.
const topPreference = 1000

// readPreference reads a q value of at most three decimals (RFC 3261 section 25.1), in thousandths. What isn't one counts as none: the phone can be
// called all the same.
func readPreference(text string) int {
	if text == "" { // as nearly always
		return topPreference
	}
	whole, decimals, _ := strings.Cut(text, ".")
	if len(decimals) > 3 || whole != "0" && whole != "1" {
		return topPreference
	}
	n, err := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 16)
	if err != nil || n > topPreference {
		return topPreference
	}
	return int(n)
}

// writePreference adds the q value of a binding, unless it is what none means.
func writePreference(b *strings.Builder, binding provisioning.Binding) {
	if binding.Q >= topPreference || binding.Q < 0 {
		return
	}
	b.WriteString(";q=" + strings.TrimRight(strconv.FormatFloat(float64(binding.Q)/topPreference, 'f', 3, 64), "0."))
	if binding.Q == 0 {
		b.WriteString("0")
	}
}
