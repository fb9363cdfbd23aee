package deviceprofiles

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Yealink desk phones. A phone asks for two .boot files, then for a common file named after its model's number, then for the file named after its
// MAC address. We have no .boot files: where there is one, only what it includes is fetched. Everything is lines of "name = value"
// (auto-provisioning guide).

// yealinkReset stands for a value that the phone takes back to its factory's; an empty one it may keep as it was.
const yealinkReset = "%NULL%"

// yealinkFiles begins with the common file, whose number follows no rule: the catalogue has it. Every number is served alike.
func yealinkFiles(m Model, mac MAC) []Asset {
	return []Asset{
		{Path: m.CommonFile},
		{Path: mac.Lower() + ".cfg"},
		{Path: mac.Lower() + ".cfg", Secret: true},
	}
}

// yealinkBootstrap moves the phone to HTTPS. A new address is asked only at the next start or poll, a day later, hence the restart; it is ordered
// in the file with the MAC address alone, which a phone that is with us already never gets: over HTTPS that name is its own file.
func yealinkBootstrap(h Hit, svc Service) (File, error) {
	p := newSettings()
	yealinkProvisioning(p, svc)
	if h.HasMAC {
		p.set("static.auto_provision.reboot_force.enable", "1")
	}
	return p.lines()
}

func yealinkProvisioning(p *settings, svc Service) {
	p.set("static.auto_provision.server.url", svc.HTTPSBase+"/")
	p.set("static.auto_provision.power_on", "1")
	p.set("static.auto_provision.repeat.enable", "1")
	p.set("static.auto_provision.repeat.minutes", "1440")
	p.set("static.auto_provision.dhcp_option.enable", "0") // else DHCP would send it back to the open files at each boot
	p.set("static.auto_provision.pnp_enable", "0")         // anybody on the local network could answer it
	if url := svc.caURL(); url != "" {
		p.set("static.trusted_certificates.url", url)
		p.set("static.security.ca_cert", "2") // the factory's and ours
	}
	p.set("static.security.trust_certificates", "1")
	p.set("static.security.cn_validation", "1")
}

func yealinkOwn(s Settings) (File, error) {
	rule, err := clockRuleOf(s.TimeZone)
	if err != nil {
		return File{}, err
	}
	p := newOwnSettings(s)
	yealinkProvisioning(p, s.Service)
	p.set("static.auto_provision.server.username", s.Access.UserName)
	p.set("static.auto_provision.server.password", s.Access.Password.Reveal())
	p.set("static.security.user_password", "admin:"+s.AdminPassword.Reveal())
	p.set("static.auto_provision.reboot_force.enable", "0")
	p.set("sip.notify_reboot_enable", "0")
	yealinkClock(p, s, rule)
	p.preset("lang.gui", yealinkLanguage(s.Language))
	for port := 1; port <= s.Model.LinePorts; port++ {
		yealinkLine(p, s, port)
	}
	yealinkFeatures(p, s.Lines[0])
	yealinkKeys(p, s)
	p.rest()
	return p.lines()
}

func yealinkClock(p *settings, s Settings, rule clockRule) {
	if s.Service.NTPServer != "" {
		p.set("local_time.ntp_server1", s.Service.NTPServer)
		p.set("local_time.manual_ntp_srv_prior", "1")
	}
	p.set("local_time.time_zone", yealinkZone(rule.offset))
	format := "1"
	if s.Country == "US" || s.Country == "CA" {
		format = "0"
	}
	p.preset("local_time.time_format", format)
	if rule.save == 0 {
		p.set("local_time.summer_time", "0")
		return
	}
	p.set("local_time.summer_time", "1")
	p.set("local_time.dst_time_type", "1") // by week
	p.set("local_time.start_time", yealinkChange(rule.start))
	p.set("local_time.end_time", yealinkChange(rule.end))
	p.set("local_time.offset_time", strconv.Itoa(rule.save/60))
}

// yealinkZone writes an offset as the phone's list has it: +1, -3:30, and 0 without a sign.
func yealinkZone(offset int) string {
	if offset == 0 {
		return "0"
	}
	return strings.TrimSuffix(hoursMinutes(offset, "%d:%02d"), ":00")
}

// yealinkChange writes month/week/weekday/hour: week 5 is the last, Sunday is 7. The phone has no place for minutes.
func yealinkChange(c change) string {
	weekday := int(c.weekday)
	if c.weekday == time.Sunday {
		weekday = 7
	}
	return fmt.Sprintf("%d/%d/%d/%d", c.month, c.week, weekday, c.hour)
}

func yealinkLine(p *settings, s Settings, port int) {
	set := func(name, value string) { p.set("account."+strconv.Itoa(port)+"."+name, value) }
	line, ok := lineAt(s.Lines, port)
	set("enable", zeroOne(ok))
	if !ok {
		return
	}
	set("label", line.Label)
	set("display_name", line.DisplayName)
	set("user_name", line.UserName)
	set("auth_name", line.AuthName)
	set("password", line.Password.Reveal())
	set("sip_server.1.address", line.Domain)
	transport := map[SIPTransport]string{UDP: "0", TCP: "1", TLS: "2"}[s.SIP.Transport]
	srv := s.SIP.OutboundPort == 0
	if srv {
		transport = "3" // the phone looks up NAPTR and SRV, which say the transport
	}
	set("sip_server.1.transport_type", transport)
	set("sip_server.1.port", strconv.Itoa(s.SIP.OutboundPort)) // a port other than 0 would stop the phone from looking SRV up
	set("sip_server.1.expires", strconv.Itoa(s.SIP.Expires))
	set("outbound_proxy_enable", zeroOne(!srv))
	if !srv {
		set("outbound_proxy.1.address", s.SIP.OutboundProxy)
		set("outbound_proxy.1.port", strconv.Itoa(s.SIP.OutboundPort))
	}
	srtp := "1"
	if s.SIP.Transport == TLS {
		srtp = "2"
	}
	set("srtp_encryption", srtp)
}

// yealinkLanguage returns the phone's word for a locale's language.
func yealinkLanguage(locale string) string {
	words := map[string]string{
		"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
		"ru": "Russian", "tr": "Turkish", "zh": "Chinese_S", "ar": "Arabic", "ko": "Korean", "ja": "Japanese",
	}
	if word, ok := words[languageOf(locale)]; ok {
		return word
	}
	return "English"
}
