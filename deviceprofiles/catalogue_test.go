package deviceprofiles_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
)

func TestFindModel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DMS Cisco 8851": "Cisco 8851", "Cisco 8851": "Cisco 8851", "cisco-8851": "Cisco 8851", "8851": "Cisco 8851", "8841": "Cisco 8841", "7821": "Cisco 7821",
		"DMS Yealink T54W": "Yealink T54W", "Yealink T54W": "Yealink T54W", "yealink-t54w": "Yealink T54W", "t54w": "Yealink T54W", "T54": "Yealink T54W",
		"Yealink T46": "Yealink T46U", "T46": "Yealink T46U", "T46S": "Yealink T46S", "T46U": "Yealink T46U", "T57": "Yealink T57W", "t19p-e2": "Yealink T19P E2",
		"Poly VVX 450": "Poly VVX 450", "DMS Poly VVX450": "Poly VVX 450", "VVX450": "Poly VVX 450", "poly-vvx450": "Poly VVX 450", "Polycom VVX 450": "Poly VVX 450",
		"Poly VVX": "Poly VVX 450", "Edge E450": "Poly Edge E450", "Poly Edge E": "Poly Edge E450", "VVX 250": "Poly VVX 250",
		"DMS Polycom EE400": "Polycom EE400", "EE400": "Polycom EE400", "Poly Edge E400": "Polycom EE400", "Poly Edge E400 Partner Managed": "Poly Edge E400",
		"Generic IPPhone Customer Managed": "Generic SIP Phone", "Generic SIP Phone": "Generic SIP Phone", "Generic SIP Gateway": "Generic SIP Gateway",
		"2N Customer Managed": "2N Customer Managed", "algo-8301": "Algo 8301", "KX-UT113": "Panasonic KX-UT113", "2N IP Verso": "2N IP Verso",
	} {
		m, ok := deviceprofiles.FindModel(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, m.DisplayName, name)
	}
	for _, name := range []string{
		"", " ", "Cisco", "Yealink", "Poly", "Toaster", "DMS", "Partner Managed", "Customer Managed", "Cisco 840", strings.Repeat("8851", 100),
	} {
		_, ok := deviceprofiles.FindModel(name)
		assert.False(t, ok, name)
	}
}

func TestThePlatformManagesUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Yealink T54W": "DMS Yealink T54W", "T54W": "DMS Yealink T54W", "Yealink T54W Partner Managed": "Yealink T54W Partner Managed", "t54w partner-managed": "Yealink T54W Partner Managed",
		"Snom D785": "DMS Snom D785", "Snom C520": "Snom C520 Partner Managed", "Yealink T41P": "Yealink T41P Partner Managed", "Yealink W70B": "DMS Yealink W70B",
	} {
		m, ok := deviceprofiles.FindModel(name)
		require.True(t, ok, name)
		assert.Equal(t, want, m.Name, name)
	}
}

func TestTheCatalogueIsSound(t *testing.T) {
	t.Parallel()
	names, shown := map[string]bool{}, map[string]bool{}
	for _, m := range deviceprofiles.Models() {
		assert.False(t, names[m.Name], m.Name)
		assert.False(t, shown[m.ManagedBy+m.DisplayName], m.DisplayName)
		names[m.Name], shown[m.ManagedBy+m.DisplayName] = true, true
		found, ok := deviceprofiles.FindModel(m.Name)
		assert.True(t, ok)
		assert.Equal(t, m, found)
		found, ok = deviceprofiles.FindModel(m.DisplayName)
		assert.True(t, ok, m.DisplayName)
		assert.Equal(t, m.Vendor, found.Vendor, m.DisplayName)
		assert.Equal(t, m.LinePorts, found.LinePorts, m.DisplayName)
		assert.Equal(t, m.ManagedBy != "CISCO", m.OwnPassword, m.Name)
		assert.True(t, m.Takes("MAC_ADDRESS"), m.Name)
		assert.True(t, slices.IsSorted(m.Unconfirmed), m.Name)
		if m.ManagedBy == "CISCO" {
			assert.True(t, m.Configured(), m.Name)
		}
	}
}

