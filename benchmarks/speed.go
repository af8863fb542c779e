package benchmarks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/internal/load"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/middleware"
)

// SpeedOptions configures how the speed is measured: a closed loop of single queries, closed loops
// of the same documents at several batch sizes, and an open loop of single queries. No Retry and no
// cache is involved, so that errors and rate limits show.
type SpeedOptions struct {
	Off bool
	// Requests is the number per measurement. 0 is 30, and in the closed loops as many more as a model
	// without a price answers in a second: 30 calls of a fast model take too little time to measure.
	Requests int
	Most     time.Duration // per measurement; 0 is 10 s
	Rate     float64       // requests per second in the open loop, equal for all candidates; 0 is 10
	Largest  int           // texts in the largest batch, at most the model's limit; 0 is 256
}

// largestBatch is the default of SpeedOptions.Largest. Larger batches cost more than they show.
const largestBatch = 256

// speedPlan returns a candidate's measurements.
func (r *run) speedPlan(c *contender) (plan []load.Options) {
	if r.Speed.Off {
		return nil
	}
	o := load.Options{Requests: cmp.Or(r.Speed.Requests, 30), Most: r.Speed.Most, Batch: 1, Task: embedding.TaskQuery}
	if r.Speed.Requests == 0 && c.model.Price.PerMillion == 0 {
		o.Least = time.Second
	}
	plan = append(plan, o)
	o.Task = embedding.TaskDocument
	largest := cmp.Or(r.Speed.Largest, largestBatch)
	most := min(cmp.Or(c.model.Limits.Texts, min(64, largest)), largest)
	sizes := []int{1}
	for n := 4; n < most; n *= 4 {
		sizes = append(sizes, n)
	}
	if most > 1 {
		sizes = append(sizes, most)
	}
	for _, n := range sizes {
		o.Batch = n
		plan = append(plan, o)
	}
	o.Batch, o.Task, o.Rate = 1, embedding.TaskQuery, cmp.Or(r.Speed.Rate, 10)
	return append(plan, o)
}

// speedNote returns the name of the note for a candidate's measurements. Other options have another
// note.
func (r *run) speedNote(c *contender) string {
	return fmt.Sprintf("speed by texts requests=%d most=%s rate=%g largest=%d", r.Speed.Requests, cmp.Or(r.Speed.Most, 10*time.Second),
		cmp.Or(r.Speed.Rate, 10), cmp.Or(r.Speed.Largest, largestBatch))
}

// lastSpeed is the name of the note for the last measurements, whatever their options.
const lastSpeed = "speed"

// speedNeeds returns the most that measuring the speed sends to a model with a price, nothing if it
// is recorded.
func (r *run) speedNeeds(c *contender) (texts, tokens int) {
	var recorded []report.Speed
	if known, _ := c.recording.Noted(r.speedNote(c), &recorded); known || r.Offline {
		return 0, 0
	}
	plan := r.speedPlan(c)
	of := r.samples(plan)
	for _, o := range plan {
		n := (o.Requests + 3) * o.Batch
		texts += n
		from := of[o.Task]
		sum := 0
		for _, t := range from {
			sum += embedding.EstimateTokens(t)
		}
		tokens += n * sum / max(len(from), 1)
	}
	return texts, tokens
}

// samples returns the queries and the documents to measure the speed with: the samples of the first
// task that has both kinds. Of each it returns as many as the largest batch of the plan takes.
func (r *run) samples(plan []load.Options) map[embedding.Task][]string {
	largest := 0
	for _, o := range plan {
		largest = max(largest, o.Batch)
	}
	var short, long []string
	for _, t := range r.tasks {
		if short, long = t.Task.samples(); len(short) > 0 && len(long) > 0 {
			break
		}
	}
	return map[embedding.Task][]string{embedding.TaskQuery: alike(short, largest), embedding.TaskDocument: alike(long, largest)}
}

// alike returns the n texts with lengths nearest to the median, in an order that does not depend on
// their lengths: a few requests of one text and many of large batches then send the same.
func alike(texts []string, n int) []string {
	out := slices.SortedStableFunc(slices.Values(texts), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	n = min(n, len(out))
	out = out[(len(out)-n)/2:][:n]
	rand.New(rand.NewPCG(1, 0)).Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// speed measures a candidate, or takes what was measured when its answers were recorded.
func (r *run) speed(ctx context.Context, c *contender) error {
	name := r.speedNote(c)
	if r.Offline {
		name = lastSpeed // whatever the options were then
	}
	if r.Speed.Off {
		return nil
	}
	known, err := c.recording.Noted(name, &c.speeds)
	if err != nil || known || r.Offline {
		return err
	}
	plan := r.speedPlan(c)
	of := r.samples(plan)
	e := embedding.Chain(c.provider, middleware.Timeout(cmp.Or(c.Timeout, time.Minute)))
	step := Progress{Candidate: c.name(), Step: "speed", Total: len(plan)}
	var measured []report.Speed
	for _, o := range plan {
		r.Progress(step)
		loop := load.Closed
		if o.Rate > 0 {
			loop = load.Open
		}
		res, err := loop(ctx, e, of[o.Task], o)
		if err != nil {
			return err
		}
		measured = append(measured, speed(res, o.Task))
		step.Done++
	}
	r.Progress(step)
	c.speeds = measured
	// A recording needs an answer before it takes a note: record one text.
	if _, ok := c.recording.Heading(); !ok {
		if _, err := c.chain.Embed(ctx, embedding.Request{Texts: of[embedding.TaskQuery][:1], Task: embedding.TaskQuery}); err != nil {
			return err
		}
	}
	return errors.Join(c.recording.Note(name, measured), c.recording.Note(lastSpeed, measured))
}

// calls is the least number of answers that a 99 % quantile is taken from.
const calls = 100

func speed(res load.Result, task embedding.Task) report.Speed {
	s := report.Speed{
		Loop: "closed", Texts: "documents", Batch: res.Batch, Rate: res.Rate, Requests: res.Requests, Warmup: res.Warmup, Errors: res.Errors,
		P50: res.Quantile(.5), P90: res.Quantile(.9), P95: res.Quantile(.95), Max: res.Quantile(1),
		TextsPerSecond: res.PerSecond(), Metered: res.Metered, ECDF: ecdf(res.Latency),
	}
	if res.Rate > 0 {
		s.Loop = "open"
	}
	if task == embedding.TaskQuery {
		s.Texts = "queries"
	}
	if len(res.Latency) >= calls {
		s.P99 = res.Quantile(.99)
	}
	if n := len(res.Failed); n > 0 {
		s.FailedP50 = res.Failed[n/2]
	}
	if res.Elapsed > 0 {
		s.TokensPerSecond = float64(res.Tokens) / res.Elapsed
	}
	return s
}

// ecdf returns the share of answers by latency in at most 100 steps.
func ecdf(sorted []float64) (out [][2]float64) {
	n := len(sorted)
	for i, v := range sorted {
		if n <= 100 || (i+1)*100/n != i*100/n {
			out = append(out, [2]float64{v, float64(i+1) / float64(n)})
		}
	}
	return slices.Clip(out)
}
