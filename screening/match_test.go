package screening_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/screening"
)

// ids are the entries of hits, in order.
func ids(hits []screening.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Entry.ID)
	}
	return out
}

func TestPossibleMatchesAreFound(t *testing.T) {
	t.Parallel()
	index := screening.NewIndex(sample(t))
	for _, tc := range []struct {
		why, name, country string
		want               string // the entry that must be the first hit
		score              int
	}{
		{"the very name", "Baltavia Precision Optics OOO", "RU", "t003", 1000},
		{"without its legal form, in another case", "baltavia precision optics", "RU", "t003", 1000},
		{"with another legal form and order", "Optics Precision Baltavia GmbH", "RU", "t003", 1000},
		{"the same in another country", "Baltavia Precision Optics", "US", "t003", 950},
		{"the same in no known country", "Baltavia Precision Optics", "", "t003", 1000},
		{"one letter wrong in each word", "Baltawia Precisoin Optcs", "RU", "t003", 924},
		{"one letter wrong, abroad", "Baltawia Precision Optics", "US", "t003", 916},
		{"an alternative name", "Norvent Institute 13", "CN", "t001", 1000},
		{"the abbreviation that an entry has", "N.E.R.I. Inc.", "CN", "t001", 1000},
		{"what stands before a bracket", "Academy of Solid Propulsion Sciences", "CN", "t025", 1000},
		{"an accent less", "Bolivar Aeronautics SA", "VE", "t028", 1000},
		{"the legal text around it", "Sinobrightly Import & Export Co., Ltd.", "", "t056", 1000},
		{"blanks less", "Sino Brightly Import Export", "", "t056", 980},
		{"a hyphen less", "Alsahwani Trading", "AE", "t004", 1000},
		{"a branch's place more", "Kuramaneft Trade Limited Limassol Branch", "CY", "t053", 789},
		{"first name first", "Sergey Viktorovich Petrashevkin", "RU", "t029", 1000},
		{"a middle name left out", "Sergei Petrashevkin", "RU", "t029", 1000},
		{"a middle name more", "Xiulan Mei Feng", "US", "t017", 850},
		{"another spelling of the sounds", "Muhammad Youssef Al-Hamduni", "YE", "t030", 1000},
		{"an apostrophe less", "Fathi Qarawiti Mohamed", "PS", "t031", 1000},
		{"umlauts written out", "Juergen Oberhaeusler", "AT", "t038", 1000},
		{"umlauts left out", "Jurgen Oberhausler", "AT", "t038", 1000},
		{"a person's company", "Aurelio Guzman Loerando LLC", "MX", "t035", 1000},
		{"a surname that is a legal form", "Atong Co", "PH", "t034", 1000},
		{"a short name", "Li Xiaodan", "", "t033", 1000},
		{"in Cyrillic", "ООО «Балтавия Оптика»", "RU", "t003", 1000},
		{"in Arabic", "شركة النور الحمدوني للتجارة", "YE", "t049", 1000},
		{"in Arabic with vowel marks", "محمّد يوسف الحمدوني", "YE", "t030", 1000},
		{"in Chinese", "秦龙微系统技术有限公司", "CN", "t002", 1000},
		{"in Chinese, one character wrong", "秦龙徽系统技术有限公司", "CN", "t002", 960},
		{"a ship's very name", "Victoria", "US", "t050", 1000},
	} {
		hits := index.Match(screening.Subject{Names: []string{tc.name}, Country: tc.country})
		if assert.NotEmpty(t, hits, "%s: %s", tc.why, tc.name) {
			assert.Equal(t, tc.want, hits[0].Entry.ID, "%s: %s: %s", tc.why, tc.name, hits[0].Reason)
			assert.Equal(t, tc.score, hits[0].Score, "%s: %s: %s", tc.why, tc.name, hits[0].Reason)
		}
	}
}

