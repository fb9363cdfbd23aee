package diagnosis

import (
	"strconv"
	"strings"
	"time"
)

// tried makes the rule of a cause that is one outcome among a phone's troubles with its files.
func tried(o Outcome) func(Facts) (finding, bool) {
	return func(f Facts) (finding, bool) {
		met := with(f.fetchTrouble(), o)
		if f.Device == nil || len(met) == 0 {
			return finding{}, false
		}
		return finding{met, values{"answer": met[0].Answer}}, true
	}
}

// trieds is tried for registrations.
func trieds(o Outcome) func(Facts) (finding, bool) {
	return func(f Facts) (finding, bool) {
		met := with(f.sipTrouble(), o)
		return finding{evidence: met}, f.Device != nil && len(f.Registrations) == 0 && len(met) > 0
	}
}

// handedOn is trieds for what a registrar of the partner's own did: of several outcomes the newest is the cause.
func handedOn(o Outcome) func(Facts) (finding, bool) {
	return func(f Facts) (finding, bool) {
		for _, c := range f.sipTrouble() {
			if c.Outcome == UpstreamAway || c.Outcome == UpstreamRefused {
				tells, found := trieds(o)(f)
				tells.values = values{"answer": strings.TrimSuffix(c.Answer, ".")}
				return tells, found && c.Outcome == o
			}
		}
		return finding{}, false
	}
}

func otherOrganization(f Facts) (finding, bool) { return finding{}, f.Device == nil && f.Elsewhere }

// nearKnown is for a MAC address that nobody has, near one that a device has; and for a device that nothing was heard of, near an address that asked.
func nearKnown(f Facts) (finding, bool) {
	for _, n := range f.Near {
		v := values{"slip": string(n.Slip)}
		switch {
		case f.Device == nil && n.Seen == nil:
			v["near"] = "a device has the address " + n.MAC
			return finding{f.Contacts, v}, true
		case f.Device != nil && n.Seen != nil && len(f.Contacts) == 0:
			v["near"] = "one with the address " + n.MAC + ", which no device has, asked at " + moment(n.Seen.Last)
			return finding{nil, v}, true
		}
	}
	return finding{}, false
}

func unknownAsked(f Facts) (finding, bool) {
	if f.Device != nil || f.Seen == nil {
		return finding{}, false
	}
	return finding{f.Contacts, values{"count": strconv.FormatInt(f.Seen.Count, 10), "seen": moment(f.Seen.Last)}}, true
}

func unknown(f Facts) (finding, bool) { return finding{}, f.Device == nil }

// registered returns until when the first registration of a phone is good.
func registered(f Facts) (string, bool) {
	if f.Device == nil || len(f.Registrations) == 0 {
		return "", false
	}
	return moment(f.states().ExpectedBy), true
}

// nodeGone is a phone whose registrations all came to servers that aren't there.
func nodeGone(f Facts) (finding, bool) {
	if f.Device == nil || len(f.Registrations) == 0 {
		return finding{}, false
	}
	first := f.Registrations[0]
	for _, r := range f.Registrations {
		if r.NodeGone.IsZero() {
			return finding{}, false
		}
		if r.Expires.Before(first.Expires) {
			first = r
		}
	}
	return finding{with(f.Contacts, Registered), values{"node": first.Node, "gone": moment(first.NodeGone), "until": moment(first.Expires)}}, true
}

// dialTone is a registered phone that has the file which counts, as far as is known: of one that was never seen to fetch, it isn't known.
func dialTone(f Facts) (finding, bool) {
	until, ok := registered(f)
	if !ok || !f.Device.Configured {
		return finding{}, false
	}
	fetched, seen := f.newest(Served)
	if seen && fetched.Revision < f.Device.Revision || len(with(f.fetchTrouble(), Bootstrap)) < len(f.fetchTrouble()) {
		return finding{}, false
	}
	return finding{good(f), values{"until": until}}, true
}

func dialToneOwnFile(f Facts) (finding, bool) {
	until, ok := registered(f)
	if !ok || f.Device.Configured {
		return finding{}, false
	}
	return finding{good(f), values{"until": until}}, true
}

