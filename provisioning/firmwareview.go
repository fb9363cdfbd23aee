package provisioning

import (
	"context"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
)

// FirmwareView is what an operator watches of firmware: the folder and its plan, and how far a tenant's phones are.
type FirmwareView struct {
	Folder  bool // there is one
	Files   []FolderFile
	Plan    deviceprofiles.FirmwarePlan // that counts
	Missing map[string]bool             // files of the plan that aren't in the folder, or are empty
	Problem string                      // what is wrong with the plan as it stands in the folder; "" for nothing
	Read    time.Time                   // when the plan that counts was read; zero without one
	Counts  []FirmwareCount
}

// maxFirmwareCounts bounds the lines about phones: models times versions in use.
const maxFirmwareCounts = 1000

// Firmware says what the operator's folder holds and plans, and how many of a tenant's phones are how far.
func (s *Service) Firmware(ctx context.Context, tenant customer.Tenant) (FirmwareView, error) {
	s.flushTraces(ctx)
	counts, err := s.store.FirmwareCounts(ctx, tenant, maxFirmwareCounts)
	if err != nil {
		return FirmwareView{}, err
	}
	files, err := s.plan.list()
	if err != nil {
		return FirmwareView{}, err
	}
	f := s.plan
	f.mu.Lock()
	defer f.mu.Unlock()
	view := FirmwareView{Folder: f.files != nil, Files: files, Plan: f.plan, Missing: map[string]bool{}, Problem: f.problem, Read: f.read, Counts: counts}
	for _, name := range f.plan.Files() {
		if !f.there[name] {
			view.Missing[name] = true
		}
	}
	return view, nil
}
