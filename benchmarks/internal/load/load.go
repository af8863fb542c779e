// Package load measures how fast an embedder answers.
//
// Closed asks one request after the other, each as soon as the last is answered: what one caller sees. Open asks at a fixed rate,
// whatever the answers do: what users see who do not wait for each other.
//
// # Coordinated omission
//
// A closed loop flatters a server that stalls: while it waits it does not ask, so one stall is one slow request, where users would have
// seen every request of that time wait. Open counts each request from the moment it was due, not from when it was sent. A request that
// had to wait, because as many as allowed were under way or the machine was late, counts its wait.
//
// Failed requests are counted by kind and timed apart; none is dropped. Give an embedder without Retry, Cache and Coalesce, or
// their work is measured instead.
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
	Batch    int            // texts a request
	Rate     float64        // requests a second asked for; 0: closed loop
	Requests int            // asked, without the warm-up
	Warmup   int            // asked before, not measured
	Texts    int            // answered
	Tokens   int            // counted by the provider, or estimated
	Metered  bool           // the provider counted the tokens of every answer
	Errors   map[string]int // failed requests by kind; 429s are "rate limited"
	Elapsed  float64        // from the first request due to the last answer
	Latency  []float64      // of the answered requests, ascending
	Failed   []float64      // of the failed ones, ascending
}

// Quantile returns the latency in seconds that a share q of the answered requests did not exceed (the nearest rank), 0 where none was.
func (r Result) Quantile(q float64) float64 {
	n := len(r.Latency)
	if n == 0 {
		return 0
	}
	rank := int(q*float64(n) + .999999)
	return r.Latency[min(max(rank, 1), n)-1]
}

// PerSecond is how many texts were answered a second.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Texts) / r.Elapsed
}

// Options of Closed and Open. The zero value is 30 requests of one text after 3 to warm up, at most 10 seconds.
type Options struct {
	Batch    int           // texts a request; 0 is 1
	Requests int           // 0 is 30
	Warmup   int           // requests before, not measured; 0 is 3, negative is none
	Most     time.Duration // after this long no further request is begun; 0 is 10 s
	Task     embedding.Task
	Rate     float64 // of Open: requests a second; required
	Parallel int     // of Open: requests under way at once, the others wait and count their wait; 0 is 64
}

func (o *Options) complete() {
	o.Batch = cmp.Or(max(o.Batch, 0), 1)
	o.Requests = cmp.Or(max(o.Requests, 0), 30)
	o.Warmup = max(cmp.Or(o.Warmup, 3), 0)
	o.Most = cmp.Or(o.Most, 10*time.Second)
	o.Parallel = cmp.Or(max(o.Parallel, 0), 64)
}

// asker sends requests of the next texts, beginning again where they end, and counts the answers.
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

// warm sends requests that are not measured. Their errors will come again and be counted then.
func (a *asker) warm(ctx context.Context, n int) {
	for range n {
		if ctx.Err() != nil {
			return
		}
		_, _ = a.e.Embed(ctx, embedding.Request{Texts: a.next(), Task: a.task})
		a.res.Warmup++
	}
}

// ask sends one request and counts it from due on. A request that the caller's own context ended is not counted: it says nothing
// about the server.
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

// kind is the kind of an error, that of its first text where it is about texts.
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

// Closed asks one request after the other. The error is the context's, beside what was measured until then, or says that
// there is no text.
func Closed(ctx context.Context, e embedding.Embedder, texts []string, o Options) (Result, error) {
	o.complete()
	a, err := newAsker(e, texts, o)
	if err != nil {
		return Result{}, err
	}
	a.warm(ctx, o.Warmup)
	begin := time.Now()
	for range o.Requests {
		if ctx.Err() != nil || time.Since(begin) >= o.Most {
			break
		}
		batch := a.next()
		a.ask(ctx, batch, time.Now())
	}
	return a.result(begin), ctx.Err()
}

// Open asks o.Rate requests a second and waits for all answers. The error is the context's, beside what was measured until then, or
// says what is wrong with the Options.
func Open(ctx context.Context, e embedding.Embedder, texts []string, o Options) (Result, error) {
	if !(o.Rate > 0) || o.Rate > 1e6 {
		return Result{}, errors.New("load: Open needs a rate above 0 and of at most a million requests a second")
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

// until waits for a moment. It reports false if ctx ended first.
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
