package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/emulator"
)

// laboratory is what all trials share.
type laboratory struct {
	emulators []*child
	job, long *job
	want      []uint64 // by text: the hash of its vector from a plain loop over the provider
	outages   time.Duration
	limit     int64         // of the client's memory
	quiet     time.Duration // duration of the quiet run
}

// trial is one scenario being played.
type trial struct {
	*laboratory
	scenario scenario
	kills    int // of the first emulator's process
	earlier  int // faults that struck in its earlier processes
	client   *client
	left     atomic.Int64 // calls that left in the middle
}

// reference embeds each text with the provider alone, one request after the other.
func (l *laboratory) reference(ctx context.Context) error {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	plain, err := stack{}.provider(l.emulators[0].baseURL(), &http.Client{Transport: transport})
	if err != nil {
		return err
	}
	l.want = make([]uint64, 0, len(l.job.texts))
	for from := 0; from < len(l.job.texts); from += 10 {
		texts := l.job.texts[from:min(from+10, len(l.job.texts))]
		res, err := plain.Embed(ctx, embedding.Request{Texts: texts})
		if err != nil {
			return fmt.Errorf("the reference: %w", err)
		}
		for _, v := range res.Vectors {
			l.want = append(l.want, hashOf(v))
		}
	}
	return nil
}

// play runs the job under a scenario, then once more with the fault lifted, and returns the row for
// the table. An error is a failure of the campaign, not a finding.
func (l *laboratory) play(ctx context.Context, s scenario) (row, error) {
	t := &trial{laboratory: l, scenario: s}
	r := row{name: s.name}
	for _, e := range l.emulators {
		if err := errors.Join(e.reset(ctx), e.set(ctx, s.settings)); err != nil {
			return r, err
		}
	}
	if err := l.emulators[0].setFaults(ctx, s.faults); err != nil {
		return r, err
	}
	j := l.job
	if s.long {
		j = l.long
	}
	before := runtime.NumGoroutine()
	peak := watchMemory()
	m := new(meter)
	bases := []string{l.emulators[0].baseURL()}
	if s.stack.regions {
		bases = append(bases, l.emulators[1].baseURL())
	}
	c, err := s.stack.open(m, l.outages, bases...)
	if err != nil {
		return r, err
	}
	t.client = c
	var marks []mark
	if s.marks != nil {
		marks = s.marks(t)
	}
	var e embedding.Embedder = c
	if s.leave {
		e = leaving{c, &t.left}
	}
	got, took, err := j.run(ctx, e, marks...)
	if err != nil {
		return r, err
	}
	r.tally, r.took = compare(j, l.want, got, s.expect), took
	stats := c.cache.Stats()
	r.hits = float64(stats.Hits) / float64(max(1, stats.Hits+stats.Misses))
	first, _, err := t.books(ctx)
	if err != nil {
		return r, err
	}
	r.injected = t.injected(first)
	if s.after != nil {
		problem, err := s.after(ctx, t)
		if err != nil {
			return r, err
		}
		r.problem(problem)
	}
	if err := t.again(ctx, j, c, first, &r); err != nil {
		return r, err
	}
	last, billed, err := t.books(ctx)
	if err != nil {
		return r, err
	}
	tokens, inFlight := m.read()
	r.twice, r.bound = billed.twice(), inFlight
	c.close()
	r.peak = peak()
	r.problem(leaked(before, 10*time.Second))
	t.judge(&r, last, billed, tokens)
	return r, nil
}

// again lifts the fault and runs the job once more. Only missing texts may be sent.
func (t *trial) again(ctx context.Context, j *job, c *client, first emulator.Ledger, r *row) error {
	for _, e := range t.emulators {
		if err := errors.Join(e.setFaults(ctx, nil), e.set(ctx, quiet())); err != nil {
			return err
		}
	}
	expect, final := expectation{}, 0
	if t.scenario.expect.never {
		expect = t.scenario.expect
		final = len(j.texts) - j.unmarked()
	}
	got, _, err := j.run(ctx, c)
	if err != nil {
		return err
	}
	more := compare(j, t.want, got, expect)
	second, _, err := t.books(ctx)
	if err != nil {
		return err
	}
	if more.lost > r.lost { // the runs share their texts, so do not add
		r.lost, r.why = more.lost, more.why
	}
	r.wrong = max(r.wrong, more.wrong)
	r.sent = second.Texts - first.Texts
	r.missing -= final // sent again and refused again: not billed
	if more.missing != final {
		r.problem(fmt.Sprintf("%d texts have no vector once the fault is lifted", more.missing-final))
	}
	return nil
}

// books returns the sum of the emulators' ledgers and what was billed: by the ledgers, or by the
// journals if an emulator died.
func (t *trial) books(ctx context.Context) (emulator.Ledger, bill, error) {
	sum := emulator.Ledger{Answers: map[int]int{}, Faults: map[string]int{}}
	var journals []io.Reader
	for _, e := range t.emulators {
		l, err := e.ledger(ctx)
		if err != nil {
			return sum, bill{}, err
		}
		sum.Requests += l.Requests
		sum.Texts += l.Texts
		sum.Tokens += l.Tokens
		sum.Distinct += l.Distinct
		sum.MaxInFlight = max(sum.MaxInFlight, l.MaxInFlight)
		for status, n := range l.Answers {
			sum.Answers[status] += n
		}
		for name, n := range l.Faults {
			sum.Faults[name] += n
		}
		f, err := e.read()
		if err != nil {
			return sum, bill{}, err
		}
		defer f.Close()
		journals = append(journals, f)
	}
	if !t.scenario.kills && !t.scenario.stack.regions {
		return sum, bill{sum.Texts, sum.Distinct}, nil
	}
	b, err := readJournals(journals...)
	return sum, b, err
}

func (t *trial) injected(l emulator.Ledger) int {
	if t.scenario.injected != nil {
		return t.scenario.injected(l)
	}
	return struck(l) + t.earlier + t.kills + int(t.left.Load()) + t.client.nat.forgotten()
}
