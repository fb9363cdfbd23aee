package deviceprofiles

import (
	"encoding/json"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mistake in a pack is told with its file, family and field, and what is broken is left out.
func TestBrokenPacksAreNamed(t *testing.T) {
	t.Parallel()
	const sound = `"dhcp":{"notes":["none is known"]}`
	for data, want := range map[string]string{
		`"uploads":[{"name":"{mac}.log","kind":"log"},{"name":"{MAC}.log","kind":"log"}],` + sound:                 `uploads[1]: name: "{MAC}.log" isn't a name in lower case`,
		`"uploads":[{"name":"logs/{mac}.log","kind":"log"}],` + sound:                                              `uploads[0]: name: "logs/{mac}.log" isn't`,
		`"uploads":[{"name":"{mac}.log","kind":"diary"}],` + sound:                                                 `uploads[0]: kind: "diary" is none of`,
		`"optional":["a","("],` + sound:                                                                            `optional[1]: error parsing regexp`,
		`"optional":["A"],` + sound:                                                                                `optional[0]: "A" is no pattern`,
		`"foreign":{"pattern":"("},` + sound:                                                                       `foreign.pattern: error parsing regexp`,
		`"foreign":{"pattern":"sep.*","says":"other firmware"},` + sound:                                           `foreign.says: must be the end of a sentence`,
		`"leastVersion":{"version":"80.x"},` + sound:                                                               `leastVersion.version: "80.x" isn't numbers`,
		`"leastVersion":{"version":"80.0","part":1},` + sound:                                                      `unknown field "part"`,
		`"userAgents":["^a$","(?P<mac"],` + sound:                                                                  `userAgents[1]: error parsing regexp`,
		`"handover":"h",` + sound:                                                                                  `handover: `,
		`"files":[{"name":"a","open":"b"}],` + sound:                                                               `format: `,
		`"blocks":"00562b 00562B",` + sound:                                                                        `blocks: "00562B" isn't six`,
		`"folder":"a/b",` + sound:                                                                                  `folder: "a/b" isn't one name`,
		`"format":{"kind":"lines","separator":"="},"files":[{"name":"a","open":"b"}],` + sound:                     `files[0] (a): open: `,
		`"format":{"kind":"lines","separator":"="},"files":[{"name":"{model}","pattern":"(","open":"b"}],` + sound: `files[0] ({model}): pattern: `,
		`"dhcp":{}`: `dhcp.notes: must say why`,
		`"dhcp":{"vendorClasses":[{"pattern":"a'*"}],"notes":["n"]}`:                                                      `dhcp.vendorClasses[0].pattern: `,
		`"dhcp":{"options":[{"code":66,"value":"{url}"},{"code":0,"value":"{url}"}]}`:                                     `dhcp.options[1].code: 0 is no option`,
		`"dhcp":{"options":[{"code":66,"value":"{url}\n"}]}`:                                                              `dhcp.options[0].value: `,
		`"dhcp":{"options":[{"code":66,"value":"{url}","maxLength":-1}]}`:                                                 `dhcp.options[0].maxLength: `,
		`"dhcp":{"options":[{"code":66,"value":"{url}"}],"vlan":{"code":132,"value":"7"}}`:                                `dhcp.vlan.value: `,
		`"uploads":[{"name":"{mac}.log","kind":"log"},{"name":"{mac}.log","kind":"calls"}],` + sound:                      `uploads[1].kind: "{mac}.log" is of kind "log" for f already`,
		`"dhcp":{"options":[{"code":66,"value":"{url}"}],"notes":["no"],"vendorClasses":[{"pattern":"a*","begins":"b"}]}`: `unknown field "begins"`,
	} {
		require.True(t, json.Valid([]byte(`{`+data+`}`)), data)
		_, err := readPacks(packsOf(`{"families":[{"family":"f",` + data + `}]}`))
		if assert.Error(t, err, data) {
			assert.ErrorContains(t, err, "packs/2n/pack.json", data)
			assert.ErrorContains(t, err, want, data)
		}
	}
	_, err := readPacks(packsOf(`{"families":[{"family":"f",` + sound + `}]}`))
	require.NoError(t, err)
}

// packsOf are empty packs of all vendors but 2N, whose pack is given.
func packsOf(pack string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, vendor := range vendors() {
		files["packs/"+vendor+"/"+packFileName] = &fstest.MapFile{Data: []byte(`{"families":[]}`)}
	}
	files["packs/2n/"+packFileName] = &fstest.MapFile{Data: []byte(pack)}
	return files
}

func TestThePacksAreWhole(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckPacks())
}