// ordinary are names that customers of a telephone service have.
func ordinary() []string {
	return []string{
		"Corner Bakery", "Main Street Dental", "Sunrise Family Clinic", "Northern Lights Electric", "Elite Auto Repair", "Blue Peak Brewing",
		"Pacific Coast Trading", "Eastern Shore Trading Company", "General Trading Company", "Global Holdings LLC", "Skyline Roofing Inc.",
		"Victoria Nails", "Ocean Star Sushi", "Green Valley Foundation", "Horizon Electronics", "Star Logistics", "Norwood Research Institute",
		"Precision Optical", "Bank of Springfield", "Crescent Dry Cleaners", "Harbour Road Pub", "First National Bank", "Institute of Dance",
		"Acme Corporation", "The Company", "Smith & Sons", "Johnson Controls Service", "Mountain View School District", "City of Fairview",
		"St. Mary's Church", "Golden Dragon Restaurant", "Hong Kong Garden", "Kim's Nails", "Lee Law Firm", "Atlas Movers", "Summit Insurance Group",
		"Import Export Solutions", "International Shipping Services", "Capital Investments", "Technology Partners", "Aviation Supply Group",
		"John Smith", "Maria Garcia", "Mohammed Ali", "Wei Li", "Sergei Ivanov", "Fatima Hassan", "Anna Müller", "Kim Min Jun", "Nguyen Van An",
		"Co", "LLC", "A", "7-Eleven", "24/7 Plumbing", "...", "",
	}
}

func TestOrdinaryNamesAreNoMatch(t *testing.T) {
	t.Parallel()
	for name, index := range map[string]*screening.Index{
		"sample": screening.NewIndex(sample(t)), "30,000 entries": screening.NewIndex(synthetic(30_000)), "none": screening.NewIndex(nil),
	} {
		for _, subject := range ordinary() {
			for _, country := range []string{"", "US", "CN", "RU"} {
				hits := index.Match(screening.Subject{Names: []string{subject}, Country: country, City: "Springfield", AddressLine: "1 Main Street"})
				assert.Empty(t, hits, "%s: %s", name, subject)
			}
		}
	}
}

func TestNearMissesAreNoMatch(t *testing.T) {
	t.Parallel()
	index := screening.NewIndex(sample(t))
	for _, tc := range []struct{ why, name, country string }{
		{"half of the words", "Baltavia Foods", "RU"},
		{"two errors in the one word that tells", "Baltovua Precision Optics", "US"},
		{"a surname with another first name", "Natasha Petrashevkin", ""},
		{"another short surname", "Lu Xiaodan", ""},
		{"another number", "Norvent Institute 14", ""},
		{"a ship's name with an error", "Victorya", ""},
		{"a ship's name among others", "Ocean Star Seafood", ""},
		{"the legal form alone", "ZAO", "RU"},
		{"the same person in another script", "Петрашевкин", "RU"},
	} {
		assert.Empty(t, index.Match(screening.Subject{Names: []string{tc.name}, Country: tc.country}), "%s: %s", tc.why, tc.name)
	}
}

func TestThePlaceCounts(t *testing.T) {
	t.Parallel()
	index := screening.NewIndex(sample(t))
	nearly := screening.Subject{Names: []string{"Skylime Avionics Suply"}}
	for _, tc := range []struct {
		country, city, street string
		score                 int
		reason                string
	}{
		{"", "", "", 919, "Whether it is the same place isn't known."},
		{"US", "", "", 969, "The same: country (US)."},
		{"US", "doral", "", 994, "The same: country (US), city."},
		{"US", "Doral", "2200 N.W. 84th Avenue", 1000, "The same: country (US), city, street."},
		{"", "Doral", "", 944, "The same: city."},
		{"US", "Dor", "2200", 969, "The same: country (US)."},
		{"CA", "Doral", "2200 NW 84th Avenue", 869, "The entry has addresses, but none in CA."},
	} {
		subject := nearly
		subject.Country, subject.City, subject.AddressLine = tc.country, tc.city, tc.street
		hits := index.Match(subject)
		require.Len(t, hits, 1, "%+v", tc)
		assert.Equal(t, tc.score, hits[0].Score, "%+v", tc)
		assert.Equal(t, `The name "Skylime Avionics Suply" is similar to (919 of 1000) "SKYLINE AVIONICS SUPPLY INC.", which is on: `+
			`Denied Persons List (DPL) - Bureau of Industry and Security. `+tc.reason+` Compare it with the entry before you decide.`, hits[0].Reason)
	}

	some := screening.Subject{Names: []string{"Gulfstream Northern"}, Country: "MT", City: "Valletta"}
	assert.Empty(t, index.Match(some))
	some.AddressLine = "One Harbour Plaza"
	assert.Equal(t, []string{"t016"}, ids(index.Match(some)), "two thirds of a name behind the same door")
}

