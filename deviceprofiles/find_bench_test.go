package deviceprofiles_test

import (
	"testing"

	"dialtone/deviceprofiles"
)

// BenchmarkFindModel finds a model by the name that is stored with a device, as each request of a phone does, and as a person writes it.
func BenchmarkFindModel(b *testing.B) {
	for name, spelling := range map[string]string{"stored": "Generic IPPhone Customer Managed", "typed": "vvx-450"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := deviceprofiles.FindModel(spelling); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}

// BenchmarkEffective finds out what counts for a phone on which nothing is set.
func BenchmarkEffective(b *testing.B) {
	m, _ := deviceprofiles.FindModel("Cisco 8851")
	for b.Loop() {
		if len(deviceprofiles.Effective(m, "US")) == 0 {
			b.Fatal("no settings")
		}
	}
}
