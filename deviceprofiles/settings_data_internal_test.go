package deviceprofiles

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoLineOfTheDataIsBroken(t *testing.T) {
	t.Parallel()
	table, err := readSettingFiles()
	require.NoError(t, err)
	assert.Equal(t, []SettingScope{"Poly", "Yealink", "ata", "dect", "mpp", "wifi", "Phone"}, table.scopes)
	for scope, want := range map[SettingScope]int{"mpp": 135, "ata": 18, "wifi": 16, "dect": 13, "Poly": 48, "Yealink": 57} {
		assert.Equal(t, want, len(table.byScope[scope]), scope)
	}
}

func TestABrokenLineIsNamed(t *testing.T) {
	t.Parallel()
	line := func(fields string) string {
		return `{"scope":"x","levels":["DEVICE"],"settings":[{"name":"a",` + fields + `}]}`
	}
	for data, want := range map[string]string{
		`{`:                      "unexpected EOF",
		`{"scope":"x","more":1}`: "unknown field",
		line(`"kind":"boolean"`): "must be true or false",
		line(`"kind":"enum","values":["b"],"default":"c"`):                                 "must be one of b",
		line(`"kind":"colour"`):                                                            "no known kind",
		line(`"kind":"list"`):                                                              "no known form",
		line(`"kind":"string","pattern":"("`):                                              "pattern",
		line(`"kind":"integer","min":1,"max":2,"default":"1","regional":{"US":"9"}`):       "default of US",
		line(`"kind":"boolean","default":"true","parameters":{"poly":[{"nickname":"b"}]}`): "unknown field",
		`{"settings":[{"name":"a","kind":"string"},{"name":"a","kind":"string"}]}`:         "stands twice",
		line(`"kind":"boolean","default":"true","parameters":{"poly":["good.name",7]}`):    "cannot unmarshal",
	} {
		table := settingTable{byScope: map[SettingScope][]SettingDefinition{}, byKey: map[SettingKey]SettingDefinition{}}
		assert.ErrorContains(t, table.read("x.json", []byte(data)), want, data)
	}
}

func TestEachSettingCanBeShown(t *testing.T) {
	t.Parallel()
	for key, d := range settingDefinitions().byKey {
		assert.NotEmpty(t, d.FriendlyName, key)
		assert.NotEmpty(t, d.Group, key)
		assert.NotEmpty(t, d.Tab, key)
		assert.NotEmpty(t, d.Levels, key)
		assert.LessOrEqual(t, d.MaxLength, maxValue, key)
		for _, level := range d.Levels {
			assert.GreaterOrEqual(t, level.rank(), LevelOrganization.rank(), key)
		}
		if !key.Scope.Static() {
			assert.Regexp(t, `^%[A-Z0-9_]+%$`, key.Name)
			assert.LessOrEqual(t, len(key.Name), 64, "the wire's bound of a tag")
			assert.NotEmpty(t, d.Tooltip, key)
			if key != PhonebookSetting && key != OwnCASetting { // packs say which phones have them
				assert.NotEmpty(t, d.Parameters, "%s: a tag that no phone is told", key)
			}
			assert.LessOrEqual(t, d.MaxLength, 256, "the wire's bound of a value")
			assert.NotEqual(t, KindList, d.Kind, "the wire has no lists in tags")
		}
	}
}

