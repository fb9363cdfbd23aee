package deviceprofiles

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// checkCatalogue names what is wrong with the data: names that two models share, words that the wire doesn't know, figures that contradict each other.
func checkCatalogue(models []entry) (broken []error) {
	facts := factNames()
	seen := map[string]bool{}
	for _, e := range models {
		for _, name := range []string{e.Name, e.ManagedBy + " " + e.DisplayName} {
			if seen[name] {
				broken = append(broken, fmt.Errorf("%s is there twice", name))
			}
			seen[name] = true
		}
		for _, err := range []error{e.checkWords(facts), e.checkFigures(), e.checkModules(), e.checkFits()} {
			if err != nil {
				broken = append(broken, fmt.Errorf("%s: %w", e.Name, err))
			}
		}
	}
	return broken
}

// factNames are the names of all facts, as in the tags of Model.
func factNames() []string {
	var out []string
	for field := range reflect.TypeFor[Model]().Fields() {
		out = append(out, field.Tag.Get("json"))
	}
	return out
}

func (m Model) checkWords(facts []string) error {
	for _, w := range []struct {
		fact  string
		words []string
		known []string
	}{
		{"type", []string{m.Type}, []string{"MPP", "ATA", "GENERIC_SIP", "DESK_PHONE"}},
		{"manufacturer", []string{m.Manufacturer}, []string{"CISCO", "THIRD_PARTY"}},
		{"managedBy", []string{m.ManagedBy}, []string{managedByPlatform, managedByCustomer, managedByPartner}},
		{"supportedFor", m.SupportedFor, []string{"PEOPLE", "PLACE"}},
		{"onboardingMethod", m.Onboarding, []string{"MAC_ADDRESS", "ACTIVATION_CODE", "NONE"}},
		{"kemModuleType", m.KEMTypes, []string{"KEM_14_KEYS", "KEM_18_KEYS", "KEM_20_KEYS"}},
		{"deviceSettingsConfiguration", []string{string(m.SettingsStyle)}, []string{string(SettingsStatic), string(SettingsPhoneOS), string(SettingsDynamic), string(SettingsNone)}},
		{"supportsLogCollection", []string{m.LogCollection}, []string{"NONE", "CISCO_PRT", "CISCO_ROOMOS"}},
		{"defaultUpgradeChannel", []string{m.DefaultUpgradeChannel}, append(UpgradeChannels(), "")},
		{"family", []string{string(m.Family)}, familyNames()},
		{"formats", m.Background.Formats, []string{"jpeg", "png"}},
		{"unconfirmed", m.Unconfirmed, facts},
	} {
		for i, word := range w.words {
			if !slices.Contains(w.known, word) || slices.Contains(w.words[:i], word) {
				return fmt.Errorf("%s can't be %q", w.fact, w.words)
			}
		}
	}
	return nil
}

func familyNames() []string {
	out := []string{string(Generic)}
	for _, p := range packs().packs {
		out = append(out, string(p.Family))
	}
	return out
}

func (m Model) checkFigures() error {
	const most = 1000 // lines: more than any gateway has
	b := m.Background
	switch {
	case m.Name == "" || m.DisplayName == "" || m.Vendor == "" || len(m.Name) > 64 || strings.TrimSpace(m.Name) != m.Name:
		return errors.New("it needs a vendor, and names of at most 64 bytes")
	case m.LinePorts < 1 || m.LinePorts > most:
		return fmt.Errorf("it can't have %d lines", m.LinePorts)
	case m.LineKeys < 0 || m.MaxAppearances < 0:
		return errors.New("a figure is negative")
	case len(m.SupportedFor) == 0 || len(m.Onboarding) == 0:
		return errors.New("it needs supportedFor and onboardingMethod")
	case m.UpgradeChannels != (m.DefaultUpgradeChannel != ""):
		return errors.New("upgradeChannelEnabled and defaultUpgradeChannel contradict each other")
	case (b.Width > 0) != (b.Height > 0) || (b.Width > 0) != (len(b.Formats) > 0) || b.Width < 0 || b.Height < 0:
		return errors.New("a background needs width, height and formats")
	}
	return nil
}

// checkModules holds the facts about expansion modules against each other: a type names the keys of one page.
func (m Model) checkModules() error {
	if (m.KEMModules > 0) != (m.KEMKeys > 0) || m.KEMModules < 0 || m.KEMModules == 0 && (len(m.KEMTypes) > 0 || m.KEMLines) {
		return errors.New("kemModuleCount, kemKeys, kemModuleType and kemLinesSupportEnabled contradict each other")
	}
	if len(m.KEMTypes) == 0 {
		return nil
	}
	for _, t := range m.KEMTypes {
		digits := strings.TrimSuffix(strings.TrimPrefix(t, "KEM_"), "_KEYS")
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && m.KEMKeys%n == 0 {
			return nil
		}
	}
	return fmt.Errorf("a module with %d keys is none of %q", m.KEMKeys, m.KEMTypes)
}

// checkFits holds what a model may against who manages it.
func (m Model) checkFits() error {
	switch {
	case m.ManagedBy == managedByPlatform:
	case m.Manufacturer != "THIRD_PARTY":
		return errors.New("only the platform manages phones of the manufacturer CISCO")
	case m.SettingsStyle != SettingsNone || m.ApplyChanges || m.ConfigurableLayout || m.CustomLabels || m.Takes("ACTIVATION_CODE"):
		return errors.New("it needs files of ours, which a phone that others manage doesn't fetch")
	}
	if m.VirtualLines && (m.Type == "GENERIC_SIP" || m.Type == "ATA") {
		return errors.New("its type carries no virtual lines")
	}
	return nil
}
