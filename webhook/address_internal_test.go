package webhook

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/fault"
)

func TestOnlyPublicAddressesAreReached(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"93.184.216.34:443": true, "93.184.216.34:1024": true, "93.184.216.34:65535": true, "8.8.8.8:8443": true, "[2606:2800:220:1::1]:443": true,
		"93.184.216.34:80": false, "93.184.216.34:22": false, "93.184.216.34:1023": false, "93.184.216.34:0": false,
		"0.0.0.0:443": false, "0.1.2.3:443": false, "10.0.0.1:443": false, "10.255.255.255:443": false, "11.0.0.0:443": true, "100.64.0.1:443": false,
		"100.127.255.255:443": false, "100.128.0.1:443": true, "127.0.0.1:443": false, "127.9.9.9:8443": false, "169.254.169.254:443": false,
		"172.16.0.1:443": false, "172.31.255.255:443": false, "172.32.0.1:443": true, "192.0.0.8:443": false, "192.0.2.1:443": false, "192.88.99.1:443": false,
		"192.168.1.1:443": false, "198.18.0.1:443": false, "198.19.255.255:443": false, "198.51.100.7:443": false, "203.0.113.7:443": false,
		"224.0.0.1:443": false, "239.1.1.1:443": false, "240.0.0.1:443": false, "255.255.255.255:443": false,
		"[::]:443": false, "[::1]:443": false, "[::7f00:1]:443": false, "[fc00::1]:443": false, "[fd12::1]:443": false, "[fe80::1%eth0]:443": false,
		"[fec0::1]:443": false, "[ff02::1]:443": false, "[2001:db8::1]:443": false, "[3fff::1]:443": false, "[100::1]:443": false, "[2001::1]:443": false,
		"[5f00::1]:443": false, "[64:ff9b:1::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[::ffff:93.184.216.34]:443": true,
		"[64:ff9b::7f00:1]:443": false, "[64:ff9b::a9fe:a9fe]:443": false, "[64:ff9b::5db8:d822]:443": true,
		"[2002:7f00:1::1]:443": false, "[2002:c0a8:101::1]:443": false, "[2002:5db8:d822::1]:443": true,
	} {
		err := checkDialled(address)
		assert.Equal(t, allowed, err == nil, "%s: %v", address, err)
		if err != nil {
			assert.True(t, fault.Is(err, fault.Denied), "%s: %v", address, err)
		}
	}
	assert.Error(t, checkDialled("nonsense"))
	assert.Error(t, checkAddress(netip.AddrPort{}))
}

func TestTargetsAreChecked(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"https://tools.example.com/changes": "", "https://tools.example.com:8443/?key=1": "", "https://93.184.216.34/": "",
		"": "is needed", "http://tools.example.com/": "must begin with https://", "ftp://tools.example.com/": "must begin with https://",
		"tools.example.com": "absolute URL", "https:///x": "absolute URL", "https:tools.example.com": "absolute URL", "https://a b/": "absolute URL",
		"https://tools.example.com/\x00": "absolute URL", "https://tööls.example/": "absolute URL", "https://user:pw@tools.example.com/": "no user and password",
		"https://user@tools.example.com/": "no user and password", "https://tools.example.com/#x": "no fragment", "https://tools.example.com:80/": "Port 80",
		"https://tools.example.com:99999/": "a port that isn't one", "https://127.0.0.1/": "isn't one of the internet", "https://[::1]/": "isn't one of the internet",
		"https://[::ffff:10.0.0.1]/": "isn't one of the internet", "https://" + string(make([]byte, 1100)): "at most 1024 bytes",
	} {
		var p problems
		p.target(target, false)
		if want == "" {
			assert.Empty(t, p.list, target)
			continue
		}
		if assert.Len(t, p.list, 1, target) {
			assert.Contains(t, p.list[0].Message, want, target)
			assert.Equal(t, "targetUrl", p.list[0].Field)
		}
	}
	var p problems
	p.target("http://127.0.0.1:80/", true)
	assert.Empty(t, p.list, "in a laboratory")
	p.target("http://user@127.0.0.1:80/", true)
	assert.Len(t, p.list, 1)
}

// FuzzTarget holds that what is accepted has no password in it, and names a host.
func FuzzTarget(f *testing.F) {
	f.Add("https://tools.example.com:8443/?key=1")
	f.Add("https://user:pw@[::1]:443/")
	f.Fuzz(func(t *testing.T, text string) {
		var p problems
		p.target(text, false)
		if len(p.list) == 0 && hostOf(text) == "" {
			t.Errorf("%q was accepted", text)
		}
	})
}
