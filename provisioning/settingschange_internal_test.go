package provisioning

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/png"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/secret"
)

// Any changes, one after the other, come to what a map of values says; what is so already is neither set nor cleared again.
func TestChangesAddUp(t *testing.T) {
	t.Parallel()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	at := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	s := &Service{keyring: ring, now: func() time.Time { at = at.Add(time.Second); return at }}
	names := rapid.SampledFrom([]deviceprofiles.SettingKey{{Scope: "mpp", Name: "a"}, {Scope: "mpp", Name: "b"}, {Scope: "ata", Name: "a"}})
	values := rapid.SampledFrom([]deviceprofiles.SettingValue{{Text: "1"}, {Text: "2"}, {Secret: secret.New("hidden-1")}, {Secret: secret.New("hidden-2")}})
	rapid.Check(t, func(t *rapid.T) {
		other := Setting{Subject: "above", Level: deviceprofiles.LevelLocation, Key: deviceprofiles.SettingKey{Scope: "mpp", Name: "a"}, Value: "9"}
		settings := []Setting{other}
		want := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			c := SettingsChange{Level: deviceprofiles.LevelDevice, Subject: "device"}
			set := rapid.MapOf(names, values).Draw(t, "set")
			require.NoError(t, s.PutAll(&c, set))
			for _, key := range rapid.SliceOfDistinct(names, deviceprofiles.SettingKey.String).Draw(t, "clear") {
				if _, too := set[key]; !too {
					c.Clear = append(c.Clear, key)
					delete(want, key)
				}
			}
			if len(set) == 0 && rapid.Bool().Draw(t, "clear the group") {
				c.ClearScopes = []deviceprofiles.SettingScope{"mpp"}
				maps.DeleteFunc(want, func(key deviceprofiles.SettingKey, _ deviceprofiles.SettingValue) bool { return key.Scope == "mpp" })
			}
			maps.Copy(want, set)
			narrowed, err := s.narrowed(c, settings)
			require.NoError(t, err)
			settings = s.Applied(narrowed, customer.Tenant{}, "somebody", settings)
			again, err := s.narrowed(c, settings)
			require.NoError(t, err)
			assert.Empty(t, again.Set, "it is set already")
			assert.Empty(t, again.Clear, "it is cleared already")
		}
		got := map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{}
		for _, one := range settings {
			value, err := s.valueOf(one)
			require.NoError(t, err)
			if one.Subject == "device" {
				got[one.Key] = value
			}
		}
		assert.Equal(t, want, got)
		assert.True(t, slices.ContainsFunc(settings, func(one Setting) bool { return one.Subject == "above" && one.Value == "9" }), "other levels stay")
	})
}

func TestWhatWasToldIsRemembered(t *testing.T) {
	t.Parallel()
	var told Told
	told, more := told.with(deviceprofiles.Settings{})
	assert.False(t, more)
	told, more = told.with(deviceprofiles.Settings{Values: map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{{Scope: "mpp", Name: "b"}: {}, {Scope: "mpp", Name: "a"}: {}}})
	assert.True(t, more)
	assert.Equal(t, Told{Settings: map[deviceprofiles.SettingScope][]string{"mpp": {"a", "b"}}}, told)
	told, more = told.with(deviceprofiles.Settings{Layout: deviceprofiles.Layout{Custom: true}})
	assert.True(t, more)
	assert.True(t, told.Layout)
	_, more = told.with(deviceprofiles.Settings{Values: map[deviceprofiles.SettingKey]deviceprofiles.SettingValue{{Scope: "mpp", Name: "b"}: {}}})
	assert.False(t, more)
}

// FuzzImageFormat looks into anything without a panic, and takes only what is a PNG or JPEG of a bearable size.
func FuzzImageFormat(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, body []byte) {
		format, err := imageFormat(body)
		if err == nil && format != "png" && format != "jpeg" {
			t.Fatal(format)
		}
	})
}
