package deviceprofiles

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryFamilyIsToldTheEventsThatItObeys(t *testing.T) {
	t.Parallel()
	const softly, restart = "check-sync;reboot=false", "check-sync;reboot=true"
	for family, want := range map[Family][2]string{
		"2n": {}, "algo": {"check-sync", restart}, "audiocodes": {softly, restart}, "audiocodes-gateway": {softly, restart}, "cisco-ata": {"resync", "reboot_now"},
		"cisco-mpp": {"resync", "reboot_now"}, "cisco-phoneos": {"resync", "reboot_now"}, "fanvil": {"check-sync", restart}, "generic": {},
		"gigaset": {softly, ""}, "gigaset-nx70": {softly, ""}, "grandstream": {"resync", restart}, "panasonic": {"check-sync", restart}, "poly": {"check-sync", ""},
		"poly-obi": {}, "snom": {softly, restart}, "snom-c": {}, "snom-dect": {restart, restart}, "yealink": {softly, restart}, "yealink-dect": {softly, restart},
	} {
		events, told := NotifyEventsOf(family)
		assert.Equal(t, want, [2]string{events.Resync, events.Reboot}, family)
		assert.Equal(t, want[0] != "", told, family)
	}
	assert.Len(t, packs().packs, 20, "a family is missing above")
}

func TestBrokenNotifyEventsAreNamed(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]NotifyEvents{
		"resync: is needed":     {Reboot: "check-sync"},
		"resync: \"a\\r\\nb\"":  {Resync: "a\r\nb"},
		"reboot: \"a b\"":       {Resync: "a", Reboot: "a b"},
		"contentType and body:": {Resync: "a", Body: "x"},
	} {
		assert.ErrorContains(t, n.check(), want)
	}
}
