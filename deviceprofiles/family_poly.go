package deviceprofiles

import (
	"strconv"
	"strings"
)

// Poly phones with UC Software: VVX and Edge E. A phone asks for a master file, named after its MAC address or else twelve zeros, which names the
// files with the settings. In those only attribute names count (administrator guide).

func polyFiles(mac MAC) []Asset {
	return []Asset{
		{Path: mac.Lower() + ".cfg"},
		{Path: polyMasterName},
		{Path: polyBootstrapName},
		{Path: mac.Lower() + ".cfg", Secret: true},
		{Path: mac.Lower() + polyOwnSuffix, Secret: true},
	}
}

// polyOwnSuffix ends the name of a phone's own settings file, behind its MAC address.
const polyOwnSuffix = "-user.cfg"

// polyBootstrap is the open master, and the settings file that it names: our HTTPS address and our CA. The latter also answers for the phone's own
// settings file, in case a phone remembers its name.
func polyBootstrap(h Hit, svc Service) (File, error) {
	if h.Name != polyBootstrapName && !strings.HasSuffix(h.Name, polyOwnSuffix) {
		return polyMaster(polyBootstrapName)
	}
	p := newSettings()
	polyProvisioning(p, svc)
	return p.attributes("polycomConfig")
}

// polyMaster names one settings file. APP_FILE_PATH is left out: we host no firmware, and a wrong one costs minutes at each boot.
func polyMaster(file string) (File, error) {
	p := newSettings()
	p.set("CONFIG_FILES", file)
	p.set("MISC_FILES", "")
	p.set("LOG_FILE_DIRECTORY", "")
	p.set("OVERRIDES_DIRECTORY", "")
	p.set("CONTACTS_DIRECTORY", "")
	return p.attributes("APPLICATION")
}

// The names of the device.* group, and how the switch is named that each of its settings needs beside it.
const (
	polyDeviceGroup  = "device."
	polyDeviceSwitch = ".set"
)

// polyDevice sets a setting of the device.* group.
func polyDevice(p *settings, name, value string) {
	p.set(name, value)
	p.set(name+polyDeviceSwitch, "1")
}

func polyProvisioning(p *settings, svc Service) {
	p.set("device.set", "1")
	scheme, address, _ := strings.Cut(svc.HTTPSBase, "://")
	polyDevice(p, "device.prov.serverType", strings.ToUpper(scheme))
	polyDevice(p, "device.prov.serverName", address)
	polyDevice(p, "device.dhcp.bootSrvUseOpt", "Static") // else DHCP would send it back to the open files at each boot
	polyDevice(p, "device.prov.tagSerialNo", "1")
	polyDevice(p, "device.baseProfile", "Generic")
	if len(svc.CACertificate) > 0 {
		p.setBlock("device.sec.TLS.customCaCert1", svc.CACertificate)
		p.set("device.sec.TLS.customCaCert1.set", "1")
		p.setBlock("sec.TLS.customCaCert.1", svc.CACertificate)
	}
	polyDevice(p, "device.sec.TLS.prov.strictCertCommonNameValidation", "1")
	p.set("prov.polling.enabled", "1")
	p.set("prov.polling.mode", "rel")
	p.set("prov.polling.period", "86400")
	p.set("prov.autoConfigUpload.enabled", "0")
}

// polyOwn is the phone's own settings file, with the pair that it shows from then on.
func polyOwn(s Settings) (File, error) {
	rule, err := clockRuleOf(s.TimeZone)
	if err != nil {
		return File{}, err
	}
	p := newOwnSettings(s)
	polyProvisioning(p, s.Service)
	polyDevice(p, "device.prov.user", s.Access.UserName)
	polyDevice(p, "device.prov.password", s.Access.Password.Reveal())
	polyDevice(p, "device.auth.localAdminPassword", s.AdminPassword.Reveal())
	p.set("voIpProt.SIP.specialEvent.checkSync.alwaysReboot", "0")
	p.set("sec.TLS.SIP.strictCertCommonNameValidation", "1")
	secure := s.SIP.Transport == TLS
	p.set("sec.srtp.enable", "1")
	p.set("sec.srtp.offer", zeroOne(secure))
	p.set("sec.srtp.require", zeroOne(secure))
	polyClock(p, s, rule)
	p.preset("lcl.ml.lang", polyLanguage(s.Language))
	for _, line := range s.Lines {
		polyLine(p, s, line)
		polyHotline(p, line)
	}
	polyKeys(p, s)
	p.rest()
	return p.attributes("polycomConfig")
}

