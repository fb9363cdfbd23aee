package zone

import (
	"context"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// notify tells one secondary of changes until ctx ends (RFC 1996).
func (s *Server) notify(ctx context.Context, to *secondary) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-to.wake:
		}
		if err := s.notifyOnce(ctx, to); err != nil && ctx.Err() == nil {
			s.logger.Warn("a secondary doesn't take NOTIFY: it learns of changes when it asks by itself", "secondary", to.Name, "at", to.Notify.String(), "error", err)
		}
		if !pause(ctx, notifyPause) {
			return nil
		}
	}
}

// notifyOnce says it until it is heard, some times.
func (s *Server) notifyOnce(ctx context.Context, to *secondary) error {
	var err error
	wait := notifyWait
	for range notifyTries {
		if err = s.sendNotify(ctx, to, wait); err == nil {
			return nil
		}
		if !pause(ctx, wait) {
			return err
		}
		wait *= 2
	}
	return err
}

func (s *Server) sendNotify(ctx context.Context, to *secondary, patience time.Duration) error {
	message := new(dns.Msg).SetNotify(s.parent)
	message.Answer = []dns.RR{s.soa(s.state.Load(), s.parent, s.ttl)}
	message.SetTsig(to.key, tsigName, tsigFudge, s.now().Unix())
	client := dns.Client{Timeout: patience, TsigSecret: map[string]string{to.key: to.Secret.Reveal()}}
	answer, _, err := client.ExchangeContext(ctx, message, to.Notify.String())
	switch {
	case err != nil:
		return err
	case answer.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("it answers %s", dns.RcodeToString[answer.Rcode])
	default:
		return nil
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
