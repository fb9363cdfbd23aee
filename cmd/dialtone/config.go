package main

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// commandLine is the whole command line. Every flag can be given as an environment variable too: --listen-sip as DIALTONE_LISTEN_SIP.
type commandLine struct {
	Serve     serveCommand     `cmd:"" help:"Run the server: every door that isn't off."`
	Bootstrap bootstrapCommand `cmd:"" help:"Create the first partner and print a full-admin API token."`
	RPL       rplCommand       `cmd:"" name:"rpl" help:"Denied-persons screening: load the list, or say which one is in force."`
	Nodes     nodesCommand     `cmd:"" help:"Say which nodes phones register at, and move phones away from one."`
	Usage     usageCommand     `cmd:"" help:"What is kept of usage, and what the log says: compare the two, or make it again."`
	Bans      bansCommand      `cmd:"" help:"Addresses that get no answer over SIP, as they tried user after user: list them, or lift one."`
	DNSSEC    dnssecCommand    `cmd:"" name:"dnssec" help:"Make the key that DNS signs with, if there is none, and print its DS record for the zone above."`
	DHCP      dhcpCommand      `cmd:"" name:"dhcp" help:"Print what a DHCP server has to tell phones so that they find this server."`
	Phone     phoneCommand     `cmd:"" help:"Be a phone: boot or register, step by step, each step said in words."`
}

// storage is what every command that opens the database takes.
type storage struct {
	Data     string `default:"./data" placeholder:"DIR" help:"Folder of the embedded database, the master key and the TLS files (${default})."`
	Database string `placeholder:"URL" help:"postgres://... instead of the embedded database in --data."`
}