// What would take a phone away from us, or show somebody's password, is nobody's setting.
func TestNoSettingWritesWhatTheFamilyOwns(t *testing.T) {
	t.Parallel()
	owned := []string{
		"Profile_Rule", "GPP_", "Resync_", "Provision_", "Custom_CA", "Admin_Password", "Upgrade_", "Report_", "Webex_Onboard", "Restricted_Access", "DHCP_",
		"Password_", "User_ID", "Auth_ID", "Proxy_{", "Outbound_Proxy", "Trans_Auth", "Block_Nonproxy", "router-configuration/Web_Login",
		"static.auto_provision.", "static.security.", "static.trusted_certificates", "sip.notify_reboot", "static.firmware", "action_url", "static.zero_touch",
		"device.prov.", "device.sec.", "device.set", "device.auth.localAdminPassword", "sec.", "prov.", "reg.", "voIpProt.", "device.dhcp.", "apps.",
		"config[version=2]/item[name=provisioning.", "config[version=2]/item[name=users.admin.", "sysConf/ap/", "VOIP_CONFIG_FILE/AUTOUPDATE_", "CFG_", "ADMIN_", "SIP_PASS",
		"sip.u1.", "admin.", "provisioning/", "system/password", "AUPD", "IniFileURL", "AutoUpdate/",
		"setting_server", "http_client_", "http_user", "http_pass", "webserver_admin_", "admin_mode", "provisioning_order", "certificates", "firmware", "user_host", "user_outbound", "user_name", "user_pass", "user_pname",
		"X_DeviceManagement.ITSPProvisioning", "X_DeviceManagement.Provisioning", "X_DeviceManagement.FirmwareUpdate", "X_DeviceManagement.PlatformCACert", "X_DeviceManagement.WebServer.Admin",
	}
	// Whether what a phone's user changes is kept and uploaded, and not where to.
	free := []string{"static.auto_provision.custom.protect", "static.auto_provision.custom.sync", "prov.autoConfigUpload.enabled"}
	for key, d := range settingDefinitions().byKey {
		if key == encryptionSetting {
			continue // it says how the phone asks for its own file
		}
		for family, targets := range d.Parameters {
			for _, target := range targets {
				ours := slices.ContainsFunc(owned, func(begin string) bool { return strings.HasPrefix(target.Name, begin) }) && !slices.Contains(free, target.Name)
				assert.False(t, ours, "%s writes %s", key, target.Name)
				name := strings.NewReplacer("{line}", "1", "{item}", "1").Replace(target.Name)
				assert.True(t, packs().byFamily[family].Format.checkName(name), "%s writes %s", key, target.Name)
			}
		}
	}
}

// A word that is missing from a map would be written as the wire has it, which no phone knows.
func TestEachWordOfAnEnumIsMapped(t *testing.T) {
	t.Parallel()
	for key, d := range settingDefinitions().byKey {
		for _, targets := range d.Parameters {
			for _, target := range targets {
				for other, want := range target.When {
					of, ok := settingDefinitions().byKey[SettingKey{Scope: key.Scope, Name: other}]
					require.True(t, ok, "%s depends on %s", key, other)
					_, err := settingDefinitions().check(of, want)
					assert.NoError(t, err, "%s depends on %s", key, other)
				}
				words := d.Values
				if d.Kind == KindBoolean {
					words = []string{"true", "false"}
				}
				for word := range target.Values {
					if _, err := settingDefinitions().check(d, word); word != "*" {
						assert.NoError(t, err, "%s maps %s", key, word)
					}
				}
				if _, all := target.Values["*"]; len(target.Values) == 0 || all || d.Kind == KindInteger {
					continue
				}
				for _, word := range words {
					assert.Contains(t, target.Values, word, key)
				}
			}
		}
	}
}

// Two settings may name one parameter only when they can't both be for one phone.
func TestEachParameterBelongsToOneSetting(t *testing.T) {
	t.Parallel()
	type owner struct {
		key    SettingKey
		target SettingParameter
	}
	for _, m := range Models() {
		owners := map[string][]owner{}
		for _, scope := range ScopesOf(m) {
			for _, d := range settingDefinitions().byScope[scope] {
				for _, target := range d.Parameters[m.Family] {
					if target.isFor(m) {
						owners[target.Name] = append(owners[target.Name], owner{d.Key, target})
					}
				}
			}
		}
		for name, all := range owners {
			for i, a := range all {
				for _, b := range all[:i] {
					if a.key.Scope == ScopeEvery && b.key.Scope != ScopeEvery {
						continue // the family's own counts
					}
					assert.True(t, a.target.Shared && b.target.Shared || excludes(a.target.When, b.target.When), "%s: %s and %s both write %s", m.Name, b.key, a.key, name)
				}
			}
		}
	}
}

func excludes(a, b map[string]string) bool {
	for name, want := range a {
		if other, ok := b[name]; ok && other != want {
			return true
		}
	}
	return false
}
