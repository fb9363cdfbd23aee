package deviceprofiles

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

func flatProfile() *format {
	return &format{Kind: formatTree, Element: "flat-profile", Access: &struct{ Attribute, Fixed, User string }{"ua", "na", "rw"}}
}

func attributes(element string) *format {
	return &format{Kind: formatAttributes, Element: element, Standalone: true}
}

func equalLines() *format {
	return &format{Kind: formatLines, Head: []string{"#!version:1.0.0.1"}, Separator: " = ", Reset: "%NULL%"}
}

func TestTheSignsOfXMLAreEscaped(t *testing.T) {
	t.Parallel()
	s := newSettings(flatProfile())
	s.set("Display_Name_1_", `<a & "b" 'c'> ]]>`)
	profile, err := flatProfile().write(s)
	require.NoError(t, err)
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<flat-profile>
  <Display_Name_1_ ua="na">&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt; ]]&gt;</Display_Name_1_>
</flat-profile>
`, string(profile.Body))
	assert.Equal(t, "text/xml; charset=utf-8", profile.ContentType)
	attributes, err := attributes("polycomConfig").write(s)
	require.NoError(t, err)
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<polycomConfig
  Display_Name_1_="&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt; ]]&gt;"/>
`, string(attributes.Body))
}

func TestAttributesAreSorted(t *testing.T) {
	t.Parallel()
	one, two := newSettings(attributes("x")), newSettings(attributes("x"))
	for _, name := range []string{"reg.1.label", "device.set", "lcl.ml.lang"} {
		one.set(name, name)
	}
	for _, name := range []string{"lcl.ml.lang", "reg.1.label", "device.set"} {
		two.set(name, name)
	}
	first, err := attributes("polycomConfig").write(one)
	require.NoError(t, err)
	second, err := attributes("polycomConfig").write(two)
	require.NoError(t, err)
	assert.Equal(t, string(first.Body), string(second.Body))
}

func TestABlockKeepsItsLines(t *testing.T) {
	t.Parallel()
	s := newSettings(flatProfile())
	s.setBlock("device.sec.TLS.customCaCert1", "-----BEGIN-----\nAAAA\n-----END-----\n")
	file, err := attributes("polycomConfig").write(s)
	require.NoError(t, err)
	var read struct {
		Certificate string `xml:"device.sec.TLS.customCaCert1,attr"`
	}
	require.NoError(t, xml.Unmarshal(file.Body, &read))
	assert.Equal(t, "-----BEGIN-----\nAAAA\n-----END-----\n", read.Certificate)
	_, err = equalLines().write(s)
	assert.True(t, fault.Is(err, fault.Invalid), "a format of lines can't hold it")
}

func TestWritersRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fill func(*settings)
		kind fault.Kind
	}{
		"a control character":    {func(s *settings) { s.set("a", "b\x01") }, fault.Invalid},
		"a line break":           {func(s *settings) { s.set("a", "b\nc = d") }, fault.Invalid},
		"a value too long":       {func(s *settings) { s.set("a", strings.Repeat("b", 513)) }, fault.Invalid},
		"no UTF-8":               {func(s *settings) { s.set("a", "\xc3\x28") }, fault.Invalid},
		"a block too long":       {func(s *settings) { s.setBlock("a", strings.Repeat("b", 8193)) }, fault.Invalid},
		"a NUL in a block":       {func(s *settings) { s.setBlock("a", "b\x00") }, fault.Invalid},
		"a block that's no text": {func(s *settings) { s.setBlock("a", "\xff\xfe") }, fault.Invalid},
		"the same name twice":    {func(s *settings) { s.set("a", "b"); s.set("a", "b") }, fault.Internal},
		"a name with a blank":    {func(s *settings) { s.set("a b", "c") }, fault.Internal},
		"a name with a tag":      {func(s *settings) { s.set("a><b", "c") }, fault.Internal},
		"an empty name":          {func(s *settings) { s.set("", "c") }, fault.Internal},
	} {
		s := newSettings(flatProfile())
		c.fill(s)
		for _, write := range []*format{flatProfile(), attributes("x"), equalLines()} {
			file, err := write.write(s)
			require.Error(t, err, name)
			assert.Equal(t, c.kind, fault.KindOf(err), name)
			assert.Empty(t, file.Body, name)
		}
	}
}