type serveCommand struct {
	storage
	PublicHost  string `default:"127.0.0.1" placeholder:"NAME" help:"Name or address at which phones reach this server (${default})."`
	SIPDomain   string `name:"sip-domain" default:"sip.dialtone.test" placeholder:"NAME" help:"Parent of every customer's SIP domain (${default})."`
	ListenAdmin listen `default:"127.0.0.1:8080" placeholder:"ADDR" help:"REST API and health (${default})."`
	ListenHTTP  listen `name:"listen-http" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Phones, plain: bootstrap files without secrets (${default})."`
	ListenHTTPS listen `name:"listen-https" default:"127.0.0.1:8443" placeholder:"ADDR" help:"Phones over TLS (${default})."`
	ListenTFTP  listen `name:"listen-tftp" default:"127.0.0.1:6969" placeholder:"ADDR" help:"Phones over TFTP: bootstrap files without secrets (${default})."`
	ListenDNS   listen `name:"listen-dns" default:"127.0.0.1:5353" placeholder:"ADDR" help:"DNS for the SIP domains, UDP and TCP (${default})."`
	dnsFlags
	nodeFlags
	ListenSIP          listen   `name:"listen-sip" default:"127.0.0.1:5060" placeholder:"ADDR" help:"SIP over UDP and TCP (${default})."`
	ListenSIPS         listen   `name:"listen-sips" default:"127.0.0.1:5061" placeholder:"ADDR" help:"SIP over TLS (${default})."`
	ListenSIPDTLS      listen   `name:"listen-sip-dtls" default:"127.0.0.1:5062" placeholder:"ADDR" help:"SIP over DTLS (${default})."`
	ListenSIPWSS       listen   `name:"listen-sip-wss" default:"off" placeholder:"ADDR" help:"SIP in secure WebSockets, for phones in browsers (${default})."`
	RTPPorts           rtpPorts `name:"rtp-ports" default:"30000-30199" placeholder:"FIRST-LAST" help:"UDP ports for the sound of calls to the echo, two a call; any for free ones, off for no echo (${default})."`
	EchoEncryption     string   `name:"echo-encryption" enum:"offered,demanded" default:"offered" placeholder:"WORD" help:"Whether the echo takes calls as they are offered, or only encrypted ones: offered or demanded (${default}). What an organisation or a location says comes first."`
	EchoRefuseOpenKeys bool     `name:"echo-refuse-open-keys" help:"Don't take calls to the echo whose SRTP key came over signalling that isn't encrypted. Without this they are taken, and said to be readable."`
	ListenMetrics      listen   `default:"127.0.0.1:9090" placeholder:"ADDR" help:"Prometheus metrics (${default})."`
	// TFTPMaxBlockSize and the next are bounds of what phones may ask for; a block above 1468 bytes travels in fragments.
	TFTPMaxBlockSize  int    `name:"tftp-max-blksize" default:"1468" placeholder:"BYTES" help:"Largest TFTP block that a phone may ask for, from 8 to 65464 (${default}: what an Ethernet frame holds)."`
	TFTPMaxWindowSize int    `name:"tftp-max-windowsize" placeholder:"BLOCKS" help:"Largest TFTP window that a phone may ask for (64, or 8 with --tftp-single-port)."`
	TFTPSinglePort    bool   `name:"tftp-single-port" help:"Send files over TFTP from the port that phones ask, for firewalls and containers that let no other through."`
	SMTP              string `name:"smtp" placeholder:"URL" help:"Mail server: smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps://... Without one no e-mail is sent."`
	HubURL            string `name:"hub-url" placeholder:"URL" help:"Where people reach the admin door, such as https://hub.example.com: links in e-mails begin with it."`
	DeviceCA          string `name:"device-ca" placeholder:"DIR" help:"Folder with the CAs of phone makers, one folder each. Without it no certificate of a phone counts."`
	// WebhookAllowPrivate is for tests and laboratories: partners choose the targets, which else could be any machine of the operator's network.
	WebhookAllowPrivate bool `name:"webhook-allow-private" help:"Let webhooks reach private addresses, any port, and plain http. For tests and laboratories."`
	// ListenHTTPSLegacy is apart from ListenHTTPS, which stays as strict as it is.
	ListenHTTPSLegacy  listen    `name:"listen-https-legacy" default:"off" placeholder:"ADDR" help:"Old phones over TLS 1.0 to 1.2, which others can break (${default})."`
	TrustedProxies     []network `placeholder:"NET" help:"Networks of proxies in front of the phones' doors, whose X-Forwarded-For and X-Forwarded-Proto are believed."`
	ProxyCertificate   string    `enum:"off,client-cert,x-ssl-client-cert" default:"off" placeholder:"HEADER" help:"Header in which these proxies pass a phone's certificate on: client-cert (RFC 9440), x-ssl-client-cert (PEM with percent escapes), or off (${default})."`
	ClientCertificates bool      `default:"true" negatable:"" help:"Ask phones for their certificate in the TLS handshake; none has to show one."`
	SIPWebOrigins      []string  `name:"sip-web-origin" placeholder:"ORIGIN" help:"Origins whose pages may open WebSockets, such as https://phone.example.com; * for all. Without one, no browser may."`
	SIPServiceRoutes   []string  `name:"sip-service-route" sep:"none" placeholder:"ROUTE" help:"Proxy that phones send their calls through, as <sip:proxy.example.com;lr>; told when they register. Several in their order."`
	SIPPathUnasked     bool      `name:"sip-path-unasked" help:"Take registrations through proxies that want to be on the way back (Path) also from phones that don't say that they know of such."`
	Firmware           string    `placeholder:"DIR" help:"Folder with firmware files, which anybody may fetch below /firmware/. Without one there are none."`
	NotifyRate         int       `default:"50" placeholder:"N" help:"Phones that are told of changes in a second (${default})."`
	NotifyRateCustomer int       `default:"10" placeholder:"N" help:"The same, of one customer (${default})."`
	Operator           string    `placeholder:"ID" help:"The partner whose full administrators may drain nodes by the API: the id of its organisation. Without it nobody may, and dialtone nodes does it."`
	Demo               bool      `help:"Add a sample partner, customer, people and phones, and say how to try them."`
}

type bootstrapCommand struct {
	storage
	Partner string `required:"" placeholder:"NAME" help:"The partner's name."`
	Admin   string `required:"" placeholder:"EMAIL" help:"The first administrator's e-mail address."`
}

type phoneCommand struct {
	Boot     phoneBootCommand     `cmd:"" help:"Boot as a phone does: DNS, files, registration."`
	Register phoneRegisterCommand `cmd:"" help:"Register one line with credentials that you give."`
	Call     phoneCallCommand     `cmd:"" help:"Call the echo, send a tone and measure what comes back."`
}

// listen is a door's address; empty when the door is off.
type listen string

// off is the word that switches a door off.
const off = "off"

// UnmarshalText reads "off" or HOST:PORT with an IP address, or nothing for all addresses, and a port from 0 to 65535.
func (l *listen) UnmarshalText(text []byte) error {
	value := string(text)
	if value == off {
		*l = ""
		return nil
	}
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return usage("%q is no address: write HOST:PORT, or off", value)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return usage("%q has no port from 0 to 65535", value)
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return usage("%q has no IP address before its port", value)
	}
	*l = listen(value)
	return nil
}

