package diagnosis

// Cause is one reason for which a phone has no dial tone, or one of the two good answers.
type Cause struct {
	Code     Code
	Sentence string // names the cause; {mac}, {time} and the like stand for what the facts say
	NextStep string
	// tells reports whether the facts bear the cause out.
	tells func(f Facts) (finding, bool)
}

// Causes returns all there are, in the order in which they are looked for.
func Causes() []Cause { return causes() }

// causes is the table, in the order in which causes are looked for: addresses that the tenant has no phone with; what a phone that is registered met in its last
// call to the echo; what is fine; what the phone met
// last when it fetched, the surest first; what it met when it registered; what is told from what it didn't do.
func causes() []Cause {
	var all []Cause
	for _, part := range [][]Cause{unknownCauses(), echoCauses(), fineCauses(), fetchCauses(), codeCauses(), proofCauses(), pathCauses(), sipCauses(), absenceCauses()} {
		all = append(all, part...)
	}
	return all
}

// unknownCauses are about MAC addresses that none of the tenant's phones has.
func unknownCauses() []Cause {
	return []Cause{
		{
			"other_organization", "The phone {mac} belongs to another organisation of yours.",
			"Delete the device there first, or plug the phone in where it belongs.", otherOrganization,
		},
		{
			"mac_mistyped", "There is no phone {mac}, but {near}: {slip}.",
			"Compare the address with the label on the phone, then replace the device's MAC address by the right one.", nearKnown,
		},
		{
			"unknown_asked", "There is no phone {mac}, though one has asked {count} times, last at {seen}.",
			"Create a device with this MAC address; the phone finds its file when it asks again.", unknownAsked,
		},
		{
			"unknown", "There is no phone {mac}, and nothing has been heard of it.",
			"Compare the address with the label on the phone, and create a device with it.", unknown,
		},
	}
}

// echoCauses are about the last call to the echo, of a phone that is registered.
func echoCauses() []Cause {
	return []Cause{
		{
			"echo_refused", "The phone {mac} is registered, but its call to the echo at {time} was refused: {answer}.",
			"Change what the phone offers, in its settings for media encryption and codecs, or what is demanded of it, and call again.", called(EchoRefused),
		},
		{
			"echo_unacknowledged", "The phone {mac} is registered, but never acknowledged the echo's answer to its call, which ended at {time}.",
			"See that the firewall of the site leaves SIP alone (switch its SIP helper, or ALG, off) and that the phone reaches the SIP port.", called(EchoUnacknowledged),
		},
		{
			"echo_no_keys", "The phone {mac} is registered, but no key for its sound was agreed on in its call to the echo, which ended at {time}: {answer}.",
			"See that the firewall lets UDP through both ways between the phone and the echo's ports, or let the phone use SDES-SRTP over TLS.", called(EchoNoKeys),
		},
		{
			"echo_silent", "The phone {mac} is registered, but no sound of it arrived in its call to the echo, which ended at {time}: {answer}.",
			"See that the firewalls let UDP from the phone through to the echo's ports, and that the phone isn't muted or on hold.", called(EchoSilent),
		},
		{
			"echo_unreadable", "The phone {mac} is registered, but its sound in its call to the echo, which ended at {time}, wasn't encrypted with the key that was agreed on: {answer}.",
			"Switch SRTP from optional to mandatory on the phone, and upgrade its firmware; something between that changes the session description does the same.", called(EchoUnreadable),
		},
		{
			"echo_one_way", "The phone {mac} is registered and its sound arrived, but it reported that it got none of the echo in its call, which ended at {time}: {answer}.",
			"See that the firewall and NAT of the site let UDP from the echo's ports back to the phone.", called(EchoOneWay),
		},
		{
			"echo_lossy", "The phone {mac} is registered, but the sound of its call to the echo, which ended at {time}, was bad: {answer}.",
			"Look for a full line, Wi-Fi or a wrong duplex setting on the way, and give sound precedence there (DSCP EF).", called(EchoLossy),
		},
		{
			"echo_clear", "The phone {mac} has dial tone, but others could have listened to its call to the echo, which ended at {time}: {answer}.",
			"Set the phone to TLS for what is said to be in the clear of the signalling, and to mandatory SRTP for that of the sound.", called(EchoClear),
		},
	}
}

