package dhcp_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/deviceprofiles"
	"dialtone/dhcp"
	"dialtone/fault"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before you commit them")

// samples are the requests whose outputs are kept in testdata.
func samples() map[string]dhcp.Request {
	return map[string]dhcp.Request{
		"everybody": {
			Host: "phones.example.com", Scheme: dhcp.HTTP, Port: 8081, Domain: "example.com", VLAN: 20,
			NTP: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, Blocks: deviceprofiles.AddressBlocks,
		},
		"few": {
			Host: "2001:db8::5", Scheme: dhcp.HTTPS, Port: 443, Blocks: deviceprofiles.AddressBlocks,
			Families: []deviceprofiles.Family{deviceprofiles.Poly, "snom"},
		},
		"tftp": {
			Host: "192.0.2.7", Scheme: dhcp.TFTP, Port: 6969, Blocks: func(deviceprofiles.Family) []string { return nil },
			Families: []deviceprofiles.Family{deviceprofiles.CiscoMPP, "snom", "grandstream", deviceprofiles.Generic},
		},
		"nobody": {
			Host: "phones.example.com", Scheme: dhcp.HTTP, Port: 80, Families: []deviceprofiles.Family{deviceprofiles.Generic},
		},
	}
}

// outputs are the files that a plan makes, by the ending of their names.
func outputs(t require.TestingT, request dhcp.Request) map[string]string {
	plan, err := dhcp.NewPlan(request)
	require.NoError(t, err)
	kea, err := plan.Kea()
	require.NoError(t, err)
	return map[string]string{"dnsmasq.conf": plan.Dnsmasq(), "kea.json": kea, "windows.ps1": plan.Windows()}
}

func TestWhatServersAreTold(t *testing.T) {
	t.Parallel()
	for name, request := range samples() {
		for ending, got := range outputs(t, request) {
			file := filepath.Join("testdata", name+"."+ending)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, file)
		}
	}
}

func TestDnsmasqTakesIt(t *testing.T) {
	t.Parallel()
	program := requireProgram(t, "dnsmasq", "dnsmasq-base")
	for name, request := range samples() {
		file := writeFile(t, outputs(t, request)["dnsmasq.conf"])
		out, err := exec.CommandContext(t.Context(), program, "--test", "--conf-file="+file).CombinedOutput()
		assert.NoError(t, err, "%s: %s", name, out)
	}
}

func TestKeaTakesIt(t *testing.T) {
	t.Parallel()
	program := requireProgram(t, "kea-dhcp4", "kea-dhcp4-server")
	for name, request := range samples() {
		cmd := exec.CommandContext(t.Context(), program, "-t", writeFile(t, outputs(t, request)["kea.json"]))
		cmd.Env = append(os.Environ(), "KEA_LOCKFILE_DIR=none", "KEA_PIDFILE_DIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s: %s", name, out)
		assert.NotContains(t, string(out), "ERROR", name)
	}
}

// A token is a folder of each URL, in front of whatever the family's form has behind the address.
func TestATokenIsInEachURL(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef0123456789abcdef"
	request := dhcp.Request{Host: "phones.example.com", Scheme: dhcp.HTTPS, Port: 443, Token: token, Blocks: deviceprofiles.AddressBlocks}
	text := outputs(t, request)["dnsmasq.conf"]
	for _, want := range []string{"/t-" + token + "/$PSN.xml\"", "/t-" + token + "/\"", "/t-" + token + "/Config{MAC}.cfg\"", "/t-" + token + "\""} {
		assert.Contains(t, text, "\"https://phones.example.com"+want)
	}
	assert.NotContains(t, strings.ReplaceAll(text, "phones.example.com/t-"+token, ""), "https://phones")
	for _, bad := range []string{"t-" + token, token[1:], strings.ToUpper(token), token + "\n", "../" + token[3:]} {
		request.Token = bad
		_, err := dhcp.NewPlan(request)
		assert.ErrorContains(t, err, "token", bad)
	}
}

