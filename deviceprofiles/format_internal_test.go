package deviceprofiles

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
)

func written(t *testing.T, f *format, pairs ...string) string {
	t.Helper()
	require.NoError(t, f.check())
	s := newSettings(f)
	for i := 0; i < len(pairs); i += 2 {
		s.set(pairs[i], pairs[i+1])
	}
	file, err := f.write(s)
	require.NoError(t, err)
	return string(file.Body)
}

func TestTablesEndWhereAnotherBegins(t *testing.T) {
	t.Parallel()
	f := &format{Kind: formatLines, Separator: " = ", Sections: true, Closed: true}
	assert.Equal(t, "SIPTransportType = 2\n\n[ ProxyIp ]\nFORMAT ProxyIp_Index = A, B;\nProxyIp 0 = 'a', 2;\n[ \\ProxyIp ]\n\n[ WebUsers ]\nWebUsers 0 = 'b';\n[ \\WebUsers ]\nEnableSyslog = 1\n",
		written(t, f, "SIPTransportType", "2", "ProxyIp/FORMAT ProxyIp_Index", "A, B;", "ProxyIp/ProxyIp 0", "'a', 2;", "WebUsers/WebUsers 0", "'b';", "EnableSyslog", "1"))
	for name, want := range map[string]bool{
		"ProxyIp/ProxyIp 0": true, "ProxyIp": true, "ProxyIp/a b c": false, "ProxyIp/a  b": false, "ProxyIp/ b": false, "Proxy Ip/a": false, "a]/b": false, "a/;b": false,
	} {
		assert.Equal(t, want, f.checkName(name), name)
	}
}

// A tree without an element has its root in the names: which one, says the template.
func TestTheRootMayBeInTheNames(t *testing.T) {
	t.Parallel()
	f := &format{Kind: formatTree}
	for _, root := range []string{"sysConf", "VOIP_CONFIG_FILE"} {
		assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<`+root+`>
  <Version>2</Version>
  <list>
    <a_Entry>
      <ID>1</ID>
    </a_Entry>
    <a_Entry>
      <ID>2</ID>
    </a_Entry>
  </list>
</`+root+`>
`, written(t, f, root+"/Version", "2", root+"/list/a_Entry[#1]/ID", "1", root+"/list/a_Entry[#2]/ID", "2"))
	}
	s := newSettings(f)
	s.set("sysConf/a", "1")
	s.set("VOIP_CONFIG_FILE/a", "1")
	_, err := f.write(s)
	assert.True(t, fault.Is(err, fault.Internal), "two roots are none: %v", err)
}

func TestStringsAreQuotedWithinTheirAttribute(t *testing.T) {
	t.Parallel()
	f := &format{Kind: formatTree, Element: "frame", Apostrophes: true, Refuse: `"\`, Instead: map[string]string{`"`: "'", `\`: "/"}}
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<frame>
  <item ID="a.b[%]" class="x" value='"it&apos;s &lt;&amp;"'></item>
  <item ID="a.c" value="0x1"></item>
</frame>
`, written(t, f, "item[ID=a.b[%]][class=x]/@value", `"it's <&"`, "item[ID=a.c]/@value", "0x1"))
	assert.Equal(t, `Zoë 'Z' /`, f.person(`Zoë "Z" \`))
	for value, ok := range map[string]bool{`"a"`: true, `a`: true, `""`: true, `"a"b"`: false, `a"`: false, `"`: false, `"a\"`: false, `\`: false} {
		assert.Equal(t, ok, f.checkChosen("x", value) == nil, value)
	}
	for _, bad := range []string{`a"b`, `a\`} {
		assert.True(t, fault.Is(f.checkPart("x", bad), fault.Invalid), bad)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Door & gate": "Door gate", " Zoë  (1) ": "Zoë 1", "@/": "", "": "", "a-b_c": "a b c", "e\u0301": "e\u0301", "مرحبا 🙂": "مرحبا",
	} {
		assert.Equal(t, want, plainText(text), text)
	}
}
