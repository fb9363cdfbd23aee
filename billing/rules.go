package billing

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/fault"
)

// maxYears is how far back reports go (product rule 9).
const maxYears = 5

// problems gathers what is wrong with one order, so that whoever sent it can mend it all at once.
type problems struct {
	list []fault.Problem
}

func (p *problems) add(code fault.Code, field, format string, args ...any) {
	p.list = append(p.list, fault.Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// err returns fault.Invalid with all that was found, nil if nothing was.
func (p *problems) err() error {
	return fault.InvalidProblems("The report can't be ordered", p.list)
}

// days reads the first and the last day of a report.
func (p *problems) days(start, end string, today Date) (Date, Date) {
	first, last := p.day("billingStartDate", start, today), p.day("billingEndDate", end, today)
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		p.add(fault.CodeRule, "billingEndDate", "must not be before billingStartDate, %s; it is %s", first, last)
	}
	return first, last
}

// day reads a day that is over and not too long ago. It returns what it can read, also when a rule forbids it.
func (p *problems) day(field, text string, today Date) Date {
	if strings.TrimSpace(text) == "" {
		p.add(fault.CodeMissing, field, "is needed")
		return Date{}
	}
	day, ok := ParseDate(text)
	switch oldest := today.yearsBefore(maxYears); {
	case !ok:
		p.add(fault.CodeRule, field, "must be a date such as 2026-05-01; it is %s", shortened(text))
	case !day.Before(today):
		p.add(fault.CodeRule, field, "must be before today, %s in the time zone of your billing subscription, as usage is known when a day is over; it is %s", today, day)
	case day.Before(oldest):
		p.add(fault.CodeRule, field, "must be %s or later: reports go back %d years; it is %s", oldest, maxYears, day)
	}
	return day
}

// word checks one of a few words; the first of them stands for none.
func word[T ~string](p *problems, field string, value T, words []T) T {
	if value == "" {
		return words[0]
	}
	if !slices.Contains(words, value) {
		p.add(fault.CodeRule, field, "must be one of %s; it is %s", joined(words), shortened(string(value)))
	}
	return value
}

func joined[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}

// shortened quotes what a stranger sent, but not a page of it.
func shortened(text string) string {
	const most = 40 // characters that are repeated
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}