func polyClock(p *settings, s Settings, rule clockRule) {
	const group = "tcpIpApp.sntp."
	if s.Service.NTPServer != "" {
		p.set(group+"address", s.Service.NTPServer)
		p.set(group+"address.overrideDHCP", "1")
	}
	p.set(group+"gmtOffset", strconv.Itoa(rule.offset))
	p.set(group+"gmtOffset.overrideDHCP", "1")
	p.preset("lcl.datetime.time.24HourClock", zeroOne(s.Country != "US" && s.Country != "CA"))
	p.set(group+"daylightSavings.enable", zeroOne(rule.save > 0))
	if rule.save == 0 {
		return
	}
	p.set(group+"daylightSavings.fixedDayEnable", "0")
	polyChange(p, group+"daylightSavings.start", rule.start)
	polyChange(p, group+"daylightSavings.stop", rule.end)
}

// polyChange writes a change by weekday: the date is the first on which it can fall; Sunday is 1.
func polyChange(p *settings, group string, c change) {
	p.set(group+".month", strconv.Itoa(int(c.month)))
	last := c.week == lastWeek
	date := (c.week-1)*7 + 1
	if last {
		date = 1
	}
	p.set(group+".date", strconv.Itoa(date))
	p.set(group+".dayOfWeek", strconv.Itoa(int(c.weekday)+1))
	p.set(group+".dayOfWeek.lastInMonth", zeroOne(last))
	p.set(group+".time", strconv.Itoa(c.hour))
}

func polyLine(p *settings, s Settings, line Line) {
	set := func(name, value string) { p.set("reg."+strconv.Itoa(line.Port)+"."+name, value) }
	set("address", line.UserName+"@"+line.Domain)
	set("displayName", line.DisplayName)
	set("label", line.Label)
	set("auth.userId", line.AuthName)
	set("auth.password", line.Password.Reveal())
	set("server.1.address", line.Domain)
	set("server.1.expires", strconv.Itoa(s.SIP.Expires))
	set("server.1.register", "1")
	transport := map[SIPTransport]string{UDP: "UDPOnly", TCP: "TCPOnly", TLS: "TLS"}[s.SIP.Transport]
	if s.SIP.OutboundPort == 0 { // the phone looks up NAPTR and SRV; a port would stop it
		set("server.1.transport", "DNSnaptr")
		set("server.1.port", "0")
		return
	}
	set("server.1.transport", transport)
	set("server.1.port", strconv.Itoa(s.SIP.OutboundPort))
	set("outboundProxy.address", s.SIP.OutboundProxy)
	set("outboundProxy.port", strconv.Itoa(s.SIP.OutboundPort))
	set("outboundProxy.transport", transport)
}

// polyLanguage returns the phone's word for a locale.
func polyLanguage(locale string) string {
	words := map[string]string{
		"fr": "French_France", "de": "German_Germany", "es": "Spanish_Spain", "it": "Italian_Italy", "nl": "Dutch_Netherlands", "pl": "Polish_Poland",
		"pt": "Portuguese_Portugal", "ru": "Russian_Russia", "sv": "Swedish_Sweden", "da": "Danish_Denmark", "nb": "Norwegian_Norway",
		"ja": "Japanese_Japan", "ko": "Korean_Korea", "zh": "Chinese_China",
	}
	if word, ok := words[languageOf(locale)]; ok {
		return word
	}
	if strings.EqualFold(locale, "en_gb") {
		return "English_United_Kingdom"
	}
	return "English_United_States"
}
