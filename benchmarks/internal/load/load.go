// Package load measures how fast an embedder answers.
//
// [Closed] sends each request as soon as the previous one is answered: this is what one caller
// sees. [Open] sends at a fixed rate whatever the answers do: this is what independent users see.
//
// # Coordinated omission
//
// A closed loop flatters a server that stalls: it sends nothing meanwhile, so a stall is one slow
// request, although every user of that time would have waited. Open measures each request from the
// moment it was due. A request that waits because too many are in flight, or because the machine is
// late, counts its wait.
//
// Failed requests are counted by kind and timed apart; none is dropped. Pass an embedder without
// Retry, Cache and Coalesce, or the result measures those.
package load

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// Result is what was measured. Durations are in seconds.
type Result struct {
	Batch    int            // texts per request
	Rate     float64        // requests per second; 0 for a closed loop
	Requests int            // sent and measured
	Warmup   int            // sent before and not measured
	Texts    int            // answered
	Tokens   int            // counted by the provider, or estimated
	Metered  bool           // the provider counted the tokens of every answer
	Errors   map[string]int // failed requests by kind; 429s are "rate limited"
	Elapsed  float64        // from when the first request was due to the last answer
	Latency  []float64      // of answered requests, ascending
	Failed   []float64      // of failed requests, ascending
}

// Quantile returns the latency in seconds that a share q of the answered requests did not exceed
// (nearest rank), 0 if none was answered.
func (r Result) Quantile(q float64) float64 {
	n := len(r.Latency)
	if n == 0 {
		return 0
	}
	rank := int(q*float64(n) + .999999)
	return r.Latency[min(max(rank, 1), n)-1]
}

// PerSecond returns the texts answered per second.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Texts) / r.Elapsed
}

// Options configures [Closed] and [Open]. The zero value means 3 requests to warm up, then 30
// requests of one text in at most 10 seconds.
type Options struct {
	Batch    int           // texts per request; 0 is 1
	Requests int           // 0 is 30
	Warmup   int           // requests that are not measured; 0 is 3, negative is none
	Least    time.Duration // Closed only: unless a request fails, goes on beyond Requests for this long
	Most     time.Duration // sends no request after this long; 0 is 10 s
	Task     embedding.Task
	Rate     float64 // Open only: requests per second; required
	Parallel int     // Open only: most requests in flight, others wait and count their wait; 0 is 64
}

func (o *Options) complete() {
	o.Batch = cmp.Or(max(o.Batch, 0), 1)
	o.Requests = cmp.Or(max(o.Requests, 0), 30)
	o.Warmup = max(cmp.Or(o.Warmup, 3), 0)
	o.Most = cmp.Or(o.Most, 10*time.Second)
	o.Parallel = cmp.Or(max(o.Parallel, 0), 64)
}

// asker sends requests of the next texts, starts over at the end, and counts the answers.
type asker struct {
	e     embedding.Embedder
	texts []string
	batch int
	task  embedding.Task

	mu  sync.Mutex
	at  int
	res Result
}

func newAsker(e embedding.Embedder, texts []string, o Options) (*asker, error) {
	if len(texts) == 0 {
		return nil, errors.New("load: there is no text to send")
	}
	a := &asker{e: e, texts: texts, batch: o.Batch, task: o.Task}
	a.res = Result{Batch: o.Batch, Metered: true, Errors: map[string]int{}}
	return a, nil
}

func (a *asker) next() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]string, a.batch)
	for i := range out {
		out[i] = a.texts[(a.at+i)%len(a.texts)]
	}
	a.at = (a.at + a.batch) % len(a.texts)
	return out
}

// warm sends requests that are not measured. It ignores errors: the measurement will meet and count
// them.
func (a *asker) warm(ctx context.Context, n int) {
	for range n {
		if ctx.Err() != nil {
			return
		}
		_, _ = a.e.Embed(ctx, embedding.Request{Texts: a.next(), Task: a.task})
		a.res.Warmup++
	}
}

// ask sends one request and times it from due. It does not count a request that the caller's
// context ended, because that says nothing about the server.
func (a *asker) ask(ctx context.Context, texts []string, due time.Time) {
	res, err := a.e.Embed(ctx, embedding.Request{Texts: texts, Task: a.task})
	took := time.Since(due).Seconds()
	if err != nil && ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.res.Requests++
	u := embedding.Salvage(res, err).Usage
	if err != nil {
		a.res.Errors[kind(err)]++
		a.res.Failed = append(a.res.Failed, took)
		return
	}
	a.res.Texts += len(texts)
	a.res.Latency = append(a.res.Latency, took)
	if u.Unmetered > 0 || u.Requests == 0 {
		a.res.Metered = false
		for _, t := range texts {
			a.res.Tokens += embedding.EstimateTokens(t)
		}
		return
	}
	a.res.Tokens += u.Tokens
}

// kind returns the kind of an error, or of its first text's error if it is partial.
func kind(err error) string {
	if p, ok := errors.AsType[*embedding.PartialError](err); ok && len(p.Failed) > 0 {
		err = p.Failed[0].Err
	}
	return embedding.KindOf(err).Error()
}

func (a *asker) result(begin time.Time) Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.res
	r.Elapsed = time.Since(begin).Seconds()
	slices.Sort(r.Latency)
	slices.Sort(r.Failed)
	return r
}

// Closed sends one request after the other. The error says that there are no texts, or is the
// context's, together with what was measured.
func Closed(ctx context.Context, e embedding.Embedder, texts []string, o Options) (Result, error) {
	o.complete()
	a, err := newAsker(e, texts, o)
	if err != nil {
		return Result{}, err
	}
	a.warm(ctx, o.Warmup)
	begin := time.Now()
	for i := 0; i < o.Requests || time.Since(begin) < o.Least && len(a.res.Failed) == 0; i++ {
		if ctx.Err() != nil || time.Since(begin) >= o.Most {
			break
		}
		batch := a.next()
		a.ask(ctx, batch, time.Now())
	}
	return a.result(begin), ctx.Err()
}

// Open sends o.Rate requests per second and waits for all answers. The error says what is wrong
// with the arguments, or is the context's, together with what was measured.
func Open(ctx context.Context, e embedding.Embedder, texts []string, o Options) (Result, error) {
	if !(o.Rate > 0) || o.Rate > 1e6 {
		return Result{}, errors.New("load: Open needs a Rate above 0 and at most a million requests per second")
	}
	o.complete()
	a, err := newAsker(e, texts, o)
	if err != nil {
		return Result{}, err
	}
	a.warm(ctx, o.Warmup)
	a.res.Rate = o.Rate
	begin := time.Now()
	slots := make(chan struct{}, o.Parallel)
	var wg sync.WaitGroup
	for i := range o.Requests {
		offset := time.Duration(float64(i) / o.Rate * float64(time.Second))
		if offset >= o.Most {
			break
		}
		due := begin.Add(offset)
		if !until(ctx, due) {
			break
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		batch := a.next()
		wg.Go(func() {
			defer func() { <-slots }()
			a.ask(ctx, batch, due)
		})
	}
	wg.Wait()
	return a.result(begin), ctx.Err()
}

// until waits for a moment. It returns false if ctx ends first.
func until(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