func TestLinesHaveNoEscapesSoThatTheyRefuseMore(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"%NULL%", " a", "a ", "\u00a0a"} {
		s := newSettings(flatProfile())
		s.set("account.1.label", value)
		_, err := equalLines().write(s)
		assert.ErrorContains(t, err, "account.1.label", value)
		_, err = flatProfile().write(s)
		assert.NoError(t, err, value)
	}
}

// leavesOf counts the elements that hold no others, and reports whether a value is the text or an attribute of one.
func leavesOf(t *testing.T, body []byte, value string) (leaves int, found bool) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(body))
	text, leaf := "", false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return leaves, found
		}
		require.NoError(t, err, "%s", body)
		switch v := token.(type) {
		case xml.StartElement:
			text, leaf = "", true
			for _, a := range v.Attr {
				found = found || a.Value == value
			}
		case xml.CharData:
			text += string(v)
		case xml.EndElement:
			if leaf {
				leaves++
				found = found || text == value
			}
			leaf = false
		}
	}
}

func FuzzWriters(f *testing.F) {
	for _, seed := range [][2]string{{"a", "b"}, {"reg.1.label", `"/><x y="`}, {"a b", "]]>"}, {"a", "b\nc = d"}, {"a", "%NULL%"}, {"A-b.c_1_", "\u2028🙂"}, {"A/B[c=1]", "]]>"}, {"A[c=1]/@d", "\"/>"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		s := newSettings(flatProfile())
		s.set(name, value)
		if profile, err := flatProfile().write(s); err == nil {
			var read struct {
				Settings []struct {
					XMLName xml.Name
					Value   string `xml:",chardata"`
				} `xml:",any"`
			}
			err := xml.Unmarshal(profile.Body, &read)
			if strings.ContainsAny(name, "/[") { // a path: whatever it is, there is one element at its end, and the value is its text or an attribute
				if leaves, found := leavesOf(t, profile.Body, value); err != nil || leaves != 1 || !found {
					t.Fatalf("%q=%q became %s, %v", name, value, profile.Body, err)
				}
				return
			}
			if err != nil || len(read.Settings) != 1 || read.Settings[0].XMLName.Local != name || read.Settings[0].Value != value {
				t.Fatalf("%q=%q became %+v, %v", name, value, read, err)
			}
		}
		if attributes, err := attributes("x").write(s); err == nil {
			var read struct {
				Attributes []xml.Attr `xml:",any,attr"`
			}
			if err := xml.Unmarshal(attributes.Body, &read); err != nil || len(read.Attributes) != 1 || read.Attributes[0].Name.Local != name || read.Attributes[0].Value != value {
				t.Fatalf("%q=%q became %+v, %v", name, value, read, err)
			}
		}
		if lines, err := equalLines().write(s); err == nil {
			if got := string(lines.Body); got != "#!version:1.0.0.1\n"+name+" = "+value+"\n" || strings.Count(got, "\n") != 2 {
				t.Fatalf("%q=%q became %q", name, value, got)
			}
		}
	})
}

// A Cisco adapter's file has a block without access rights, behind everything else.
func TestABlockStandsLastAndHasNoAccess(t *testing.T) {
	t.Parallel()
	f := flatProfile()
	f.BlocksLast = true
	s := newSettings(f)
	s.set("First", "1")
	s.set("router/Clock/Zone", "+01")
	s.set("router/Name", "a&b")
	s.set("Second", "2")
	file, err := f.write(s)
	require.NoError(t, err)
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<flat-profile>
  <First ua="na">1</First>
  <Second ua="na">2</Second>
  <router>
    <Clock>
      <Zone>+01</Zone>
    </Clock>
    <Name>a&amp;b</Name>
  </router>
</flat-profile>
`, string(file.Body))
}
