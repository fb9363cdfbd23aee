package main

import (
	"context"
	"crypto/x509"
	"io"
	"os"
	"time"

	"dialtone/phone"
	"dialtone/secret"
)

// phoneTrust is what both phone commands take about DNS, TLS and time.
type phoneTrust struct {
	DNS       string        `name:"dns" placeholder:"ADDR" help:"DNS server to ask, HOST:PORT; the system's if not given."`
	CA        string        `name:"ca" placeholder:"FILE" help:"PEM file of a CA to trust besides the system's and those that the bootstrap names."`
	Insecure  bool          `help:"Don't check the server's certificate."`
	Transport string        `enum:",udp,tcp,tls" default:"" placeholder:"udp|tcp|tls" help:"SIP transport instead of the one that the phone is told."`
	Timeout   time.Duration `default:"5s" help:"Time for each step (${default})."`
}

// roots reads the CA file; nil when there is none.
func (t phoneTrust) roots() (*x509.CertPool, error) {
	if t.CA == "" {
		return nil, nil //nolint:nilnil // no file was named: the system's roots will do
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, usage("--ca: %s can't be read: %w", t.CA, rootCause(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage("--ca: %s holds no certificate in PEM", t.CA)
	}
	return pool, nil
}

// phoneStay is what a phone does behind its registration.
type phoneStay struct {
	Stay      time.Duration `placeholder:"DURATION" help:"Keep registered so long: register again in time, at another server when this one is gone, and answer what the server tells."`
	KeepAlive time.Duration `default:"25s" placeholder:"DURATION" help:"How often a staying phone sends an empty line, to keep a NAT open and to notice that its server is gone (${default})."`
}

func (s phoneStay) stay() phone.Stay { return phone.Stay{For: s.Stay, KeepAlive: s.KeepAlive} }

type phoneBootCommand struct {
	phoneTrust
	phoneStay
	MAC        string `name:"mac" required:"" placeholder:"MAC" help:"Hardware address, in any spelling."`
	Model      string `required:"" placeholder:"MODEL" help:"Model, such as \"Cisco 8851\", T54W or VVX450."`
	Server     string `required:"" placeholder:"URL" help:"What DHCP would say: tftp://, http:// or https:// HOST[:PORT], or a bare host."`
	Code       string `placeholder:"CODE" help:"Activation code that somebody types into the phone behind an https:// server; better given as DIALTONE_CODE."`
	User       string `help:"User name that the phone has from an earlier boot."`
	Password   string `help:"Its password; better given as DIALTONE_PASSWORD."`
	Unregister bool   `help:"Unregister again at the end."`
}

func (c *phoneBootCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	_, err = phone.Boot(ctx, phone.BootConfig{
		MAC: c.MAC, Model: c.Model, Server: c.Server, Code: secret.New(c.Code), DNS: c.DNS, CA: roots, InsecureTLS: c.Insecure, Transport: c.Transport, Timeout: c.Timeout,
		Access: phone.Access{UserName: c.User, Password: secret.New(c.Password)}, Unregister: c.Unregister, Stay: c.stay(),
	}, stdout)
	return asUsage(err)
}

type phoneRegisterCommand struct {
	phoneTrust
	phoneStay
	User       string `required:"" help:"SIP user name."`
	Domain     string `required:"" help:"SIP domain."`
	Password   string `required:"" help:"SIP password; better given as DIALTONE_PASSWORD."`
	Proxy      string `placeholder:"HOST[:PORT]" help:"Where to send requests; without it the domain is located by DNS."`
	Expires    int    `default:"3600" help:"Seconds to ask for (${default})."`
	Unregister bool   `help:"Unregister again at the end."`
}

func (c *phoneRegisterCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	_, err = phone.Register(ctx, phone.RegisterConfig{
		User: c.User, Domain: c.Domain, Password: secret.New(c.Password), Proxy: c.Proxy, DNS: c.DNS, CA: roots, InsecureTLS: c.Insecure,
		Transport: c.Transport, Timeout: c.Timeout, Expires: c.Expires, Unregister: c.Unregister, Stay: c.stay(),
	}, stdout)
	return asUsage(err)
}

// phoneCallCommand calls from a line that is given, or from the first line of a phone that boots.
type phoneCallCommand struct {
	phoneTrust
	To       string        `arg:"" optional:"" default:"echo" help:"User to call in the line's domain (${default})."`
	MAC      string        `name:"mac" placeholder:"MAC" help:"Boot as the phone with this hardware address first, and call from its first line; needs --model and --server."`
	Model    string        `placeholder:"MODEL" help:"Its model."`
	Server   string        `placeholder:"URL" help:"What DHCP would say to it."`
	User     string        `help:"SIP user name; with --mac, the phone's own from an earlier boot."`
	Password string        `help:"Its password; better given as DIALTONE_PASSWORD."`
	Domain   string        `help:"SIP domain, without --mac."`
	Proxy    string        `placeholder:"HOST[:PORT]" help:"Where to send requests; without it the domain is located by DNS."`
	Sound    string        `enum:"rtp,sdes,dtls" default:"rtp" help:"Protection of the sound: rtp for none, sdes or dtls (${default})."`
	Talk     time.Duration `default:"3s" help:"How long to send the tone (${default})."`
}

func (c *phoneCallCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	config := phone.CallConfig{
		RegisterConfig: phone.RegisterConfig{
			User: c.User, Domain: c.Domain, Password: secret.New(c.Password), Proxy: c.Proxy, DNS: c.DNS, CA: roots, InsecureTLS: c.Insecure,
			Transport: c.Transport, Timeout: c.Timeout,
		},
		To: c.To, Sound: c.Sound, Talk: c.Talk,
	}
	if c.MAC != "" {
		booted, err := phone.Boot(ctx, phone.BootConfig{
			MAC: c.MAC, Model: c.Model, Server: c.Server, DNS: c.DNS, CA: roots, InsecureTLS: c.Insecure, Transport: c.Transport, Timeout: c.Timeout,
			Access: phone.Access{UserName: c.User, Password: secret.New(c.Password)},
		}, stdout)
		if err != nil {
			return asUsage(err)
		}
		config.Line = &booted.Lines[0]
	}
	_, err = phone.Call(ctx, config, stdout)
	return asUsage(err)
}