// What nobody can write files for is known and not offered, so that nobody waits for them.
func TestWhatNobodyConfiguresIsntOffered(t *testing.T) {
	t.Parallel()
	offered := map[string]bool{}
	for _, m := range deviceprofiles.Models() {
		offered[m.Name] = true
	}
	hidden := map[deviceprofiles.Family]bool{}
	for _, m := range deviceprofiles.AllModels() {
		if !offered[m.Name] {
			assert.Equal(t, "CISCO", m.ManagedBy, m.Name)
			assert.False(t, m.Configured(), m.Name)
			hidden[m.Family] = true
		}
		mac, err := deviceprofiles.ParseMAC("805EC0AABBCC")
		require.NoError(t, err)
		assert.Equal(t, m.Configured(), len(deviceprofiles.Files(m, mac)) > 0, m.Name)
	}
	assert.Equal(t, map[deviceprofiles.Family]bool{
		"snom-c": true,
	}, hidden)
}

// Whatever the platform manages is served, down to its last file, and knows as many lines as the catalogue says.
func TestEveryModelOfThePlatformIsServed(t *testing.T) {
	t.Parallel()
	served := 0
	for _, m := range deviceprofiles.Models() {
		if !m.Configured() {
			continue
		}
		served++
		files := filesOf(t, sampleSettings(t, m.Name, "805EC0AABBCC"))
		assert.GreaterOrEqual(t, len(files), 2, m.Name)
		if m.Vendor == "Yealink" {
			assert.Regexp(t, `^y[0-9]{12}\.cfg$`, m.CommonFile, m.Name)
		}
	}
	assert.Equal(t, 296, served)
}

