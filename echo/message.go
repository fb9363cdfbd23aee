package echo

import (
	"fmt"
	"strconv"
	"strings"
)

// field is one header field of a message of ours.
type field struct{ name, value string }

// response writes a response with what every response copies from its request (RFC 3261 section 8.2.6.2).
func (t *transaction) response(status int, reason string, fields []field, body []byte) []byte {
	r := t.request
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reason)
	for _, via := range r.Vias {
		write(&b, "Via", via)
	}
	write(&b, "From", r.From)
	write(&b, "To", t.to(status))
	write(&b, "Call-ID", r.CallID)
	write(&b, "CSeq", strconv.FormatUint(uint64(r.CSeq), 10)+" "+r.Method)
	for _, f := range fields {
		write(&b, f.name, f.value)
	}
	finish(&b, body)
	return []byte(b.String())
}

// to is the To of a response: with our tag, but for 100 (RFC 3261 section 8.2.6.1).
func (t *transaction) to(status int) string {
	if t.request.ToTag != "" || status == 100 {
		return t.request.To
	}
	return t.request.To + ";tag=" + t.localTag
}

// ask writes a request of ours within a call.
func (c *call) ask(method, branch string, fields []field) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, c.target)
	write(&b, "Via", "SIP/2.0/"+viaTransport(c.transport)+" "+c.here+";branch="+branch+";rport")
	write(&b, "Max-Forwards", "70")
	for _, route := range c.routes {
		write(&b, "Route", route)
	}
	write(&b, "From", c.local)
	write(&b, "To", c.remote)
	write(&b, "Call-ID", c.id.callID)
	c.localCSeq++
	write(&b, "CSeq", strconv.FormatUint(uint64(c.localCSeq), 10)+" "+method)
	write(&b, "Contact", contact(c.here, c.transport))
	for _, f := range fields {
		write(&b, f.name, f.value)
	}
	finish(&b, nil)
	return []byte(b.String())
}

func write(b *strings.Builder, name, value string) { b.WriteString(name + ": " + value + "\r\n") }

func finish(b *strings.Builder, body []byte) {
	if len(body) > 0 {
		write(b, "Content-Type", "application/sdp")
	}
	write(b, "Content-Length", strconv.Itoa(len(body)))
	b.WriteString("\r\n")
	b.Write(body)
}

// viaTransport is how a Via spells a transport.
func viaTransport(transport string) string {
	if transport == "dtls" {
		return "DTLS-UDP"
	}
	return strings.ToUpper(transport)
}

// contact is where requests of the call are to be sent. A URI knows no transport of the name DTLS, and ws alone of WebSockets (RFC 7118 section 5.2).
func contact(here, transport string) string {
	switch transport {
	case "udp":
		return "<sip:" + User + "@" + here + ">"
	case "dtls":
		return "<sips:" + User + "@" + here + ";transport=udp>"
	case "wss":
		return "<sips:" + User + "@" + here + ";transport=ws>"
	}
	return "<sip:" + User + "@" + here + ";transport=" + transport + ">"
}

// warning tells a person at the phone why (RFC 3261 section 20.43): 399 is for what has no code of its own.
func warning(r Request, text string) field {
	host, _, _ := strings.Cut(r.Here, ":")
	if strings.HasPrefix(r.Here, "[") {
		host = "echo"
	}
	text = strings.NewReplacer(`"`, "'", `\`, "/", "\r", " ", "\n", " ").Replace(text)
	return field{"Warning", "399 " + host + ` "` + text + `"`}
}