// network is a network, or one address.
type network netip.Prefix

// UnmarshalText reads 10.1.0.0/16, or an address. The network of everybody is none that could be trusted.
func (n *network) UnmarshalText(text []byte) error {
	value := string(text)
	if address, err := netip.ParseAddr(value); err == nil && address.Zone() == "" {
		address = address.Unmap()
		*n = network(netip.PrefixFrom(address, address.BitLen()))
		return nil
	}
	prefix, err := netip.ParsePrefix(value)
	if err != nil || prefix.Addr().Is4In6() {
		return usage("%q is no network: write ADDRESS/BITS, or an address", value)
	}
	if prefix.Bits() == 0 {
		return usage("%q is everybody, and not everybody can be trusted", value)
	}
	*n = network(prefix.Masked())
	return nil
}

// action is a subcommand with its flags, ready to run.
type action func(ctx context.Context, stdout, stderr io.Writer) error

// parse reads the command line. A nil action without an error means that help was asked for and printed.
func parse(args []string, stdout io.Writer) (action, error) {
	var cli commandLine
	helped := false
	parser, err := kong.New(&cli,
		kong.Name("dialtone"),
		kong.Description("Plug in a desk phone anywhere, and it has dial tone."),
		kong.DefaultEnvars("DIALTONE"),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil, nil //nolint:nilnil // help was printed: there is nothing to run, and nothing wrong
	}
	if err != nil {
		return nil, usage("%s (dialtone --help lists what there is)", oneLine(err.Error()))
	}
	actions := map[string]action{
		"serve":           cli.Serve.run,
		"bootstrap":       cli.Bootstrap.run,
		"rpl load <file>": cli.RPL.Load.run,
		"rpl show":        cli.RPL.Show.run,

		"dnssec":              cli.DNSSEC.run,
		"nodes list":          cli.Nodes.List.run,
		"nodes drain <name>":  cli.Nodes.Drain.run,
		"nodes resume <name>": cli.Nodes.Resume.run,
		"nodes forget <name>": cli.Nodes.Forget.run,
		"usage check":         cli.Usage.Check.run,
		"usage rebuild":       cli.Usage.Rebuild.run,
		"bans list":           cli.Bans.List.run,
		"bans lift <address>": cli.Bans.Lift.run,
		"dhcp":                cli.DHCP.run,
		"phone boot":          cli.Phone.Boot.run,
		"phone register":      cli.Phone.Register.run,
		"phone call":          cli.Phone.Call.run,
		"phone call <to>":     cli.Phone.Call.run,
	}
	return actions[parsed.Command()], cli.check(parsed.Command())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// hostName is a DNS name of letters, digits and hyphens (RFC 1123 section 2.1), the only kind that phones take.
var hostName = regexp.MustCompile(`^(?i)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// maxSIPDomain leaves room below a name's 255 bytes for a customer's label and the service in front of it.
const maxSIPDomain = 180

// check checks what is more than one flag's own form.
func (c *commandLine) check(command string) error {
	switch command {
	case "dhcp":
		return checkPublicHost(c.DHCP.PublicHost)
	case "serve":
		if !hostName.MatchString(c.Serve.SIPDomain) || len(c.Serve.SIPDomain) > maxSIPDomain {
			return usage("--sip-domain: %q is no domain name of at most %d characters", c.Serve.SIPDomain, maxSIPDomain)
		}
		if c.Serve.NotifyRate < 1 || c.Serve.NotifyRateCustomer < 1 {
			return usage("--notify-rate and --notify-rate-customer: must be 1 or more")
		}
		return checkPublicHost(c.Serve.PublicHost)
	default:
		return nil
	}
}

// checkPublicHost checks where phones are to reach the server.
func checkPublicHost(host string) error {
	address, err := netip.ParseAddr(host)
	switch {
	case err != nil && (!hostName.MatchString(host) || len(host) > 253):
		return usage("--public-host: %q is neither a host name nor an address", host)
	case err == nil && (address.IsUnspecified() || address.IsMulticast() || address.Zone() != ""):
		return usage("--public-host: %q is no address that a phone can reach", host)
	}
	return nil
}

// nodeName is the process's name among those that share a database: two on one host have data folders of their own.
func (c *serveCommand) nodeName() (string, error) {
	if c.Node != "" {
		return c.Node, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	folder, err := filepath.Abs(c.Data)
	return host + ":" + folder, err
}
