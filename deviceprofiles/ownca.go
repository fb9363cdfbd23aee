package deviceprofiles

import "slices"

// OwnCASetting gives phones the certificate of our own CA in a way that nobody has confirmed for their family: for trying it with one phone. Without it
// they are told what is known to work, which for them is not to look at our certificate.
//
//nolint:gochecknoglobals // never changes
var OwnCASetting = SettingKey{Scope: ScopeEvery, Name: "%EVERY_OWN_CA%"}

// ownCAFacts is for families with such a way.
type ownCAFacts struct {
	Note   string   `json:"note"`
	Except []string `json:"except"` // variants of models without
}

// takesOwnCA reports whether phones of a model can be given our CA in such a way.
func takesOwnCA(m Model) bool {
	p := packs().byFamily[m.Family]
	return p != nil && p.OwnCA != nil && !slices.Contains(p.OwnCA.Except, m.Variant)
}

// ownCA reports whether the phone is to have our CA so.
func (p *pack) ownCA(s Settings) bool {
	return p.OwnCA != nil && !slices.Contains(p.OwnCA.Except, s.Model.Variant) && s.Values[OwnCASetting].Text == "true" && len(s.Service.CACertificate) > 0
}
