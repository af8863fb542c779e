package benchmarks

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/internal/replay"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/middleware"
)

// contender is a candidate in a run.
type contender struct {
	Candidate
	model     embedding.Model
	provider  embedding.Embedder // guarded and within its budget; nil if offline
	chain     embedding.Embedder // the recommended chain around it, recording
	recording *replay.Recording
	failure   error
	refused   map[string]bool
	speeds    []report.Speed
	costs     []report.TaskCost

	mu       sync.Mutex
	attempts report.Attempts
	progress Progress
	tell     func(Progress)
}

// enter opens a candidate and its recording. An error becomes its failure.
func (r *run) enter(c Candidate) *contender {
	out := &contender{Candidate: c, refused: map[string]bool{}}
	out.attempts.Failed = map[string]int{}
	if err := r.open(out); err != nil {
		out.failure = err
	}
	return out
}

func (r *run) open(c *contender) error {
	var err error
	if c.recording, err = replay.Open(filepath.Join(r.Dir, c.file()), r.Offline); err != nil {
		if r.Offline {
			return fmt.Errorf("offline: there is no recording: %w", err)
		}
		return err
	}
	if r.Offline {
		h, _ := c.recording.Heading()
		c.model = recorded(h)
		if c.Price.PerMillion > 0 {
			c.model.Price = c.Price
		}
		return nil
	}
	e, err := c.Candidate.open(r.Table)
	if err != nil {
		return err
	}
	if c.provider, err = budgeted(e, r.budgets); err != nil {
		return err
	}
	kept, err := c.recording.Keep(c.provider, c.identity())
	if err != nil {
		return err
	}
	c.model = e.Model()
	c.chain = embedding.Chain(kept, middleware.Standard(middleware.StandardOptions{
		Batch:    middleware.BatchOptions{Parallel: c.Parallel},
		Timeout:  c.Timeout,
		Attempts: c.hear,
	}))
	return nil
}

// hear counts the requests that are sent.
func (c *contender) hear(e middleware.Event) {
	c.mu.Lock()
	c.attempts.Sent++
	if e.Err != nil {
		c.attempts.Failed[embedding.KindOf(e.Err).Error()]++
	} else {
		c.progress.Done = min(c.progress.Done+e.Texts, c.progress.Total)
	}
	p, tell := c.progress, c.tell
	c.mu.Unlock()
	if tell != nil {
		tell(p)
	}
}

// begin starts a step.
func (c *contender) begin(p Progress, tell func(Progress)) {
	c.mu.Lock()
	c.progress, c.tell = p, tell
	c.mu.Unlock()
	tell(p)
}

// fail keeps the first error. An interrupted candidate has not failed.
func (c *contender) fail(ctx context.Context, err error) {
	if c.failure == nil && ctx.Err() == nil {
		c.failure = err
	}
}

func (c *contender) close() {
	if c.recording == nil {
		return
	}
	if h, ok := c.recording.Heading(); ok && c.model.Dimensions == 0 {
		c.model.Dimensions = h.Dimensions
	}
	if err := c.recording.Close(); err != nil && c.failure == nil {
		c.failure = err
	}
	c.recording, c.provider, c.chain = nil, nil, nil
}

// vector returns the recorded vector of a text, nil if the text is blank or refused.
func (c *contender) vector(task embedding.Task, text string) []float32 {
	a, _ := c.recording.Lookup(task, text)
	if a.Refused != "" {
		c.refused[text] = true
	}
	return a.Vector
}
