package deviceprofiles

import "strings"

// Wire words of the catalogue (device-management API).
const (
	typeMPP        = "MPP"
	typeGenericSIP = "GENERIC_SIP"

	byCisco    = "CISCO"
	thirdParty = "THIRD_PARTY"

	managedByPlatform = "CISCO"
	managedByCustomer = "CUSTOMER"
)

// Models returns the catalogue, in the order in which it is shown.
func Models() []Model {
	return []Model{
		cisco("8841", 10, 10), cisco("8851", 10, 10), cisco("8861", 10, 10),
		yealink("T46S", 27), yealink("T46U", 27), yealink("T54W", 27), yealink("T57W", 29),
		poly("VVX 250", 4, 4), poly("VVX 350", 6, 6), poly("VVX 450", 12, 12), poly("Edge E350", 8, 8), poly("Edge E450", 14, 14),
		{
			Name: "Generic IPPhone Customer Managed", DisplayName: "Generic SIP Phone", Family: Generic, Vendor: "Generic",
			Type: typeGenericSIP, Manufacturer: thirdParty, ManagedBy: managedByCustomer, LinePorts: 20, OwnPassword: true, SettingsStyle: SettingsNone,
		},
	}
}

func cisco(number string, lines, keys int) Model {
	m := Model{
		Name: "DMS Cisco " + number, DisplayName: "Cisco " + number, Family: CiscoMPP, Vendor: "Cisco",
		Type: typeMPP, Manufacturer: byCisco, ManagedBy: managedByPlatform, LinePorts: lines, LineKeys: keys,
		FamilyName: "Cisco MPP", SettingsStyle: SettingsStatic, ConfigurableLayout: true, CustomLabels: true,
	}
	m.KEMModules = map[string]int{"8851": 2, "8861": 3}[number]
	if m.KEMModules > 0 {
		m.KEMTypes, m.KEMKeys = []string{"KEM_14_KEYS", "KEM_18_KEYS"}, 36
	}
	return m
}

// yealink is a model of the T4 and T5 series, which have 16 accounts each.
func yealink(name string, keys int) Model {
	return Model{
		Name: "DMS Yealink " + name, DisplayName: "Yealink " + name, Family: Yealink, Vendor: "Yealink",
		Type: typeGenericSIP, Manufacturer: thirdParty, ManagedBy: managedByPlatform, LinePorts: 16, LineKeys: keys,
		FamilyName: "Yealink", SettingsStyle: SettingsDynamic, ConfigurableLayout: true, KEMModules: 3, KEMKeys: 60,
	}
}

func poly(name string, lines, keys int) Model {
	return Model{
		Name: "DMS Poly " + strings.ReplaceAll(name, " ", ""), DisplayName: "Poly " + name, Family: Poly, Vendor: "Poly",
		Type: typeGenericSIP, Manufacturer: thirdParty, ManagedBy: managedByPlatform, LinePorts: lines, LineKeys: keys,
		FamilyName: "Poly", SettingsStyle: SettingsDynamic, ConfigurableLayout: true,
	}
}

// FindModel finds a model by its wire name, its display name or its number alone, as people write it: case, blanks and hyphens don't matter.
// A series stands for its usual model: "T46" for the T46U, "T54" for the T54W, "VVX" for the VVX 450.
func FindModel(name string) (Model, bool) {
	const longest = 64 // bytes; every name of the catalogue is shorter
	if len(name) > longest {
		return Model{}, false
	}
	models := Models()
	for _, m := range models { // the name that is stored with a device, at each of its requests
		if m.Name == name {
			return m, true
		}
	}
	asked := plain(name)
	for _, m := range models {
		vendor := plain(m.Vendor)
		for _, spelling := range []string{m.Name, m.DisplayName, m.Vendor + series(m.DisplayName)} {
			full := plain(spelling)
			if full == vendor {
				continue // a vendor alone names no model
			}
			if short := strings.TrimPrefix(full, vendor); asked == full || asked == short {
				return m, true
			}
		}
	}
	return Model{}, false
}

// series returns the name of the series for which a model stands, if it does.
func series(displayName string) string {
	switch displayName {
	case "Yealink T46U":
		return "T46"
	case "Yealink T54W":
		return "T54"
	case "Yealink T57W":
		return "T57"
	case "Poly VVX 450":
		return "VVX"
	case "Poly Edge E450":
		return "Edge E"
	}
	return ""
}

// plain takes out of a model's name what people write differently: case, blanks, hyphens, the platform's mark, and Poly's former name.
func plain(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return strings.Replace(strings.TrimPrefix(letters, "dms"), "polycom", "poly", 1)
}