// fineCauses are the good answers, and what they would hide.
func fineCauses() []Cause {
	return []Cause{
		{
			"node_gone", "The phone {mac} is registered with the server {node}, which was last heard of at {gone}: it can't be reached.",
			"Start that server. The phone registers with another one by itself, at {until} at the latest; restart it if that is too late.", nodeGone,
		},
		{
			"dial_tone", "The phone {mac} has dial tone: it is registered until {until}, with revision {revision} of its file.",
			"Nothing is to be done.", dialTone,
		},
		{
			"dial_tone_own_file", "The phone {mac} has dial tone: it is registered until {until}. Somebody else writes its file.",
			"Nothing is to be done.", dialToneOwnFile,
		},
	}
}

// fetchCauses are what a phone met that no setting of it can mend, or that says at once what is wrong.
func fetchCauses() []Cause {
	return []Cause{
		{
			"our_fault", "We failed the phone {mac} at {time}: the server couldn't answer {path}.",
			"Look for errors in the server's log at that time. The phone asks again by itself.", ourFault,
		},
		{
			"throttled", "The phone {mac} must wait: too many wrong credentials came for it from {peer}.",
			"Mend the password first (open an enrolment window), then wait five minutes, or restart the phone after that.", tried(Throttled),
		},
		{
			"other_phone", "The phone that asked for the file of {mac} at {time} says that it is another one.",
			"Take the MAC address out of the phone's provisioning URL, so that it uses its own, and restart it.", tried(OtherPhone),
		},
		{
			"bad_certificate", "The certificate that the phone {mac} showed at {time} doesn't count: {rule}.",
			"Open an enrolment window, or add the certificate authority that issued it to those that are trusted.", badCertificate,
		},
		{
			"wrong_http_password", "The phone {mac} shows a wrong password over HTTPS.",
			"Open an enrolment window and restart the phone: it gets its password with its file.", tried(WrongProof),
		},
		{
			"unexpanded_macro", "The phone {mac} asks for {path}: a macro of its provisioning URL wasn't expanded.",
			"Correct the spelling of the macro in the phone's profile rule, e.g. $MA for its MAC address.", tried(Unexpanded),
		},
		{
			"enterprise_firmware", "The phone {mac} has enterprise firmware, which asks for {path}.",
			"Convert the phone to multiplatform firmware; until then it can't read a file of ours.", tried(Enterprise),
		},
		{
			"other_model", "The record says that {mac} is a {model}, but the phone says \"{agent}\".",
			"Delete the device and create it with the model that the phone really is.", otherModel,
		},
		{
			"old_firmware", "The firmware {version} of the phone {mac} is older than {least}, which its file needs.",
			"Upgrade the phone's firmware by hand, then restart it.", oldFirmware,
		},
		{
			"firmware_loop", "The phone {mac} fetched the firmware {firmware} again and again within a day, and doesn't run it.",
			"It is told that firmware no more. See whether the file is for this model and hardware, and whether a step between the versions is needed; then give the mended file another name.", firmwareLoop,
		},
	}
}

// codeCauses are about activation codes.
func codeCauses() []Cause {
	return []Cause{
		{
			"code_in_clear", "The phone {mac} brought an activation code without encryption, where none counts.",
			"Enter the address on the phone again, with https before it, and issue a new code: the old one was seen.", tried(ClearCode),
		},
		{
			"code_expired", "The activation code of the {model} expired at {expires} before a phone came with it.",
			"Issue a new activation code and enter that on the phone.", codeExpired,
		},
		{
			"code_wrong", "The activation code that the phone brought at {time} doesn't count: it is wrong, used, or was replaced.",
			"Issue a new activation code and enter that on the phone.", tried(WrongCode),
		},
		{
			"code_waiting", "The {model} waits for a phone that brings its activation code, until {expires}.",
			"Enter the code on the phone; if it is lost, issue a new one.", codeWaiting,
		},
	}
}

