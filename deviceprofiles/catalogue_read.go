package deviceprofiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The catalogue's data is one file a vendor. A file has what its models share, series with what theirs share, and models, each of which says only
// what sets it apart; what stands deeper wins. How a model is managed decides last: modes.json has what follows from somebody else managing it.

// entry is one model as the data has it.
type entry struct {
	Short     string   `json:"name"`      // without the vendor, e.g. "T46U"
	Aliases   []string `json:"aliases"`   // other names, e.g. of the series for which it stands
	Managed   []string `json:"managed"`   // who can manage it: CISCO, CUSTOMER, PARTNER; a model of its own each
	Confirmed []string `json:"confirmed"` // facts that a source confirms, though what stands above calls them unconfirmed
	Model
}

// vendorFile is one file of the catalogue.
type vendorFile struct {
	Note   string          `json:"note"` // for readers
	Facts  json.RawMessage `json:"facts"`
	Series []struct {
		Note   string            `json:"note"`
		Facts  json.RawMessage   `json:"facts"`
		Models []json.RawMessage `json:"models"`
	} `json:"series"`
}

// modesFile has, for each way of managing a model, the facts that follow from it.
const modesFile = "packs/modes.json"

// vendors lists the files, in the order in which models are shown.
func vendors() []string {
	return []string{
		"cisco", "yealink", "poly", "algo", "audiocodes", "fanvil", "gigaset", "grandstream", "panasonic", "snom", "2n", "generic",
	}
}

// readCatalogue reads the models of all packs. A broken file is left out, and named.
func readCatalogue(files fs.FS) (models []entry, broken []error) {
	modes := map[string]json.RawMessage{}
	if err := readFile(files, modesFile, &modes); err != nil {
		return nil, []error{err}
	}
	for _, vendor := range vendors() {
		var file vendorFile
		name := "packs/" + vendor + "/models.json"
		if err := readFile(files, name, &file); err != nil {
			broken = append(broken, err)
			continue
		}
		list, err := file.entries(modes)
		if err != nil {
			broken = append(broken, fmt.Errorf("%s: %w", name, err))
			continue
		}
		models = append(models, list...)
	}
	return models, append(broken, checkCatalogue(models)...)
}

func readFile(files fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(files, name)
	if err == nil {
		err = decodeStrictly(raw, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// decodeStrictly refuses names that nobody reads: a misspelt fact would silently be none.
func decodeStrictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is something behind the data's end")
	}
	return nil
}

// entries are the models of a file, one for each way of managing it.
func (f vendorFile) entries(modes map[string]json.RawMessage) ([]entry, error) {
	common, err := entry{}.with(f.Facts)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	var out []entry
	for i, s := range f.Series {
		shared, err := common.with(s.Facts)
		if err != nil {
			return nil, fmt.Errorf("facts of series %d: %w", i, err)
		}
		for _, raw := range s.Models {
			own, err := shared.with(raw)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", raw, err)
			}
			for _, mode := range own.Managed {
				e, err := own.managedBy(mode, modes)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", raw, err)
				}
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// with returns the entry with some facts more, or other ones. Unconfirmed facts add up, until something confirms them.
func (e entry) with(facts json.RawMessage) (entry, error) {
	if len(facts) == 0 {
		return e, nil
	}
	above := e.Unconfirmed
	e.Unconfirmed, e.Confirmed = nil, nil
	// A list of the facts below must not be written into the memory of the one above.
	for _, list := range []*[]string{&e.Aliases, &e.Managed, &e.SupportedFor, &e.Onboarding, &e.KEMTypes, &e.Background.Formats} {
		*list = slices.Clone(*list)
	}
	if err := decodeStrictly(facts, &e); err != nil {
		return e, err
	}
	confirmed := spelledOut(e.Confirmed)
	e.Unconfirmed = slices.DeleteFunc(append(slices.Clone(above), spelledOut(e.Unconfirmed)...), func(fact string) bool { return slices.Contains(confirmed, fact) })
	slices.Sort(e.Unconfirmed)
	e.Unconfirmed = slices.Compact(e.Unconfirmed)
	return e, nil
}

// managedBy returns the entry as somebody manages it, with the names that it has then unless the data gives others.
func (e entry) managedBy(mode string, modes map[string]json.RawMessage) (entry, error) {
	facts, known := modes[mode]
	if !known {
		return e, fmt.Errorf("%s is no way of managing a phone", mode)
	}
	e, err := e.with(facts)
	if err != nil {
		return e, fmt.Errorf("%s: %s: %w", modesFile, mode, err)
	}
	e.ManagedBy, e.OwnPassword = mode, mode != managedByPlatform
	full := e.Vendor + " " + e.Short
	switch {
	case mode == managedByPartner: // which has no names of its own in the data
		e.Name, e.DisplayName = full+" Partner Managed", full
	case e.Name == "":
		e.Name = "DMS " + e.Vendor + " " + strings.ReplaceAll(e.Short, " ", "")
	}
	if e.DisplayName == "" {
		e.DisplayName = full
	}
	return e, nil
}

// flags stands in the data for all facts that are true or false on the wire.
const flags = "flags"

// spelledOut writes flags out.
func spelledOut(facts []string) []string {
	i := slices.Index(facts, flags)
	if i < 0 {
		return facts
	}
	return append(slices.Delete(slices.Clone(facts), i, i+1),
		"allowConfigureLayoutEnabled", "allowConfigureLinesEnabled", "allowConfigurePortsEnabled", "allowConfigurePhoneSettingsEnabled",
		"customizableLineLabelEnabled", "customizedBehaviorsEnabled", "portNumberSupportEnabled", "supportsLinePortReorderingEnabled",
		"additionalPrimaryLineAppearancesEnabled", "additionalSecondaryLineAppearancesEnabled", "kemLinesSupportEnabled", "supportsApplyChangesEnabled",
		"supportsHotlineEnabled", "callDeclinedEnabled", "allowHotelingHostEnabled", "supportsHotDeskOnly", "basicEmergencyNomadicEnabled", "t38Enabled",
		"touchScreenPhone", "upgradeChannelEnabled")
}
