package benchmarks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

// Options configures [Compare]. The zero value measures quality at 10 with seed 1 and 10,000
// resamples, measures the speed, and keeps no recording.
type Options struct {
	// Dir is the folder of the recorded answers, one file per candidate. Compare creates it. ""
	// records to a temporary folder and removes that.
	Dir string
	// Offline takes every answer from Dir and sends nothing. A candidate fails if an answer is
	// missing.
	Offline bool
	// Budgets are the largest sums that this run may spend, by currency: a candidate stops before its
	// currency's sum is exceeded. With a budget, a candidate with no known price or with a price in
	// another currency fails, unless it runs on this machine.
	Budgets map[string]float64
	// Start, if not nil, is called with the expected cost before anything is sent. Its error ends the
	// run.
	Start func(Estimate) error
	// Progress, if not nil, is called after each step. It must be quick and safe for concurrent use.
	Progress func(Progress)

	K            int             // cutoff of the rankings, 1 to 1,000; 0 is 10
	Weight       float64         // of BM25 in fusion by scores; 0 is bm25.Weight
	Seed         uint64          // of the bootstrap; 0 is 1
	Resamples    int             // of the bootstrap; 0 is 10,000
	MonthlyTexts int             // volume for the monthly cost; 0 leaves that out
	Speed        SpeedOptions    // the zero value measures the speed
	NoDimensions bool            // leave out the quality of shortened and quantized vectors
	Table        providers.Table // opens references; nil is providers.Builtin()
	Command      string          // shown in the report: the command that made it
}

// Progress says how far a candidate is in one step.
type Progress struct {
	Candidate string
	Step      string // "speed", a task's name, or "figures"
	Done      int    // texts or measurements
	Total     int
	Recorded  int // texts that an earlier run had recorded
}

// Compare measures all candidates on all tasks.
//
// A candidate that fails is in the report with its reason, and the others go on: see
// [report.Report.Failed]. So is a task with a Failure: see [report.Report.Unread].
//
// The error is the context's, or says why nothing could be compared. With the context's error the
// report holds what was finished; every answer received is recorded in Options.Dir.
func Compare(ctx context.Context, candidates []Candidate, tasks []Task, o Options) (*report.Report, error) {
	o = o.complete()
	candidates = named(candidates)
	if err := check(candidates, tasks, o); err != nil {
		return nil, err
	}
	remove, err := o.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	r, err := newRun(tasks, o)
	if err != nil {
		return nil, err
	}
	var cs []*contender
	for _, candidate := range candidates {
		c := r.enter(candidate)
		defer c.close()
		cs = append(cs, c)
	}
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

// complete returns the options with their defaults.
func (o Options) complete() Options {
	o.K, o.Seed, o.Resamples = cmp.Or(o.K, 10), cmp.Or(o.Seed, 1), cmp.Or(o.Resamples, 10_000)
	o.Weight = cmp.Or(o.Weight, bm25.Weight)
	if o.Table == nil {
		o.Table = providers.Builtin()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// folder creates Dir. It returns what to call after the run.
func (o *Options) folder() (remove func(), err error) {
	remove = func() {}
	switch {
	case o.Dir == "":
		o.Dir, err = os.MkdirTemp("", "vecspace-compare-")
		dir := o.Dir
		remove = func() { _ = os.RemoveAll(dir) } // a temporary folder that stays does no harm
	case !o.Offline:
		err = os.MkdirAll(o.Dir, 0o700)
	}
	return remove, err
}

func check(candidates []Candidate, tasks []Task, o Options) error {
	switch {
	case o.K < 1 || o.K > depth:
		return fmt.Errorf("benchmarks: Options.K is %d: it must be 1 to %d", o.K, depth)
	case !(o.Weight >= 0) || math.IsInf(o.Weight, 1):
		return fmt.Errorf("benchmarks: Options.Weight is %v: it must be 0 or more", o.Weight)
	case len(candidates) == 0:
		return errors.New("benchmarks: no candidate to compare")
	case len(tasks) == 0:
		return errors.New("benchmarks: no task to compare on")
	case o.Offline && o.Dir == "":
		return errors.New("benchmarks: Offline needs the Dir with the recorded answers")
	}
	seen, files := map[string]bool{}, map[string]string{}
	for _, c := range candidates {
		if seen[c.name()] {
			return fmt.Errorf("benchmarks: two candidates are named %q: give one a Name", c.name())
		}
		seen[c.name()] = true
		if same, twice := files[c.file()]; twice {
			return fmt.Errorf("benchmarks: %q and %q send the same requests and would share a recording: leave one out", same, c.name())
		}
		files[c.file()] = c.name()
	}
	seen = map[string]bool{}
	for _, t := range tasks {
		if err := t.check(); err != nil {
			return err
		}
		if seen[t.name()] {
			return fmt.Errorf("benchmarks: two tasks are named %q: give one another Name", t.name())
		}
		seen[t.name()] = true
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

func newRun(tasks []Task, o Options) (*run, error) {
	r := &run{Options: o, budgets: map[string]*middleware.Budget{}, begin: time.Now()}
	for currency, sum := range o.Budgets {
		b, err := middleware.NewBudget(sum, currency)
		if err != nil {
			return nil, err
		}
		r.budgets[currency] = b
	}
	for _, t := range tasks {
		r.tasks = append(r.tasks, newTask(t, o.K, o.Weight))
	}
	return r, nil
}

// madeTask is a task with what all candidates share, and the rows filled so far.
type madeTask struct {
	Task
	retrieval *retrievalTask
	pairs     *pairsTask
	requests  []request
	rows      []row
	points    []point
}

func newTask(t Task, k int, weight float64) *madeTask {
	m := &madeTask{Task: t, requests: t.requests()}
	if t.Failure != nil {
		return m
	}
	var floor row
	var err error
	if t.Retrieval != nil {
		m.retrieval = newRetrieval(t.Retrieval, k, weight)
		floor, err = m.retrieval.score("BM25", "", report.Floor, m.retrieval.words)
	} else {
		m.pairs = &pairsTask{t.Pairs}
		floor, err = m.pairs.floor()
	}
	if err != nil {
		floor = row{name: "words alone", kind: report.Floor, failure: err.Error()}
	}
	m.rows = []row{floor}
	return m
}

// compete measures one candidate: its speed, then the tasks one by one.
func (r *run) compete(ctx context.Context, c *contender) {
	defer c.close() // frees the vectors and syncs the file
	if c.failure == nil {
		c.fail(ctx, r.speed(ctx, c))
	}
	for _, t := range r.tasks {
		if t.Failure != nil || ctx.Err() != nil {
			continue
		}
		if c.failure == nil {
			err := r.fetch(ctx, c, t)
			if err == nil {
				err = r.judge(ctx, c, t)
			}
			c.fail(ctx, err)
		}
		if c.failure != nil && ctx.Err() == nil {
			t.rows = append(t.rows, row{name: c.name(), candidate: c.name(), kind: report.Model, failure: c.failure.Error()})
		}
	}
}

// fetch sees to it that every text of a task is recorded.
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
		// A block is in memory twice. Its requests are recorded one by one.
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

// fatal returns the first error that is not about a single text. Refused texts are recorded and
// counted.
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