func modelNamed(t *testing.T, name string) deviceprofiles.Model {
	t.Helper()
	for _, m := range deviceprofiles.AllModels() {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("there is no model %q", name)
	return deviceprofiles.Model{}
}

// Two models of each family at least, by their figures.
func TestFiguresOfModels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                        string
		family                      deviceprofiles.Family
		lines, keys, modules, extra int // extra: keys of a module
	}{
		{"DMS Cisco 6821", "cisco-mpp", 2, 2, 0, 0}, {"DMS Cisco 6851", "cisco-mpp", 4, 4, 1, 28}, {"DMS Cisco 6871", "cisco-mpp", 6, 6, 0, 0},
		{"DMS Cisco 7811", "cisco-mpp", 1, 1, 0, 0}, {"DMS Cisco 7861", "cisco-mpp", 16, 16, 0, 0}, {"DMS Cisco 7832", "cisco-mpp", 1, 0, 0, 0},
		{"DMS Cisco 8832", "cisco-mpp", 1, 0, 0, 0}, {"DMS Cisco 8811", "cisco-mpp", 10, 10, 0, 0}, {"DMS Cisco 8851", "cisco-mpp", 10, 10, 2, 36},
		{"DMS Cisco 8865", "cisco-mpp", 10, 10, 3, 36}, {"Cisco 9811", "cisco-phoneos", 2, 2, 0, 0}, {"Cisco 9861", "cisco-phoneos", 16, 10, 3, 40},
		{"DMS Cisco 8875", "cisco-phoneos", 10, 10, 0, 0}, {"DMS Cisco 191", "cisco-ata", 2, 0, 0, 0}, {"DMS Cisco 192", "cisco-ata", 2, 0, 0, 0},
		{"DMS Yealink T46S", "yealink", 16, 27, 6, 40}, {"DMS Yealink T57W", "yealink", 16, 29, 3, 60}, {"Yealink T54W Partner Managed", "yealink", 16, 27, 3, 60},
		{"Yealink W60B Partner Managed", "yealink-dect", 8, 0, 0, 0}, {"Yealink W70B Partner Managed", "yealink-dect", 10, 0, 0, 0},
		{"DMS Polycom EE400", "poly", 14, 0, 0, 0}, {"DMS Poly VVX250", "poly", 4, 4, 0, 0}, {"DMS Poly VVX450", "poly", 12, 12, 3, 30}, {"DMS Poly EdgeE450", "poly", 14, 14, 0, 0},
		{"Poly OBi202 Partner Managed", "poly-obi", 2, 0, 0, 0}, {"Poly Edge B20 Partner Managed", "poly-obi", 8, 8, 0, 0},
		{"Snom D735 Partner Managed", "snom", 12, 32, 3, 18}, {"Snom D785 Partner Managed", "snom", 12, 24, 3, 18}, {"Snom M400 Partner Managed", "snom-dect", 20, 0, 0, 0},
		{"Snom M900 Partner Managed", "snom-dect", 1000, 0, 0, 0}, {"Snom C520 Partner Managed", "snom-c", 1, 0, 0, 0}, {"Snom C620 Partner Managed", "snom-c", 1, 0, 0, 0},
		{"Grandstream GXP2135 Partner Managed", "grandstream", 4, 8, 0, 0}, {"Grandstream HT802 Partner Managed", "grandstream", 2, 0, 0, 0},
		{"Fanvil V62 Partner Managed", "fanvil", 6, 15, 0, 0}, {"Fanvil X6U Partner Managed", "fanvil", 20, 72, 0, 0},
		{"Gigaset N510 IP PRO Partner Managed", "gigaset", 6, 0, 0, 0}, {"Gigaset N720 DM PRO Partner Managed", "gigaset", 100, 0, 0, 0},
		{"Gigaset N670 IP PRO Partner Managed", "gigaset-nx70", 20, 0, 0, 0}, {"Gigaset N870 IP PRO Partner Managed", "gigaset-nx70", 250, 0, 0, 0},
		{"Panasonic KX-UT113 Partner Managed", "panasonic", 2, 2, 0, 0}, {"Panasonic KX-HDV230 Partner Managed", "panasonic", 6, 24, 5, 40},
		{"Algo 8180 Partner Managed", "algo", 1, 0, 0, 0}, {"Algo 8301 Partner Managed", "algo", 1, 0, 0, 0},
		{"2N IP Verso Partner Managed", "2n", 2, 0, 0, 0}, {"2N IP Style Partner Managed", "2n", 2, 0, 0, 0},
		{"AudioCodes 440HD Partner Managed", "audiocodes", 6, 18, 0, 0}, {"AudioCodes 450HD Partner Managed", "audiocodes", 8, 8, 0, 0},
		{"AudioCodes MP-118 Partner Managed", "audiocodes-gateway", 8, 0, 0, 0}, {"AudioCodes MP-124 Partner Managed", "audiocodes-gateway", 24, 0, 0, 0},
		{"2N Customer Managed", "generic", 20, 0, 1, 20}, {"Generic IPPhone Customer Managed", "generic", 20, 0, 0, 0}, {"Imagicle Customer Managed", "generic", 20, 0, 0, 0},
	} {
		m := modelNamed(t, c.name)
		assert.Equal(t, c.family, m.Family, c.name)
		assert.Equal(t, []int{c.lines, c.keys, c.modules, c.extra}, []int{m.LinePorts, m.LineKeys, m.KEMModules, m.KEMKeys}, c.name)
	}
}

// keysAreWritten reports whether the names of a model's keys are known, so that its files say what they do.
func keysAreWritten(m deviceprofiles.Model) bool {
	_, name, _ := strings.Cut(m.DisplayName, " ")
	switch m.Family {
	case "grandstream":
		return strings.HasPrefix(name, "GRP") && name != "GRP2615"
	case "fanvil":
		return slices.Contains([]string{"X4U", "V62", "V62 Pro"}, name)
	case "panasonic":
		return slices.Contains([]string{"KX-UT133", "KX-UT136", "KX-UT248", "KX-UT670", "KX-HDV230", "KX-HDV330", "KX-HDV430"}, name)
	case "audiocodes", "gigaset", "gigaset-nx70", "2n", "algo", "poly-obi":
		return false
	default:
		return true
	}
}