// Whatever is asked for, Kea's file says it in JSON, and each value begins with the address.
func TestValuesLeadHere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		request := dhcp.Request{
			Host:   rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,30}){0,7}`).Draw(t, "host"),
			Scheme: rapid.SampledFrom([]dhcp.Scheme{dhcp.HTTP, dhcp.HTTPS, dhcp.TFTP}).Draw(t, "scheme"),
			Port:   rapid.IntRange(1, 65535).Draw(t, "port"),
			Blocks: deviceprofiles.AddressBlocks,
		}
		var file struct {
			DHCP4 struct {
				Classes []struct {
					Name    string `json:"name"`
					Options []struct {
						Code int    `json:"code"`
						Data string `json:"data"`
					} `json:"option-data"`
				} `json:"client-classes"`
			} `json:"Dhcp4"`
		}
		require.NoError(t, json.Unmarshal([]byte(outputs(t, request)["kea.json"]), &file))
		require.NotEmpty(t, file.DHCP4.Classes)
		for _, c := range file.DHCP4.Classes {
			require.NotEmpty(t, c.Options, c.Name)
			for _, o := range c.Options {
				require.True(t, strings.HasPrefix(o.Data, string(request.Scheme)+"://"+request.Host), "%s: %s", c.Name, o.Data)
			}
		}
	})
}

// Gigaset's bases take 74 characters in option 114: what is longer isn't given at all, as half an address leads nowhere.
func TestAnAddressTooLongForOneOption(t *testing.T) {
	t.Parallel()
	request := dhcp.Request{
		Host: strings.Repeat("a", 60) + ".example.com", Scheme: dhcp.HTTP, Port: 8081, Blocks: deviceprofiles.AddressBlocks,
		Families: []deviceprofiles.Family{"gigaset"},
	}
	got := outputs(t, request)["dnsmasq.conf"]
	assert.Contains(t, got, "# Option 114 is left out: it takes 74 characters here, and http://"+request.Host+":8081 has 84.\n")
	assert.NotContains(t, got, ",114,")
	assert.Contains(t, got, ",66,\"http://"+request.Host+":8081\"\n")
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	good := dhcp.Request{Host: "h", Scheme: dhcp.HTTP, Port: 80, Blocks: deviceprofiles.AddressBlocks}
	tests := map[string]struct {
		change func(*dhcp.Request)
		want   string
	}{
		"no host":           {func(r *dhcp.Request) { r.Host = "" }, `host: "" is neither a host name nor an address`},
		"a quote":           {func(r *dhcp.Request) { r.Host = `h"x` }, `host: "h\"x" is neither a host name nor an address`},
		"a line":            {func(r *dhcp.Request) { r.Host = "h\ndhcp-script=/x" }, `host: "h\ndhcp-script=/x" is neither a host name nor an address`},
		"a zone":            {func(r *dhcp.Request) { r.Host = "fe80::1%$(x)" }, `host: "fe80::1%$(x)" is neither a host name nor an address`},
		"a long name":       {func(r *dhcp.Request) { r.Host = strings.Repeat("a.", 127) }, `host: "` + strings.Repeat("a.", 127) + `" is neither a host name nor an address`},
		"no scheme":         {func(r *dhcp.Request) { r.Scheme = "ftp" }, `scheme: "ftp" is none of http, https and tftp`},
		"no port":           {func(r *dhcp.Request) { r.Port = 0 }, `port: 0 is no port from 1 to 65535`},
		"a high port":       {func(r *dhcp.Request) { r.Port = 65536 }, `port: 65536 is no port from 1 to 65535`},
		"a domain":          {func(r *dhcp.Request) { r.Domain = "a b" }, `domain: "a b" is no domain name`},
		"a VLAN":            {func(r *dhcp.Request) { r.VLAN = 4095 }, `vlan: 4095 is no VLAN from 1 to 4094`},
		"time over IPv6":    {func(r *dhcp.Request) { r.NTP = []netip.Addr{netip.MustParseAddr("::1")} }, "ntp: ::1 is no time server's IPv4 address, which is all that option 42 can carry"},
		"nowhere's time":    {func(r *dhcp.Request) { r.NTP = []netip.Addr{netip.MustParseAddr("0.0.0.0")} }, "ntp: 0.0.0.0 is no time server's IPv4 address, which is all that option 42 can carry"},
		"an unknown family": {func(r *dhcp.Request) { r.Families = []deviceprofiles.Family{"nokia"} }, `family: "nokia" is none of cisco-mpp, `},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := good
			tt.change(&request)
			_, err := dhcp.NewPlan(request)
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			assert.True(t, strings.HasPrefix(err.Error(), tt.want), "%v", err)
		})
	}
}

// The file can be added to by anybody, and is read by people: no line is one of ours but a comment, a class or an option.
func TestDnsmasqLinesAreOfThreeKinds(t *testing.T) {
	t.Parallel()
	for name, request := range samples() {
		for line := range strings.Lines(outputs(t, request)["dnsmasq.conf"]) {
			known := false
			for _, start := range []string{"#", "\n", "dhcp-vendorclass=set:dialtone-", "dhcp-mac=set:dialtone-", "dhcp-option=tag:dialtone-"} {
				known = known || strings.HasPrefix(line, start)
			}
			assert.True(t, known, "%s: %s", name, line)
		}
	}
}

// requireProgram finds a server's program, also where only root looks for it.
func requireProgram(t *testing.T, name, debianPackage string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if program, err := exec.LookPath(candidate); err == nil {
			return program
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s isn't installed", name)
	}
	t.Skipf("%s isn't installed (Debian package %s)", name, debianPackage)
	return ""
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}
