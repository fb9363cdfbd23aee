package deviceprofiles

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Cisco multiplatform phones (MPP). A phone asks for a file named after its model wherever DHCP sends it, follows Profile_Rule_B from there, and
// keeps doing both at each boot. Everything is one flat XML profile (provisioning guide, "Provisioning Formats").

// ciscoRetry is the wait after failures, in seconds: never 0, which would mean never again.
const ciscoRetry = "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400"

func ciscoFiles(m Model, mac MAC) []Asset {
	number := strings.TrimPrefix(m.DisplayName, "Cisco ")
	return []Asset{
		{Path: number + "-3PCC.xml"},
		{Path: "Cisco/CP-" + number + "-3PCC/" + mac.Lower() + ".cfg"},
		{Path: mac.Lower() + ".xml", Secret: true},
	}
}

// ciscoBootstrap leaves Profile_Rule at its factory value, so that the phone goes on following DHCP.
func ciscoBootstrap(svc Service) (File, error) {
	p := newSettings()
	if url := svc.caURL(); url != "" {
		p.set("Custom_CA_Rule", url)
	}
	p.set("Profile_Rule_B", ciscoRule(svc))
	ciscoResync(p)
	p.set("Webex_Onboard_Enable", "No")
	return p.flatProfile()
}

// ciscoEnrolled in GPP_A says that GPP_SA holds the phone's own password.
const ciscoEnrolled = "enrolled"

// ciscoRule is where the phone's own file is. It stands alike in the bootstrap and in the phone's own file, as the bootstrap is read again at each
// boot: with the password that the phone keeps in GPP_SA once it is enrolled, without before. A secret can't be asked for in a condition, hence
// the mark in GPP_A (provisioning guide, "Macro Expansion" and "Conditional Expressions").
func ciscoRule(svc Service) string {
	url := svc.HTTPSBase + "/$MA.xml"
	return `("$A" eq "` + ciscoEnrolled + `")?[--uid $MA --pwd $SA]` + url + "|" + url
}

// ciscoRules name the phone's own file. Where somebody typed a code, the code stands in Profile_Rule, which is first, and a rule that fails ends the
// round: as the code counts no more, the way to the file takes its place.
func ciscoRules(p *settings, s Settings) {
	if !s.Activated {
		p.set("Profile_Rule_B", ciscoRule(s.Service))
		return
	}
	p.set("Profile_Rule", ciscoRule(s.Service))
	p.set("Profile_Rule_B", "")
}

// ciscoResync keeps the phone asking: once a day, after each boot, and when SIP tells it to.
func ciscoResync(p *settings) {
	p.set("Provision_Enable", "Yes")
	p.set("Resync_On_Reset", "Yes")
	p.set("Resync_Periodic", "86400")
	p.set("Resync_Error_Retry_Delay", ciscoRetry)
	p.set("Resync_From_SIP", "Yes")
}

// ciscoOwn is the phone's own profile: everything that it needs to know, and the password that it shows from then on.
func ciscoOwn(s Settings) (File, error) {
	rule, err := clockRuleOf(s.TimeZone)
	if err != nil {
		return File{}, err
	}
	p := newOwnSettings(s)
	p.set("Device_Config_Version", "rev-"+strconv.FormatInt(s.Revision, 10))
	if url := s.Service.caURL(); url != "" {
		p.set("Custom_CA_Rule", url)
	}
	ciscoRules(p, s)
	p.set("GPP_A", ciscoEnrolled)
	p.set("GPP_SA", s.Access.Password.Reveal())
	ciscoResync(p)
	p.set("Admin_Password", s.AdminPassword.Reveal())
	p.set("Webex_Onboard_Enable", "No")
	p.set("Block_Nonproxy_SIP", "Yes")
	p.set("Station_Name", s.Lines[0].DisplayName)
	ciscoClock(p, s, rule)
	keys := s.Layout.Resolve(s.Model, s.Lines)
	for place := 1; place <= max(s.Model.LinePorts, s.Model.LineKeys); place++ {
		ciscoLine(p, s, place, keys)
	}
	ciscoModules(p, s, keys)
	p.rest()
	return p.flatProfile()
}