// The models that take activation codes, as the help pages of the device API list them, and the families that can be laid out and labelled.
func TestWhatModelsTake(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, m := range deviceprofiles.AllModels() {
		if m.Takes("ACTIVATION_CODE") {
			codes = append(codes, m.DisplayName)
		}
		if laid := m.LineKeys > 0 && (m.Manufacturer == "CISCO" && m.Type != "ATA" || m.Configured()); keysAreWritten(m) {
			assert.Equal(t, laid, m.ConfigurableLayout, m.Name)
		} else {
			assert.False(t, m.ConfigurableLayout, m.Name)
		}
		assert.False(t, m.CustomLabels && m.ManagedBy != "CISCO", m.Name)
		assert.False(t, m.KEMTypes != nil && m.Manufacturer == "THIRD_PARTY" && m.Name != "2N Customer Managed", m.Name)
	}
	assert.Equal(t, []string{
		"Cisco 6821", "Cisco 6841", "Cisco 6851", "Cisco 6861", "Cisco 6871", "Cisco 7811", "Cisco 7821", "Cisco 7841", "Cisco 7861", "Cisco 7832", "Cisco 8832", "Cisco 8811",
		"Cisco 8841", "Cisco 8845", "Cisco 8851", "Cisco 8861", "Cisco 8865", "Cisco 8875", "Cisco 9811", "Cisco 9841", "Cisco 9851", "Cisco 9861", "Cisco 9871",
	}, codes)
	for name, virtual := range map[string]bool{
		"DMS Cisco 8851": true, "DMS Cisco 7821": true, "Cisco 9841": true, "DMS Cisco 7811": false, "DMS Cisco 7832": false, "DMS Cisco 8832": false, "DMS Cisco 191": false,
		"DMS Yealink T54W": false, "Generic IPPhone Customer Managed": false,
	} {
		assert.Equal(t, virtual, modelNamed(t, name).VirtualLines, name)
	}
	assert.Equal(t, deviceprofiles.SettingsStatic, modelNamed(t, "DMS Cisco 8851").SettingsStyle)
	assert.Equal(t, deviceprofiles.SettingsDynamic, modelNamed(t, "DMS Polycom EE400").SettingsStyle)
	assert.Equal(t, deviceprofiles.SettingsNone, modelNamed(t, "Poly VVX 450 Partner Managed").SettingsStyle)
	assert.Equal(t, []string{"KEM_14_KEYS", "KEM_18_KEYS"}, modelNamed(t, "DMS Cisco 8851").KEMTypes)
	assert.Equal(t, []string{"KEM_20_KEYS"}, modelNamed(t, "Cisco 9851").KEMTypes)
	assert.Equal(t, deviceprofiles.Background{Width: 800, Height: 480, Formats: []string{"jpeg", "png"}}, modelNamed(t, "DMS Cisco 8851").Background)
}

func TestWhatIsUnconfirmedSaysSo(t *testing.T) {
	t.Parallel()
	assert.Contains(t, modelNamed(t, "Cisco 9841").Unconfirmed, "numberOfLinePorts")
	assert.NotContains(t, modelNamed(t, "Cisco 9861").Unconfirmed, "numberOfLinePorts")
	assert.Contains(t, modelNamed(t, "Snom D120 Partner Managed").Unconfirmed, "numberOfLinePorts")
	assert.NotContains(t, modelNamed(t, "Snom D785 Partner Managed").Unconfirmed, "numberOfLinePorts")
	assert.Contains(t, modelNamed(t, "Snom D785 Partner Managed").Unconfirmed, "model")
	assert.Contains(t, modelNamed(t, "Generic Gateway Customer Managed").Unconfirmed, "model")
	assert.Empty(t, modelNamed(t, "DMS Polycom EE400").Unconfirmed)
	assert.Equal(t, []string{"kemKeys"}, modelNamed(t, "2N Customer Managed").Unconfirmed)
}