// good is the evidence that all is fine: the newest registration, the newest fetch, and a call to the echo that went well.
func good(f Facts) []Contact {
	var out []Contact
	for _, o := range []Outcome{Registered, Served, EchoWell} {
		if c, ok := f.newest(o); ok {
			out = append(out, c)
		}
	}
	return out
}

// callCounts is how long a call to the echo counts: the installer who made one has long found out by then.
const callCounts = time.Hour

// called makes the rule of a cause that is what a registered phone met in its last call to the echo.
func called(o Outcome) func(Facts) (finding, bool) {
	return func(f Facts) (finding, bool) {
		if f.Device == nil || len(f.Registrations) == 0 {
			return finding{}, false
		}
		for _, c := range f.Contacts {
			if !c.Outcome.ofCall() {
				continue
			}
			answer := strings.TrimSuffix(strings.TrimPrefix(c.Answer, "This call can't be taken: "), ".")
			return finding{[]Contact{c}, values{"answer": answer}}, c.Outcome == o && f.Now.Sub(c.Time) < callCounts
		}
		return finding{}, false
	}
}

// ofCall reports whether an outcome is that of a call to the echo.
func (o Outcome) ofCall() bool { return strings.HasPrefix(string(o), "echo_") }

func ourFault(f Facts) (finding, bool) {
	met := with(f.fetchTrouble(), OurFault)
	if len(met) == 0 && len(f.Registrations) == 0 {
		met = with(f.sipTrouble(), OurFault)
	}
	return finding{evidence: met}, f.Device != nil && len(met) > 0
}

func badCertificate(f Facts) (finding, bool) {
	found, ok := tried(BadCertificate)(f)
	if ok {
		found.values["rule"] = found.evidence[0].Rule
	}
	return found, ok
}

// lastAgent is what the phone last said of itself when it asked for a file.
func lastAgent(f Facts) (Agent, Contact, bool) {
	for _, c := range f.Contacts {
		if agent := c.Agent; agent.Vendor != "" && c.Door != DoorSIP && !c.ByAddress && c.Outcome != OtherPhone {
			return agent, c, true
		}
	}
	return Agent{}, Contact{}, false
}

func otherModel(f Facts) (finding, bool) {
	agent, c, said := lastAgent(f)
	if f.Device != nil && f.Device.Configured && said && !agent.fits(*f.Device) {
		return finding{[]Contact{c}, values{"agent": c.UserAgent}}, true
	}
	found, ok := tried(OtherFamily)(f)
	if ok {
		found.values["agent"] = found.evidence[0].UserAgent
	}
	return found, ok
}

func oldFirmware(f Facts) (finding, bool) {
	agent, c, said := lastAgent(f)
	if f.Device == nil || !said || !agent.tooOld() || len(f.Registrations) > 0 {
		return finding{}, false
	}
	return finding{[]Contact{c}, values{"version": agent.Version, "least": agent.Least}}, true
}

func firmwareLoop(f Facts) (finding, bool) {
	if f.Device == nil || f.Device.Looping == "" || len(f.Registrations) > 0 {
		return finding{}, false
	}
	return finding{values: values{"firmware": f.Device.Looping}}, true
}

func codeExpired(f Facts) (finding, bool) {
	if found, ok := tried(ExpiredCode)(f); ok {
		found.values["expires"] = moment(f.Device.CodeExpires)
		return found, true
	}
	if f.Device == nil || !f.Device.CodeWaiting || f.Device.CodeExpires.IsZero() || f.Now.Before(f.Device.CodeExpires) {
		return finding{}, false
	}
	return finding{f.Contacts, values{"expires": moment(f.Device.CodeExpires)}}, true
}

func codeWaiting(f Facts) (finding, bool) {
	if f.Device == nil || !f.Device.CodeWaiting || f.Device.CodeExpires.IsZero() {
		return finding{}, false
	}
	return finding{f.Contacts, values{"expires": moment(f.Device.CodeExpires)}}, true
}

func enrolmentExpired(f Facts) (finding, bool) {
	found, ok := tried(NoProof)(f)
	if !ok || f.Device.EnrolmentUntil.IsZero() || found.evidence[0].Time.Before(f.Device.EnrolmentUntil) {
		return finding{}, false
	}
	found.values["ended"] = moment(f.Device.EnrolmentUntil)
	return found, true
}

