package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/emulator"
)

// inFlight returns settings under which many requests are in flight at any moment, so that a fault
// meets them.
func inFlight() map[string]any { return map[string]any{"latency": "20ms", "jitter": "20ms"} }

// offer returns a stack that offers this many requests and tokens per second.
func offer(rps, tps int) stack {
	return stack{limit: middleware.LimitOptions{RPM: 60 * rps, TPM: 60 * tps}}
}

func outages() []scenario {
	return []scenario{
		{name: "two outages, SIGKILL", kills: true, settings: inFlight(), marks: twoOutages},
		{name: "a region dies and returns", kills: true, settings: inFlight(), stack: stack{regions: true}, marks: regionReturns, after: firstRegionIsBack},
		{name: "a region without credit", faults: []string{"arrearage=at:10,next:1000000000"}, settings: inFlight(), stack: stack{regions: true}},
	}
}

// outage kills the first emulator and restarts it after the duration of an outage.
func (t *trial) outage(ctx context.Context) error {
	var l emulator.Ledger // of this process: what was in flight is in the journal
	if err := t.emulators[0].call(ctx, "GET", "ledger", nil, &l); err != nil {
		return err
	}
	t.earlier += struck(l)
	if err := t.emulators[0].kill(); err != nil {
		return err
	}
	return t.revive(ctx)
}

func (t *trial) revive(ctx context.Context) error {
	t.kills++
	if err := pause(ctx, t.outages); err != nil {
		return err
	}
	if err := t.emulators[0].start(); err != nil {
		return err
	}
	return t.emulators[0].set(ctx, t.scenario.settings)
}

func (t *trial) andItsFaults(ctx context.Context) error {
	return errors.Join(t.outage(ctx), t.emulators[0].setFaults(ctx, t.scenario.faults))
}

func oneOutage(t *trial) []mark { return []mark{{0.4, t.andItsFaults}} }

func twoOutages(t *trial) []mark { return []mark{{0.25, t.outage}, {0.6, t.outage}} }

// forgetTwice forgets the client's connections.
func forgetTwice(t *trial) []mark {
	forget := func(context.Context) error { t.client.nat.forget(); return nil }
	return []mark{{0.3, forget}, {0.6, forget}}
}

// diesByItself waits until the fault kill ends the process.
func diesByItself(t *trial) []mark {
	return []mark{{0, func(ctx context.Context) error {
		select {
		case <-t.emulators[0].ended:
			return t.revive(ctx)
		case <-time.After(time.Minute):
			return errors.New("the fault kill did not end the emulator within a minute")
		}
	}}}
}

// regionReturns holds the last third of the job back until the region is up again and its circuit
// is due for a trial.
func regionReturns(t *trial) []mark {
	return []mark{
		{1.0 / 3, func(ctx context.Context) error { return errors.Join(t.outage(ctx), pause(ctx, 13*cooldown)) }},
		{2.0 / 3, func(context.Context) error { return nil }},
	}
}

func firstRegionIsBack(ctx context.Context, t *trial) (string, error) {
	l, err := t.emulators[0].ledger(ctx)
	if err != nil || l.Billed > 0 {
		return "", err
	}
	return fmt.Sprintf("the region that returned was not asked again (%d requests)", l.Requests), nil
}

func dropLimit(t *trial) []mark {
	return []mark{{0.3, func(ctx context.Context) error {
		return t.emulators[0].set(ctx, map[string]any{"limits": map[string]any{modelName: map[string]int{"texts": 5}}})
	}}}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
