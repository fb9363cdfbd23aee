package diagnosis

import (
	"fmt"
	"time"
)

// Site is what is known of the phones of one site, as counts. Only phones that proved who they are count.
type Site struct {
	Phones int // devices that a platform-managed file is written for
	// Of those that were heard of within Memory: how many fetched their file or registered at all, and how many of them lately.
	Fetched, FetchedLately       int
	Registered, RegisteredLately int
	// Refused counts those that asked for their file lately from the address where they are known, and were refused or failed, and haven't got it since.
	Refused int
}

// How long a site's phones may be silent. Phones look for a new file once a day, and register once an hour.
const (
	Memory           = 8 * 24 * time.Hour
	FetchSilence     = 26 * time.Hour
	RegisterSilence  = 2 * time.Hour
	RefusedLately    = 2 * time.Hour
	leastPhones      = 3  // fewer are silent for reasons of their own
	leastPercentLeft = 10 // of those that were heard of before: as many at most may still be heard, and the site is silent
)

// Silence says how a site is silent.
type Silence string

// The ways in which a site is silent.
const (
	NotSilent       Silence = ""
	FetchesRefused  Silence = "fetches_refused"
	FetchesSilent   Silence = "fetches_silent"
	RegistersSilent Silence = "registrations_silent"
	AllSilent       Silence = "site_silent"
)

// SilenceOf judges a site. A site with fewer than three phones that were heard of is never silent.
func SilenceOf(s Site) Silence {
	fetches, registers := gone(s.Fetched, s.FetchedLately), gone(s.Registered, s.RegisteredLately)
	switch {
	case s.Refused >= leastPhones && 2*s.Refused >= s.Fetched:
		return FetchesRefused
	case fetches && registers:
		return AllSilent
	case fetches && s.RegisteredLately > 0:
		return FetchesSilent
	case registers:
		return RegistersSilent
	default:
		return NotSilent
	}
}

func gone(before, lately int) bool {
	return before >= leastPhones && 100*lately <= leastPercentLeft*before
}

// Sentence says to a person what is wrong at a site, and the next step.
func (k Silence) Sentence(site string, s Site) (sentence, next string) {
	switch k {
	case FetchesRefused:
		return fmt.Sprintf("%d phones of %s ask for their files and are refused.", s.Refused, site),
			"Look why in the boot trace of one of them; they go on with the file that they have."
	case FetchesSilent:
		return fmt.Sprintf("The phones of %s register, but %d of %d haven't fetched their files for a day.", site, s.Fetched-s.FetchedLately, s.Fetched),
			"See that the site's address reaches our HTTPS port: a firewall may have blocked it."
	case RegistersSilent:
		return fmt.Sprintf("%d of %d phones of %s have stopped registering.", s.Registered-s.RegisteredLately, s.Registered, site),
			"See that the site reaches our SIP ports and DNS."
	case AllSilent:
		return fmt.Sprintf("Nothing is heard any more of the phones of %s, %d of which were registered.", site, s.Registered),
			"See that the site has power and a line."
	default:
		return "", ""
	}
}
