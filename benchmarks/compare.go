package benchmarks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

// Options of Compare. The zero value measures quality at 10 with seed 1 and 10,000 resamples, and the speed, and keeps no recording.
type Options struct {
	// Dir is where answers are recorded, one file a candidate; it is made if it is missing. "" records to a temporary folder that is removed.
	Dir string
	// Offline takes every answer from Dir and makes no call. A candidate of which an answer is missing fails.
	Offline bool
	// Budgets stop a candidate before more than these sums are spent in this run, by currency. With a budget, a candidate whose price is
	// unknown or in another currency fails, unless it is on this machine.
	Budgets map[string]float64
	// Start is shown what the run is expected to cost before anything is sent. Its error ends the run.
	Start func(Estimate) error
	// Progress hears of each step; it must be quick and safe for concurrent use.
	Progress func(Progress)

	K            int    // where rankings are cut; 0 is 10
	Seed         uint64 // of the bootstrap; 0 is 1
	Resamples    int    // of the bootstrap; 0 is 10,000
	MonthlyTexts int    // for the cost a month; 0 leaves it out
	Speed        SpeedOptions
	NoDimensions bool            // leave out quality against dimensions and storage
	Table        providers.Table // opens references; nil is providers.Builtin()
	Command      string          // for the report: how it was made
}

// Progress is how far a candidate is in one step.
type Progress struct {
	Candidate string
	Step      string // "speed", a task's name, or "figures"
	Done      int    // texts or measurements
	Total     int
	Recorded  int // of the texts, those that were recorded before the run
}

// Compare measures all candidates on all tasks. A candidate that fails is shown as failed in the Report, with its reason, and the others
// go on: see Report.Failed. So is a task whose Failure says that it could not be read: see Report.Unread. The error says that nothing could be compared, or is the context's; the Report then holds what was
// finished, and what was paid for is recorded in Options.Dir.
func Compare(ctx context.Context, candidates []Candidate, tasks []Task, o Options) (*report.Report, error) {
	o.K, o.Seed, o.Resamples = cmp.Or(o.K, 10), cmp.Or(o.Seed, 1), cmp.Or(o.Resamples, 10_000)
	if o.K < 1 || o.K > depth {
		return nil, fmt.Errorf("benchmarks: rankings are cut at %d: it must be 1 to %d", o.K, depth)
	}
	if o.Table == nil {
		o.Table = providers.Builtin()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	candidates = named(candidates)
	if err := check(candidates, tasks, o); err != nil {
		return nil, err
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "vecspace-compare-")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }() // a temporary folder that stays hurts nobody
		o.Dir = dir
	} else if !o.Offline {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, err
		}
	}
	budgets := map[string]*middleware.Budget{}
	for currency, sum := range o.Budgets {
		b, err := middleware.NewBudget(sum, currency)
		if err != nil {
			return nil, err
		}
		budgets[currency] = b
	}
	r := &run{Options: o, budgets: budgets, begin: time.Now()}
	for _, t := range tasks {
		if t.Failure != nil {
			r.tasks = append(r.tasks, &madeTask{Task: t})
			continue
		}
		made, err := newTask(t, o.K)
		if err != nil {
			return nil, err
		}
		r.tasks = append(r.tasks, made)
	}
	var cs []*contender
	for _, c := range candidates {
		cs = append(cs, r.enter(c))
	}
	defer func() {
		for _, c := range cs {
			c.close()
		}
	}()
	if o.Start != nil {
		if err := o.Start(r.estimate(cs)); err != nil {
			return nil, err
		}
	}
	readable := slices.ContainsFunc(tasks, func(t Task) bool { return t.Failure == nil })
	for _, c := range cs {
		if ctx.Err() == nil && readable {
			r.compete(ctx, c)
		}
	}
	return r.report(ctx, cs)
}