func locked(f Facts) (finding, bool) {
	found, ok := tried(NoProof)(f)
	return found, ok && !f.Now.Before(f.Device.EnrolmentUntil)
}

// bootstraps is how often a phone fetches one and the same bootstrap file before that is a sign: once is as it should be, twice a restart.
const bootstraps = 3

func serverUntrusted(f Facts) (finding, bool) {
	times := map[string]int{}
	for _, c := range f.Contacts {
		if c.Door == "https" {
			break
		}
		if c.Outcome != Bootstrap {
			continue
		}
		if times[c.Request]++; times[c.Request] >= bootstraps {
			return finding{evidence: with(f.Contacts, Bootstrap)}, f.Device != nil
		}
	}
	return finding{}, false
}

func bootstrapOnly(f Facts) (finding, bool) {
	if f.Device == nil || len(f.Registrations) > 0 {
		return finding{}, false
	}
	for _, c := range f.Contacts {
		switch {
		case c.Door == "https" || c.Door == DoorSIP:
			return finding{}, false
		case c.Outcome == Bootstrap:
			return finding{evidence: []Contact{c}}, true
		}
	}
	return finding{}, false
}

func neverSeen(f Facts) (finding, bool) { return finding{}, f.Device != nil && len(f.Contacts) == 0 }

func staleRevision(f Facts) (finding, bool) {
	c, ok := f.newest(Served)
	if !ok || f.Device == nil || c.Revision >= f.Device.Revision {
		return finding{}, false
	}
	return finding{[]Contact{c}, values{"fetched": strconv.FormatInt(c.Revision, 10)}}, true
}

func unregistered(f Facts) (finding, bool) {
	for _, c := range f.Contacts {
		switch c.Outcome { //nolint:exhaustive // the two that decide
		case Registered:
			return finding{}, false
		case Unregistered:
			return finding{evidence: []Contact{c}}, f.Device != nil && len(f.Registrations) == 0
		}
	}
	return finding{}, false
}

func registrationExpired(f Facts) (finding, bool) {
	c, ok := f.newest(Registered)
	return finding{evidence: []Contact{c}}, ok && f.Device != nil && len(f.Registrations) == 0
}

// silentAfterFetch returns a phone's newest fetch of its own file, if nothing of SIP came since.
func silentAfterFetch(f Facts) (Contact, bool) {
	c, ok := f.newest(Served)
	if !ok || f.Device == nil || len(f.Registrations) > 0 {
		return Contact{}, false
	}
	for _, other := range f.Contacts {
		if other.Door == DoorSIP && other.Time.After(c.Time) {
			return Contact{}, false
		}
	}
	return c, true
}

// queriesCount is how long before a fetch a question for the domain still counts for the phone: resolvers remember answers that long.
const queriesCount = time.Hour

func noSRV(f Facts) (finding, bool) {
	fetched, ok := silentAfterFetch(f)
	if !ok || !f.Device.ByName {
		return finding{}, false
	}
	asked, missing := false, ""
	for _, q := range f.Queries {
		if q.Time.Before(fetched.Time.Add(-queriesCount)) {
			continue
		}
		asked = true
		if !q.Exists {
			missing = q.Question
			continue
		}
		if len(q.Question) > 1 && q.Question[0] != 'A' { // NAPTR and SRV; A and AAAA find an address without a port
			return finding{}, false
		}
	}
	v := values{"dns": "nobody has asked for " + f.Device.Domain}
	switch {
	case f.Device.Obstacle != "":
		v["dns"] = f.Device.Obstacle
	case missing != "":
		v["dns"] = "it was told that " + missing + " doesn't exist"
	case asked:
		v["dns"] = "only addresses were asked for, and no SRV record of " + f.Device.Domain
	}
	return finding{append([]Contact{fetched}, with(f.Contacts, Lookup)...), v}, true
}

func neverRegistered(f Facts) (finding, bool) {
	c, ok := silentAfterFetch(f)
	return finding{evidence: []Contact{c}}, ok
}

func unexplained(f Facts) (finding, bool) { return finding{evidence: f.Contacts}, true }
