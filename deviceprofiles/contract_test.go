package deviceprofiles_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

// officialSchemas are the schemas of the official document on devices.
func officialSchemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	raw, err := os.ReadFile("../../shared/specs/webex-device.json")
	if os.IsNotExist(err) {
		t.Skip("skipped: the official document isn't on this machine")
	}
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	return document.Components.Schemas
}

// leaves gathers the paths of an object's scalars and lists, with the closed sets of words.
func leaves(schema *openapi3.Schema, path string, into map[string][]string) {
	for name, property := range schema.Properties {
		at := name
		if path != "" {
			at = path + "." + name
		}
		if property.Value.Type.Is("object") {
			leaves(property.Value, at, into)
			continue
		}
		into[at] = []string{}
		for _, word := range property.Value.Enum {
			into[at] = append(into[at], word.(string))
		}
	}
}

func TestTheStaticGroupsAreTheOfficialOnes(t *testing.T) {
	t.Parallel()
	schemas := officialSchemas(t)
	official := map[string][]string{}
	for _, name := range []string{"ListDeviceSettingsObject", "DeviceSettingsObjectForDeviceLevel"} {
		leaves(schemas[name].Value.Properties["customizations"].Value, "", official)
	}
	for _, stray := range []string{"PHONE", "HANDS_FREE", "BOTH"} { // words of a set that the document has as properties
		delete(official, "mpp.bluetooth."+stray)
	}
	ours := map[string]bool{}
	for _, scope := range staticScopes() {
		definitions, ok := deviceprofiles.Definitions(scope)
		require.True(t, ok)
		for _, d := range definitions {
			ours[d.Key.String()] = true
			words, there := official[d.Key.String()]
			assert.True(t, there, "%s is in no official object", d.Key)
			if len(words) > 1 {
				assert.Equal(t, words, d.Values, "%s", d.Key)
			}
		}
	}
	for path := range official {
		assert.True(t, ours[path], "%s is missing", path)
	}
}

func TestWhatTheWireShowsIsAsTheOfficialDocumentSays(t *testing.T) {
	t.Parallel()
	schemas := officialSchemas(t)
	held := func(schema string, answer any) {
		raw, err := json.Marshal(answer)
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(raw, &value))
		assert.NoError(t, schemas[schema].Value.VisitJSON(value), schema)
	}
	shown := map[string]any{"updateInProgress": false, "deviceCount": 1, "lastUpdateTime": 1659624763665, "customEnabled": true}
	shown["customizations"] = deviceprofiles.Customizations(staticScopes()[:3], nil)
	held("DeviceSettingsObjectForDeviceLevel", shown)
	shown["customizations"] = deviceprofiles.Customizations(staticScopes(), nil)
	held("ListDeviceSettingsObject", shown)
	schema, err := deviceprofiles.ValidationSchema("")
	require.NoError(t, err)
	held("DeviceDynamicSettingsValidationSchemaGet", schema)
	groups, err := deviceprofiles.SettingsGroups("", "")
	require.NoError(t, err)
	held("DeviceDynamicSettingsSettingsGroupsGet", groups)
}

func TestTheWordsOfKeysAreTheOfficialOnes(t *testing.T) {
	t.Parallel()
	keys := officialSchemas(t)["DeviceLayout"].Value.Properties["lineKeys"].Value.Items.Value
	for _, word := range keys.Properties["lineKeyType"].Value.Enum {
		l := deviceprofiles.Layout{Custom: true, Keys: []deviceprofiles.LineKey{{Index: 1, Type: deviceprofiles.KeyPrimaryLine}, {Index: 2, Type: deviceprofiles.KeyType(word.(string))}}}
		if word == "SPEED_DIAL" {
			l.Keys[1].Value = "1"
		}
		assert.NoError(t, deviceprofiles.CheckLayout(model(t, "Cisco 8851"), l), word)
	}
	assert.True(t, slices.Contains(keys.Required, "lineKeyIndex"))
}
