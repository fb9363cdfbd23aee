package deviceprofiles_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// booked are models whose phones have a book, and its name.
func booked() map[string]string {
	return map[string]string{
		"Cisco 8851": "00562b043615-phonebook.xml", "Cisco 9861": "00562b043618-phonebook.xml", "Yealink T54W": "805ec0aabbcc-phonebook.xml",
		"Yealink W70B": "805ec0aabbce-phonebook.xml", "Snom D785": "00041396d9b4-phonebook.xml", "Grandstream GXP2135": "c074adaabbcc/phonebook.xml",
		"Fanvil X4U": "0c383eaabbcc-phonebook.xml", "Poly VVX 450": "64167faabbcc-directory.xml",
	}
}

func people() []deviceprofiles.PhonebookEntry {
	return []deviceprofiles.PhonebookEntry{
		{Name: `Zoë "Z" O'Hara & Söhne <1>`, First: `Zoë "Z"`, Last: "O'Hara & Söhne <1>", Extension: "1001", Number: "+4930123456"},
		{Name: "Lobby", First: "Lobby", Extension: "1002"},
		{Name: "Front desk", First: "Front", Last: "desk", Number: "+4930123457"},
	}
}

func TestBooksAreAsTheyWere(t *testing.T) {
	t.Parallel()
	for name, book := range booked() {
		s := sampleSettings(t, name, samples()[name])
		file, err := deviceprofiles.RenderPhonebook(book, s, people())
		require.NoError(t, err, name)
		golden := filepath.Join("testdata", "golden", "phonebooks", strings.ReplaceAll(name, " ", "")+".xml")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			require.NoError(t, os.WriteFile(golden, file.Body, 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		if diff := cmp.Diff(string(want), string(file.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
		hit, err := deviceprofiles.Match("/"+book, "")
		require.NoError(t, err)
		assert.Equal(t, book, hit.Name)
		assert.Equal(t, s.MAC, hit.MAC)
		assert.True(t, deviceprofiles.IsPhonebook(s.Model.Family, hit.Name), name)
		_, err = deviceprofiles.Render(book, s)
		assert.True(t, fault.Is(err, fault.NotFound), "it isn't of the settings")
		_, err = deviceprofiles.RenderBootstrap(hit, s.Model.Family, s.Service)
		assert.True(t, fault.Is(err, fault.NotFound), "it is for nobody else")
		other := s
		other.MAC[5]++
		_, err = deviceprofiles.RenderPhonebook(book, other, people())
		assert.True(t, fault.Is(err, fault.NotFound))
		empty, err := deviceprofiles.RenderPhonebook(book, s, nil)
		require.NoError(t, err)
		assert.NotContains(t, string(empty.Body), "1001")
	}
}

// Whatever somebody is called: the book can be read, has as many elements as with a harmless name, and all others are in it.
func TestNoNameBreaksABook(t *testing.T) {
	t.Parallel()
	for name, book := range booked() {
		s := sampleSettings(t, name, samples()[name])
		elements := func(who string) int {
			list := people()
			list[1].Name, list[1].First, list[1].Last = who, who, who
			file, err := deviceprofiles.RenderPhonebook(book, s, list)
			require.NoError(t, err, "%s: %q", name, who)
			assert.Contains(t, string(file.Body), "1001")
			return len(tags(t, file.Body))
		}
		want := elements("Lobby")
		for _, who := range hostile() {
			assert.Equal(t, want, elements(who), "%s: %q", name, who)
		}
	}
}

// tags are the elements of a file, in their order.
func tags(t *testing.T, body []byte) []string {
	t.Helper()
	var out []string
	decoder := xml.NewDecoder(strings.NewReader(string(body)))
	for {
		token, err := decoder.Token()
		if token == nil {
			assert.EqualError(t, err, "EOF")
			return out
		}
		if start, ok := token.(xml.StartElement); ok {
			out = append(out, start.Name.Local)
		}
	}
}

func TestACiscoBookHasPages(t *testing.T) {
	t.Parallel()
	s := sampleSettings(t, "Cisco 8851", "00562B043615")
	var list []deviceprofiles.PhonebookEntry
	for i := range 70 {
		list = append(list, deviceprofiles.PhonebookEntry{Name: fmt.Sprint("P", i), Extension: fmt.Sprint(1000 + i)})
	}
	page := func(name string) string {
		file, err := deviceprofiles.RenderPhonebook(name, s, list)
		require.NoError(t, err)
		return string(file.Body)
	}
	first, second, third := page("00562b043615-phonebook.xml"), page("00562b043615-phonebook-2.xml"), page("00562B043615-PHONEBOOK-3.xml")
	assert.Equal(t, []int{32, 32, 6}, []int{strings.Count(first, "<DirectoryEntry>"), strings.Count(second, "<DirectoryEntry>"), strings.Count(third, "<DirectoryEntry>")})
	assert.Contains(t, first, "<URL>https://phones.example.test:8443/00562b043615-phonebook-2.xml</URL>")
	assert.NotContains(t, first, "Back")
	assert.Contains(t, second, "<Telephone>1032</Telephone>")
	assert.Contains(t, second, "<URL>https://phones.example.test:8443/00562b043615-phonebook-3.xml</URL>")
	assert.Contains(t, second, "<URL>https://phones.example.test:8443/00562b043615-phonebook-1.xml</URL>")
	assert.Contains(t, third, "Directory 3/3")
	assert.NotContains(t, third, "Next")
	assert.NotContains(t, page("00562b043615-phonebook-1.xml"), "Back")
	for _, behind := range []string{"00562b043615-phonebook-4.xml", "00562b043615-phonebook-999.xml"} {
		_, err := deviceprofiles.RenderPhonebook(behind, s, list)
		assert.True(t, fault.Is(err, fault.NotFound))
	}
	_, err := deviceprofiles.Match("/00562b043615-phonebook-0.xml", "")
	assert.True(t, fault.Is(err, fault.NotFound))
}

// A phone is told of its book where its family is known to prove itself, and elsewhere when somebody wants that.
func TestAPhoneIsToldOfItsBook(t *testing.T) {
	t.Parallel()
	const token = "t-" + sampleToken
	for _, c := range []struct {
		model  string
		usual  bool
		wanted map[string]string
		off    map[string]string
	}{
		{"Cisco 8851", true, nil, map[string]string{"XML_Directory_Service_Name": "", "XML_Directory_Service_URL": ""}},
		{"Yealink T54W", true, nil, map[string]string{"remote_phonebook.data.1.name": "", "remote_phonebook.data.1.url": ""}},
		{"Cisco 9861", false, map[string]string{
			"XML_Directory_Service_Name": "Telefonbuch", "XML_Directory_Service_URL": "https://phones.example.test:8443/00562b043618-phonebook.xml",
			"XML_User_Name": "00562b043618", "XML_Password": "Access-Password-1",
		}, map[string]string{"XML_Directory_Service_Name": "", "XML_Directory_Service_URL": ""}},
		{"Snom D785", false, map[string]string{"phone-settings/dkey_directory": "url https://phones.example.test:8443/" + token + "/00041396d9b4-phonebook.xml"},
			map[string]string{"phone-settings/dkey_directory": "keyevent F_DIRECTORY_SEARCH"}},
		{"Grandstream GXP2135", false, map[string]string{
			"config[version=1]/P330": "3", "config[version=1]/P331": "phones.example.test:8443/" + token + "/c074adaabbcc", "config[version=1]/P332": "1440",
		}, map[string]string{"config[version=1]/P330": "0", "config[version=1]/P331": ""}},
		{"Grandstream GRP2614", false, map[string]string{}, map[string]string{}},
		{"Fanvil X4U", false, map[string]string{
			"phone/xmlContact[index=1]/Name": "Telefonbuch", "phone/xmlContact[index=1]/Addr": "https://phones.example.test:8443/" + token + "/0c383eaabbcc-phonebook.xml",
		}, map[string]string{"phone/xmlContact[index=1]/Name": "", "phone/xmlContact[index=1]/Addr": ""}},
		{"Fanvil V62", false, map[string]string{}, map[string]string{}},
		{"Poly VVX 450", false, map[string]string{}, map[string]string{}}, // it asks for the name by itself
	} {
		s := sampleSettings(t, c.model, samples()[c.model])
		with := func(reach string) map[string]string {
			s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{deviceprofiles.PhonebookSetting: plain(reach)}
			return ownSettings(t, s)
		}
		untouched, wanted, off := ownSettings(t, s), with("ORGANIZATION"), with("OFF")
		if c.usual {
			assert.Empty(t, added(wanted, untouched), c.model)
		} else {
			assert.Equal(t, c.wanted, added(untouched, wanted), c.model)
		}
		assert.Equal(t, c.off, added(wanted, off), c.model)
		want := deviceprofiles.PhonebookOff
		if c.usual {
			want = deviceprofiles.PhonebookOrganization
		}
		assert.Equal(t, want, deviceprofiles.PhonebookOf(s.Model, nil), c.model)
	}
	assert.Empty(t, deviceprofiles.Unsupported(model(t, "Snom D785"), map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{deviceprofiles.PhonebookSetting: plain("OFF")}))
	assert.Len(t, deviceprofiles.Unsupported(model(t, "2N IP Verso"), map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{deviceprofiles.PhonebookSetting: plain("OFF")}), 1)
}

// Our CA is told in unconfirmed ways only where somebody says so.
func TestOurCAIsTriedOnDemand(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]map[string]string{
		"Grandstream GXP2135": {"config[version=1]/P8433": strings.TrimSpace(caPEM), "config[version=1]/P8463": "1", "config[version=1]/P22030": "1"},
		"Grandstream GRP2614": {}, "AudioCodes 440HD": {"security/ca_certificate/0/uri": "http://phones.example.test:8081/ca.pem"},
		"AudioCodes MP-118": {"TLSRootFileUrl": "http://phones.example.test:8081/ca.pem"}, "Yealink T54W": {},
	} {
		s := sampleSettings(t, name, samples()[name])
		before := ownSettings(t, s)
		s.Values = map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{deviceprofiles.OwnCASetting: plain("true")}
		got := added(before, ownSettings(t, s))
		for key, value := range got {
			got[key] = strings.TrimSpace(value)
		}
		assert.Equal(t, want, got, name)
		s.Service.CACertificate = nil
		public := ownSettings(t, s)
		s.Values = nil
		for key, value := range added(ownSettings(t, s), public) {
			assert.Contains(t, []string{"", "''"}, value, "%s: %s: a public CA signed us", name, key)
		}
	}
}
