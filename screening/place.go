package screening

import (
	"fmt"
	"slices"
	"strings"
)

// place is where a subject is, with its words folded as a name's are.
type place struct {
	country, city, street string
}

func (s Subject) place() place {
	return place{country: s.Country, city: phrase(s.City), street: phrase(s.AddressLine)}
}

// phrase is a text's words with blanks around them, so that whole words are found in it; " " if it has none.
func phrase(s string) string {
	split := words(s)
	if len(split) == 0 {
		return " "
	}
	return " " + strings.Join(split, " ") + " "
}

// evidence is what an entry's places say about a subject's.
type evidence struct {
	country      string // the subject's, when it is known that the entry is there, or that it is elsewhere
	elsewhere    bool   // the entry has countries, and this isn't one
	city, street bool   // an address has it
}

// compare looks at an entry's places. Cities and streets of an entry in other countries say nothing: there is a Main Street everywhere.
func (p place) compare(e Entry) evidence {
	var out evidence
	if p.country != "" && len(e.Countries) > 0 {
		out.country = p.country
		out.elsewhere = !slices.Contains(e.Countries, p.country)
	}
	if out.elsewhere {
		return out
	}
	for _, address := range e.Addresses {
		folded := phrase(address)
		out.city = out.city || p.city != " " && strings.Contains(folded, p.city)
		out.street = out.street || p.hasStreet() && strings.Contains(folded, p.street)
	}
	return out
}

// hasStreet reports whether the street is one: a single word may be a house number, or "Suite".
func (p place) hasStreet() bool { return strings.Count(p.street, " ") > 2 }

// points are added to a name's score.
func (e evidence) points() int {
	points := 0
	switch {
	case e.elsewhere:
		points -= otherCountry
	case e.country != "":
		points += sameCountry
	}
	if e.city {
		points += sameCity
	}
	if e.street {
		points += sameStreet
	}
	return points
}

// sentence says the same to a person.
func (e evidence) sentence() string {
	var same []string
	if e.country != "" && !e.elsewhere {
		same = append(same, "country ("+e.country+")")
	}
	if e.city {
		same = append(same, "city")
	}
	if e.street {
		same = append(same, "street")
	}
	switch {
	case e.elsewhere:
		return fmt.Sprintf("The entry has addresses, but none in %s.", e.country)
	case len(same) > 0:
		return "The same: " + strings.Join(same, ", ") + "."
	}
	return "Whether it is the same place isn't known."
}
