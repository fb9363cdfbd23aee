package provisioning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// Phones are told their firmware by their own files, and these change with a revision alone: never while a phone fetches. What brings that about is the
// round here: it compares what each phone is told with what it would be told now, and publishes those that differ. So a process may die anywhere in it, and
// two nodes may do it at once: who comes second finds nothing to do.

// The pace of rounds: a hundred thousand phones are looked through in a few minutes, and each revision is a transaction of its own.
const (
	rolloutInterval = 2 * time.Second
	rolloutChunk    = 500
	rolloutTimeout  = 30 * time.Second
	loopInterval    = time.Minute
)

// AlarmFirmwareLoop is the kind of alarm for a phone that fetches a firmware again and again and doesn't run it.
const AlarmFirmwareLoop AlarmKind = "firmware_loop"

// rollOut keeps phones told what the operator's folder has for them, until ctx ends.
func (s *Service) rollOut(ctx context.Context) {
	rounds, loops := time.NewTicker(rolloutInterval), time.NewTicker(loopInterval)
	defer rounds.Stop()
	defer loops.Stop()
	progress := rollout{under: true}
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-rounds.C:
			err = s.rolloutStep(ctx, &progress)
		case <-loops.C:
			err = s.checkLoops(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "phones are told their firmware with the next round", "error", err)
		}
	}
}

// rollout is how far a look through all phones is.
type rollout struct {
	under bool
	after DeviceID
}

// CheckFirmware reads the operator's plan, looks once through all phones, and raises and clears the alarms about loops. Run does so by and by.
func (s *Service) CheckFirmware(ctx context.Context) error {
	s.flushTraces(ctx)
	progress := rollout{under: true}
	for progress.under {
		if err := s.rolloutStep(ctx, &progress); err != nil {
			return err
		}
	}
	return s.checkLoops(ctx)
}

// rolloutStep reads the plan if it changed, and looks at the next phones.
func (s *Service) rolloutStep(ctx context.Context, progress *rollout) error {
	ctx, cancel := context.WithTimeout(ctx, rolloutTimeout)
	defer cancel()
	changed, problem := s.plan.reload()
	if problem != "" {
		s.logger.ErrorContext(ctx, "the plan of firmware is broken, and phones are told what it said before", "problem", problem)
	}
	if changed {
		*progress = rollout{under: true}
	}
	news, err := s.store.AnyTenantFirmwareNews(ctx, rolloutChunk)
	if err != nil {
		return err
	}
	if err = s.reviewAll(ctx, news); err == nil {
		err = s.store.AnyTenantFirmwareSeen(ctx, news)
	}
	if err != nil || !progress.under {
		return err
	}
	devices, err := s.store.AnyTenantFirmware(ctx, progress.after, rolloutChunk)
	if err != nil {
		return err
	}
	if err := s.reviewAll(ctx, devices); err != nil {
		return err
	}
	if progress.under = len(devices) == rolloutChunk; progress.under {
		progress.after = devices[len(devices)-1].Device.ID
	}
	return nil
}

// reviewAll looks at some phones. One that can't be told is passed over, and the log says so: the others are told.
func (s *Service) reviewAll(ctx context.Context, devices []FirmwareDevice) error {
	for _, d := range devices {
		err := s.review(ctx, d)
		if err != nil && !ofOnePhone(ctx, err) {
			return err
		}
		if err != nil {
			s.logger.WarnContext(ctx, "a phone can't be told its firmware", "device", d.Device.ID, "error", err)
		}
	}
	return nil
}

// ofOnePhone reports whether others can still be told.
func ofOnePhone(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !fault.Is(err, fault.Unavailable)
}

// review publishes a phone that is told something else than it should be. Most aren't, and nothing is written.
func (s *Service) review(ctx context.Context, d FirmwareDevice) error {
	choice, tenant := s.plan.choose(d.Device, d.Language, d.State), d.Device.Tenant()
	switch {
	case choice.told != d.Device.Told.Firmware || choice.texts != d.Device.Told.Texts:
		return s.store.Update(ctx, tenant, func(tx Tx) error {
			facts := map[string]any{"file": choice.told.File, "version": choice.told.Version}
			_, err := s.Publish(ctx, tx, customer.System(d.Device.Partner), tenant, d.Device.ID, customer.EventDeviceFirmware, facts)
			return err
		})
	case choice.wanted != d.State.Wanted || choice.version != d.State.WantedVersion:
		return s.store.Update(ctx, tenant, func(tx Tx) error {
			return tx.SetFirmwareWanted(ctx, tenant, d.Device.ID, choice.wanted, choice.version)
		})
	}
	return nil
}

// chooseFirmware decides what a phone is told to run and to load, and keeps it: from then on it is a part of what its files are made of.
func (s *Service) chooseFirmware(ctx context.Context, tx Tx, in RenderInput) (RenderInput, error) {
	d := in.Device
	if s.plan.files == nil && d.Told.Firmware == (deviceprofiles.Firmware{}) && d.Told.Texts == (deviceprofiles.LanguageFile{}) {
		return in, nil
	}
	state, err := tx.FirmwareState(ctx, d.Tenant(), d.ID)
	if err != nil {
		return in, err
	}
	choice := s.plan.choose(d, in.Location.Language, state)
	if choice.wanted != state.Wanted || choice.version != state.WantedVersion {
		if err := tx.SetFirmwareWanted(ctx, d.Tenant(), d.ID, choice.wanted, choice.version); err != nil {
			return in, err
		}
	}
	if choice.told == d.Told.Firmware && choice.texts == d.Told.Texts {
		return in, nil
	}
	in.Device.Told.Firmware, in.Device.Told.Texts = choice.told, choice.texts
	return in, tx.SetTold(ctx, d.Tenant(), d.ID, in.Device.Told)
}

// checkLoops raises an alarm for each phone that loops, and ends those that are over.
func (s *Service) checkLoops(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rolloutTimeout)
	defer cancel()
	begun := s.now()
	for after, more := DeviceID(""), true; more; {
		loops, err := s.store.AnyTenantFirmwareLoops(ctx, after, rolloutChunk)
		if err != nil {
			return err
		}
		for _, d := range loops {
			if after = d.Device.ID; d.State.Looping != d.State.Wanted {
				continue
			}
			if err := s.raise(ctx, loopAlarm(d)); err != nil {
				return err
			}
		}
		more = len(loops) == rolloutChunk
	}
	over, err := s.store.AnyTenantQuietAlarms(ctx, AlarmFirmwareLoop, begun, rolloutChunk)
	for _, a := range over {
		err = errors.Join(err, s.clear(ctx, a))
	}
	return err
}

func loopAlarm(d FirmwareDevice) Alarm {
	return Alarm{
		Tenant: d.Device.Tenant(), Location: d.Device.Location, Kind: AlarmFirmwareLoop, Subject: d.Device.MAC.String(),
		Sentence: fmt.Sprintf("The phone %s fetched the firmware %s %d times within a day and still runs %s.", d.Device.MAC, d.State.Looping, d.State.Fetches, cmp.Or(d.State.Version, "what it ran before")),
		NextStep: "It is told that firmware no more. See whether the file is for this model and hardware, and whether a step between the versions is needed; then give the mended file another name.",
	}
}
