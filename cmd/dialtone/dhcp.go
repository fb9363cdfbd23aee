package main

import (
	"context"
	"io"
	"net/netip"

	"dialtone/deviceprofiles"
	"dialtone/dhcp"
)

type dhcpCommand struct {
	PublicHost string   `required:"" placeholder:"NAME" help:"Name or address at which phones reach the server."`
	Server     string   `required:"" enum:"dnsmasq,kea,windows" placeholder:"dnsmasq|kea|windows" help:"Whose configuration to print."`
	Family     []string `placeholder:"FAMILY" help:"Only these families of phones, such as cisco-mpp; more than one with commas between. All that can be told apart if not given."`
	Scheme     string   `enum:"http,https,tftp" default:"http" placeholder:"http|https|tftp" help:"How phones fetch their first file (${default})."`
	HTTPPort   uint16   `name:"http-port" default:"8081" placeholder:"PORT" help:"The server's port for http (${default})."`
	HTTPSPort  uint16   `name:"https-port" default:"8443" placeholder:"PORT" help:"The server's port for https (${default})."`
	TFTPPort   uint16   `name:"tftp-port" default:"69" placeholder:"PORT" help:"The server's port for tftp (${default})."`
	NTP        []string `name:"ntp" placeholder:"ADDR" help:"IPv4 addresses of time servers to tell phones."`
	Domain     string   `placeholder:"NAME" help:"Domain to tell phones that look below it for SRV records."`
	Token      string   `placeholder:"TOKEN" help:"Inbox token of an organisation, so that its unknown phones come into its inbox; better given as DIALTONE_TOKEN."`
	VLAN       int      `name:"vlan" placeholder:"ID" help:"Voice VLAN to tell phones that learn it by DHCP, 1 to 4094."`
}

// run prints the configuration and nothing else, so that it can be sent into a file.
func (c *dhcpCommand) run(_ context.Context, stdout, _ io.Writer) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	plan, err := dhcp.NewPlan(request)
	if err != nil {
		return asUsage(err)
	}
	text, err := c.written(plan)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}

func (c *dhcpCommand) written(plan dhcp.Plan) (string, error) {
	switch c.Server {
	case "dnsmasq":
		return plan.Dnsmasq(), nil
	case "windows":
		return plan.Windows(), nil
	default:
		return plan.Kea()
	}
}

func (c *dhcpCommand) request() (dhcp.Request, error) {
	scheme := dhcp.Scheme(c.Scheme)
	ports := map[dhcp.Scheme]uint16{dhcp.HTTP: c.HTTPPort, dhcp.HTTPS: c.HTTPSPort, dhcp.TFTP: c.TFTPPort}
	request := dhcp.Request{
		Host: c.PublicHost, Scheme: scheme, Port: int(ports[scheme]), Domain: c.Domain, VLAN: c.VLAN, Token: c.Token, Blocks: deviceprofiles.AddressBlocks,
	}
	for _, name := range c.Family {
		request.Families = append(request.Families, deviceprofiles.Family(name))
	}
	for _, text := range c.NTP {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return dhcp.Request{}, usage("--ntp: %q is no address", text)
		}
		request.NTP = append(request.NTP, address)
	}
	return request, nil
}