// proofCauses are about phones that we don't let in, or that don't let us.
func proofCauses() []Cause {
	return []Cause{
		{
			"enrolment_expired", "The enrolment window of the phone {mac} ended at {ended}, and the phone came after it, at {time}.",
			"Open the enrolment window again, and restart the phone while it is open.", enrolmentExpired,
		},
		{
			"locked", "The phone {mac} asked for its file and showed nothing that proves who it is, while no enrolment window is open.",
			"Open an enrolment window for the device, and restart the phone while it is open.", locked,
		},
		{
			"tls_handshake", "The phone {mac} broke off the TLS handshake at {time}: {answer}.",
			"Check the phone's clock (NTP) and whether it trusts our certificate's authority; see which TLS versions its firmware knows.", tried(HandshakeFailed),
		},
		{
			"server_untrusted", "The phone {mac} fetches its bootstrap file again and again, and never comes over HTTPS.",
			"See that the phone reaches the HTTPS port, trusts our certificate's authority, and has the right time (NTP).", serverUntrusted,
		},
	}
}

// pathCauses are about files that aren't there.
func pathCauses() []Cause {
	return []Cause{
		{
			"missing_file", "The phone {mac} needs {path}, which isn't here.",
			"Compare the device's model with the phone; if it is right, the file is missing on the server.", tried(Missing),
		},
		{
			"wrong_path", "The phone {mac} asks for {path}, which nobody serves.",
			"Correct the provisioning URL: it must end in the phone's MAC address, or in nothing behind the last slash.", tried(WrongPath),
		},
	}
}

// sipCauses are what a phone met when it registered.
func sipCauses() []Cause {
	return []Cause{
		{
			"unknown_sip_user", "A phone at the address of {mac} tried to register with a user or domain that isn't there.",
			"Let the phone fetch its file again: its lines are of a device that was deleted or replaced, or were typed in by hand.", trieds(UnknownSIP),
		},
		{
			"wrong_sip_password", "The phone {mac} tries to register with a wrong password.",
			"Let the phone fetch its file again; for a phone that somebody else configures, enter the line's password anew.", trieds(WrongPassword),
		},
		{
			"sip_throttled", "The phone {mac} must wait: too many wrong SIP passwords came for its line from {peer}.",
			"Mend the password, then wait five minutes.", trieds(Throttled),
		},
		{
			"upstream_away", "The phone {mac} proved itself at {time}, but your own registrar, to which registrations are handed on, doesn't answer: {answer}.",
			"See that your registrar runs and is reached from here; phones register again by themselves when it answers.", handedOn(UpstreamAway),
		},
		{
			"upstream_refused", "The phone {mac} proved itself at {time}, but your own registrar, to which registrations are handed on, refused its line: {answer}.",
			"Give your registrar the line with its user name, domain and password, then restart the phone.", handedOn(UpstreamRefused),
		},
	}
}

// absenceCauses are told from what a phone didn't do.
func absenceCauses() []Cause {
	return []Cause{
		{
			"never_seen", "Nothing has ever been heard of the phone {mac}.",
			"See that the phone has power and network, and that DHCP option 66, 160 or 43, or its own menu, names our provisioning URL.", neverSeen,
		},
		{
			"stale_revision", "The phone {mac} fetched revision {fetched} of its file at {time}; revision {revision} was made since, and it hasn't been back.",
			"Ask the phone to look for changes (apply changes), or restart it.", staleRevision,
		},
		{
			"unregistered", "The phone {mac} took its registration back at {time}.",
			"See whether somebody logged out, or switched the phone or its line off.", unregistered,
		},
		{
			"registration_expired", "The phone {mac} was registered, last at {time}, and has gone silent since.",
			"See that the phone has power and network; if several are silent at one site, look at the site's line.", registrationExpired,
		},
		{
			"no_srv", "The phone {mac} has its file and doesn't find the registrar: {dns}.",
			"See that the phone's DNS server reaches ours, and that the phone looks for NAPTR and SRV: a port in its SIP settings would defeat that.", noSRV,
		},
		{
			"never_registered", "The phone {mac} fetched its file at {time} and hasn't tried to register.",
			"See that the phone reaches the SIP port, and that its line is switched on; restart it.", neverRegistered,
		},
		{
			"bootstrap_only", "The phone {mac} fetched its bootstrap file at {time} and hasn't come for its own file over HTTPS since.",
			"Wait a minute; if it doesn't come, see that it reaches the HTTPS port and trusts our certificate's authority.", bootstrapOnly,
		},
		{
			"unexplained", "The phone {mac} has no dial tone, and what is known of it doesn't say why.",
			"Look at its contacts, and restart the phone while you watch them.", unexplained,
		},
	}
}
