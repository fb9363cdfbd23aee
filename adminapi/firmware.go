package adminapi

import (
	"context"
	"net/http"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/provisioning"
)

// firmwareFileWire is a file of the operator's folder.
type firmwareFileWire struct {
	Name     string `json:"name" doc:"Its way below the folder; phones find it below /firmware/"`
	Size     int64  `json:"size" doc:"Bytes"`
	Modified string `json:"modified"`
}

// firmwareRuleWire is a rule of the operator's plan.
type firmwareRuleWire struct {
	Families []string `json:"families"`
	Models   []string `json:"models"`
	File     string   `json:"file"`
	Missing  bool     `json:"missing" doc:"The file isn't in the folder, or is empty: no phone is told of it"`
	Version  string   `json:"version"`
	From     []string `json:"from" doc:"Only phones that run one of these; empty: all"`
	Share    int      `json:"share" doc:"Percent of these phones"`
	Least    string   `json:"least,omitempty"`
}

// languageRuleWire is a rule for texts.
type languageRuleWire struct {
	Families []string `json:"families"`
	Models   []string `json:"models"`
	Language string   `json:"language"`
	Name     string   `json:"name"`
	File     string   `json:"file"`
	Missing  bool     `json:"missing"`
}

// firmwareCountWire is how many phones are alike.
type firmwareCountWire struct {
	Model         string `json:"model"`
	Version       string `json:"version" doc:"As the phones said; empty: they never did"`
	Count         int    `json:"count"`
	State         string `json:"state" doc:"none: no rule is for them; due, done, or looping: they fetched it again and again and don't run it"`
	TakesFirmware bool   `json:"takesFirmware" doc:"Phones of the model can be told their firmware by their file"`
	WantedFile    string `json:"wantedFile,omitempty"`
	WantedVersion string `json:"wantedVersion,omitempty"`
}

type firmwareOutput struct {
	Body struct {
		Folder    bool                `json:"folder" doc:"The server has a folder with firmware"`
		Problem   string              `json:"problem,omitempty" doc:"What is wrong with firmware.json as it stands; what counts is what it said before"`
		Read      string              `json:"read,omitempty" doc:"When the rules that count were read"`
		Files     []firmwareFileWire  `json:"files" doc:"The first 1000"`
		Rules     []firmwareRuleWire  `json:"rules"`
		Languages []languageRuleWire  `json:"languages"`
		Phones    []firmwareCountWire `json:"phones" doc:"Yours, the most frequent first: at most 1000 lines"`
	}
}

type firmwareInput struct{ InOrg }

// firmwareRoutes are about what phones run.
func (s *Server) firmwareRoutes() {
	route(s, operation{"getFirmware", http.MethodGet, "/hub/v1/firmware", "What firmware there is, which phones are to run it, and how far they are", 0, customer.ScopeDevicesRead},
		func(ctx context.Context, in *firmwareInput) (*firmwareOutput, error) {
			tenant, err := s.tenant(ctx, in.InOrg)
			if err != nil {
				return nil, err
			}
			view, err := s.Devices.Firmware(ctx, tenant)
			if err != nil {
				return nil, err
			}
			return wireFirmware(view), nil
		})
}

func wireFirmware(v provisioning.FirmwareView) *firmwareOutput {
	out := &firmwareOutput{}
	out.Body.Folder, out.Body.Problem, out.Body.Read = v.Folder, v.Problem, timestamp(v.Read)
	out.Body.Files = make([]firmwareFileWire, len(v.Files))
	for i, f := range v.Files {
		out.Body.Files[i] = firmwareFileWire{Name: f.Name, Size: f.Size, Modified: timestamp(f.Modified)}
	}
	out.Body.Rules = make([]firmwareRuleWire, len(v.Plan.Rules))
	for i, r := range v.Plan.Rules {
		const all = 100
		w := firmwareRuleWire{
			Families: familyNames(r.Families), Models: orNone(r.Models), File: r.File, Missing: v.Missing[r.File], Version: r.Version, From: orNone(r.From),
			Share: all, Least: r.Least,
		}
		if r.Share != nil {
			w.Share = *r.Share
		}
		out.Body.Rules[i] = w
	}
	out.Body.Languages = make([]languageRuleWire, len(v.Plan.Languages))
	for i, r := range v.Plan.Languages {
		out.Body.Languages[i] = languageRuleWire{
			Families: familyNames(r.Families), Models: orNone(r.Models), Language: r.Language, Name: r.Name, File: r.File, Missing: v.Missing[r.File],
		}
	}
	out.Body.Phones = make([]firmwareCountWire, len(v.Counts))
	for i, c := range v.Counts {
		out.Body.Phones[i] = wireFirmwareCount(c)
	}
	return out
}

func wireFirmwareCount(c provisioning.FirmwareCount) firmwareCountWire {
	w := firmwareCountWire{
		Model: c.Model, Version: c.State.Version, Count: c.Count, State: string(c.State.Progress()), WantedFile: c.State.Wanted, WantedVersion: c.State.WantedVersion,
	}
	if m, ok := deviceprofiles.FindModel(c.Model); ok {
		w.Model = m.DisplayName
		w.TakesFirmware, _ = deviceprofiles.TakesFirmware(m)
	}
	return w
}

func familyNames(families []deviceprofiles.Family) []string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = string(f)
	}
	return names
}

// orNone is a list that is never null on the wire.
func orNone(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