func TestAHitSaysWhatMatched(t *testing.T) {
	t.Parallel()
	index := screening.NewIndex(sample(t))
	hits := index.Match(screening.Subject{Names: []string{"Corner Bakery", "Pieter van der Meulenbroek", "Blue Peak Semi Con", "Alexey Bondarchukenko"}, Country: "BE"})
	require.Equal(t, []string{"t037", "t018", "t020"}, ids(hits))
	byID := map[string]screening.Hit{}
	for _, h := range hits {
		byID[h.Entry.ID] = h
	}
	assert.Equal(t, "Pieter van der Meulenbroek", byID["t037"].SubjectName)
	assert.Equal(t, "VAN DER MEULENBROEK, Pieter", byID["t037"].ListedName)
	assert.Equal(t, 1000, byID["t037"].Score)
	assert.Equal(t, `The name "Pieter van der Meulenbroek" is the same as "VAN DER MEULENBROEK, Pieter", which is on: `+
		`Specially Designated Nationals (SDN) - Treasury Department. The same: country (BE). Compare it with the entry before you decide.`, byID["t037"].Reason)
	assert.Equal(t, "ALEXEY BONDARCHUKENKO", byID["t018"].ListedName)
	assert.Equal(t, 950, byID["t018"].Score)
	assert.Contains(t, byID["t020"].Reason, "is the same, but for blanks, as")
}

func TestAMatchIsBounded(t *testing.T) {
	t.Parallel()
	var entries []screening.Entry
	for i := range 50 {
		entries = append(entries, screening.Entry{ID: fmt.Sprintf("%02d", i), Name: "Zorvath Krenning"})
	}
	index := screening.NewIndex(entries)
	assert.Equal(t, 50, index.Len())
	hits := index.Match(screening.Subject{Names: []string{"Krenning Zorvath"}})
	require.Len(t, hits, screening.MaxHits)
	assert.Equal(t, "00", hits[0].Entry.ID)
	assert.Equal(t, "19", hits[19].Entry.ID)

	names := append(slices.Repeat([]string{"Corner Bakery"}, 100), "Zorvath Krenning")
	assert.Empty(t, index.Match(screening.Subject{Names: names}), "the 101st name isn't looked at")
	long := "Zorvath Krenning " + strings.Repeat("x ", 1_000_000)
	assert.Empty(t, index.Match(screening.Subject{Names: []string{long + "\xff"}}))
}

func TestAnIndexServesManyAtOnce(t *testing.T) {
	t.Parallel()
	entries := sample(t)
	index := screening.NewIndex(entries)
	var all sync.WaitGroup
	for _, e := range entries {
		all.Go(func() {
			assert.Contains(t, ids(index.Match(screening.Subject{Names: []string{e.Name}})), e.ID)
		})
	}
	all.Wait()
}

func FuzzMatch(f *testing.F) {
	entries := sample(f)
	index := screening.NewIndex(entries)
	f.Add("Baltavia Precision Optics", "RU", "Saint Petersburg", "14 Kirovskaya")
	f.Add("秦龙微系统技术有限公司", "CN", "", "")
	f.Add("a b c a b c", "\xff", "\xff", "\x00")
	f.Fuzz(func(t *testing.T, name, country, city, street string) {
		hits := index.Match(screening.Subject{Names: []string{name, entries[0].Name}, Country: country, City: city, AddressLine: street})
		if len(hits) == 0 || len(hits) > screening.MaxHits {
			t.Fatalf("%d hits", len(hits))
		}
		for i, h := range hits {
			if h.Score < screening.HitThreshold || h.Score > 1000 || i > 0 && h.Score > hits[i-1].Score || h.Reason == "" {
				t.Fatalf("%+v", h)
			}
		}
		own := screening.NewIndex([]screening.Entry{{ID: "1", Name: name, Addresses: []string{street}}})
		if found := own.Match(screening.Subject{Names: []string{name}}); len(found) > 1 || len(found) == 1 && found[0].Score != 1000 {
			t.Fatalf("%q doesn't match itself: %+v", name, found)
		}
	})
}