func check(candidates []Candidate, tasks []Task, o Options) error {
	if len(candidates) == 0 {
		return errors.New("benchmarks: there is no candidate to compare")
	}
	if len(tasks) == 0 {
		return errors.New("benchmarks: there is no task to compare on")
	}
	seen, files := map[string]bool{}, map[string]string{}
	for _, c := range candidates {
		if seen[c.name()] {
			return fmt.Errorf("benchmarks: two candidates are named %q: give one a Name", c.name())
		}
		seen[c.name()] = true
		if same, twice := files[c.file()]; twice {
			return fmt.Errorf("benchmarks: %q and %q are asked the same and would be recorded in one file: leave one out", same, c.name())
		}
		files[c.file()] = c.name()
	}
	seen = map[string]bool{}
	for _, t := range tasks {
		if (t.Retrieval == nil) == (t.Pairs == nil) && t.Failure == nil || t.Failure != nil && (t.Retrieval != nil || t.Pairs != nil) {
			return errors.New("benchmarks: a Task is either Retrieval or Pairs")
		}
		if seen[t.name()] {
			return fmt.Errorf("benchmarks: two tasks are named %q: give one another Name", t.name())
		}
		seen[t.name()] = true
		if r := t.Retrieval; r != nil && (len(r.Documents) == 0 || len(r.Queries) == 0) {
			return fmt.Errorf("benchmarks: %s has %d documents and %d queries", r.Name, len(r.Documents), len(r.Queries))
		}
		if p := t.Pairs; p != nil && (len(p.Gold) < 3 || len(p.First) != len(p.Gold) || len(p.Second) != len(p.Gold)) {
			return fmt.Errorf("benchmarks: %s has %d and %d sentences and %d gold scores", p.Name, len(p.First), len(p.Second), len(p.Gold))
		}
	}
	if o.Offline && o.Dir == "" {
		return errors.New("benchmarks: Offline needs the Dir with the recorded answers")
	}
	return nil
}

// run is one comparison.
type run struct {
	Options
	budgets map[string]*middleware.Budget
	tasks   []*madeTask
	begin   time.Time
}

// madeTask is a task with what all candidates share, and the rows they have filled.
type madeTask struct {
	Task
	retrieval *retrievalTask
	pairs     *pairsTask
	requests  []request
	rows      []row
	points    []point
}

func newTask(t Task, k int) (*madeTask, error) {
	m := &madeTask{Task: t, requests: t.requests()}
	var floor row
	var err error
	if t.Retrieval != nil {
		m.retrieval = newRetrieval(t.Retrieval, k)
		floor, err = m.retrieval.score("BM25", "", report.Floor, m.retrieval.words)
	} else {
		m.pairs = &pairsTask{t.Pairs}
		floor, err = m.pairs.floor()
	}
	if err != nil {
		floor = row{name: "words alone", kind: report.Floor, failure: err.Error()}
	}
	m.rows = []row{floor}
	return m, nil
}

// compete measures one candidate: speed first, then the tasks one by one.
func (r *run) compete(ctx context.Context, c *contender) {
	defer c.close() // the vectors are not needed any more, and a file is synced
	if c.failure == nil {
		if err := r.speed(ctx, c); err != nil {
			c.fail(ctx, err)
		}
	}
	for _, t := range r.tasks {
		if ctx.Err() != nil {
			return
		}
		if t.Failure != nil {
			continue
		}
		if c.failure == nil {
			if err := r.fetch(ctx, c, t); err != nil {
				c.fail(ctx, err)
			} else if err := r.judge(ctx, c, t); err != nil {
				c.fail(ctx, err)
			}
		}
		if c.failure != nil && ctx.Err() == nil {
			t.rows = append(t.rows, row{name: c.name(), candidate: c.name(), kind: report.Model, failure: c.failure.Error()})
		}
	}
}

// fetch makes sure that every text of a task is recorded.
func (r *run) fetch(ctx context.Context, c *contender, t *madeTask) error {
	byTask := map[embedding.Task][]string{}
	missing := 0
	requests := distinct(t.requests, c.model)
	for _, q := range requests {
		if _, known := c.recording.Lookup(q.task, q.text); !known {
			byTask[q.task] = append(byTask[q.task], q.text)
			missing++
		}
	}
	recorded := len(requests) - missing
	c.begin(Progress{Candidate: c.name(), Step: t.name(), Done: recorded, Total: len(requests), Recorded: recorded}, r.Options.Progress)
	if missing > 0 && r.Offline {
		return fmt.Errorf("offline: %d of %d answers to %s are not recorded in %s", missing, len(requests), t.name(), filepath.Base(r.Dir))
	}
	for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskSimilarity} {
		texts := byTask[task]
		// A block is what is in memory twice; it is recorded request by request.
		for len(texts) > 0 {
			n := min(len(texts), 1024)
			_, err := c.chain.Embed(ctx, embedding.Request{Texts: texts[:n], Task: task})
			if err := fatal(err); err != nil {
				return err
			}
			texts = texts[n:]
		}
	}
	return nil
}

// fatal is the first error that is not about a text on its own: refused texts are recorded and counted.
func fatal(err error) error {
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if embedding.KindOf(f.Err) != embedding.Rejected {
				return f.Err
			}
		}
		return nil
	}
	if embedding.KindOf(err) == embedding.Rejected {
		return nil
	}
	return err
}