func ciscoClock(p *settings, s Settings, rule clockRule) {
	if s.Service.NTPServer != "" {
		p.set("Primary_NTP_Server", s.Service.NTPServer)
	}
	p.set("Ignore_DHCP_Time_Offset", "Yes")
	p.set("Time_Zone", ciscoZone(rule.offset))
	summer := rule.save > 0
	p.set("Daylight_Saving_Time_Enable", yesNo(summer))
	if summer {
		p.set("Daylight_Saving_Time_Rule", fmt.Sprintf("start=%s;end=%s;save=%d:%d:0", ciscoChange(rule.start), ciscoChange(rule.end), rule.save/3600, rule.save/60%60))
	}
	format := "24hr"
	if s.Country == "US" || s.Country == "CA" {
		format = "12hr"
	}
	p.set("Time_Format", format)
}

// ciscoZone writes an offset as the phone's list has it, which knows Greenwich by its name alone.
func ciscoZone(offset int) string {
	if offset == 0 {
		return "GMT"
	}
	return "GMT" + hoursMinutes(offset, "%02d:%02d")
}

// ciscoChange writes month/day/weekday/time: the day is the first on which the weekday can fall, or -1 for the last; Sunday is 7.
func ciscoChange(c change) string {
	day := (c.week-1)*7 + 1
	if c.week == lastWeek {
		day = -1
	}
	weekday := int(c.weekday)
	if c.weekday == time.Sunday {
		weekday = 7
	}
	return fmt.Sprintf("%d/%d/%d/%d:%d:0", c.month, day, weekday, c.hour, c.minute)
}

// ciscoLine writes the line and the key of one number. What the phone doesn't have is switched off and not left out: a line that is left out stays as
// it was.
func ciscoLine(p *settings, s Settings, port int, keys []Key) {
	set := func(name, value string) { p.set(name+"_"+strconv.Itoa(port)+"_", value) }
	line, ok := lineAt(s.Lines, port)
	if port <= s.Model.LinePorts {
		set("Line_Enable", yesNo(ok))
	}
	ciscoKey(p, s, port, keys)
	if !ok {
		return
	}
	set("SIP_Transport", strings.ToUpper(string(s.SIP.Transport)))
	set("Proxy", line.Domain)
	set("Outbound_Proxy", hostPort(s.SIP))
	srv := yesNo(s.SIP.OutboundPort == 0)
	set("Use_DNS_SRV", srv)
	set("DNS_SRV_Auto_Prefix", srv)
	set("Register", "Yes")
	set("Register_Expires", strconv.Itoa(s.SIP.Expires))
	set("Display_Name", line.DisplayName)
	set("User_ID", line.UserName)
	set("Auth_ID", line.AuthName)
	set("Password", line.Password.Reveal())
	set("Auth_Resync-Reboot", "No")
	secure := "Optional"
	if s.SIP.Transport == TLS {
		secure = "Required"
	}
	set("Secure_Call_Option", secure)
	if line.HotlineDestination != "" {
		set("Dial_Plan", p.hotline("(P0<:", line.HotlineDestination, ">)"))
	}
}

func lineAt(lines []Line, port int) (Line, bool) {
	for _, l := range lines {
		if l.Port == port {
			return l, true
		}
	}
	return Line{}, false
}

// hostPort writes the outbound proxy; without a port, so that the phone looks it up, when it has none.
func hostPort(sip SIP) string {
	if sip.OutboundPort == 0 {
		return sip.OutboundProxy
	}
	return net.JoinHostPort(sip.OutboundProxy, strconv.Itoa(sip.OutboundPort))
}

// hoursMinutes writes an offset with its sign, e.g. -06:00.
func hoursMinutes(seconds int, form string) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + fmt.Sprintf(form, seconds/3600, seconds/60%60)
}
