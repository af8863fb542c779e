package middleware

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/internal/recall"
)

// CoalesceOptions of Coalesce. The zero value gathers nothing.
type CoalesceOptions struct {
	// Window is how long the first text of a small call waits for those of other callers, to share a request with them. 0 or
	// less sends at once. It trades the first caller's latency for fewer requests.
	Window time.Duration
	// Texts is how many texts end the wait early, at most the model's limit. 0 or less is that limit, or 64 where it is unknown.
	Texts int
}

// Coalesce asks once for a text that is in flight already, or twice in one request; such a text counts as Usage.Reused. A
// call belongs to all who wait for it: one waiter's cancel hurts no other, and when the last one leaves, the
// call is cancelled and what it has paid for by then is that waiter's. The usage of a call is reported once, to the
// waiter who began it or, if that one has left, to another.
//
// The request that is sent has no deadline and the context values of the caller who began it. Texts in flight are known
// per application of the Middleware.
func Coalesce(o CoalesceOptions) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		c := &coalescer{o: o, next: next, model: m, symmetric: m.Symmetric, flights: map[flightKey]flight{}, gathering: map[embedding.Task]*shared{}}
		c.o.Texts = cmp.Or(m.Limits.Min(embedding.Limits{Texts: o.Texts}).Texts, 64)
		return embedding.Wrap(next, m, c.embed)
	}
}

type coalescer struct {
	o         CoalesceOptions
	next      embedding.Embedder
	model     embedding.Model
	symmetric bool

	mu        sync.Mutex
	flights   map[flightKey]flight
	gathering map[embedding.Task]*shared // calls that still wait for more texts
}

type flightKey struct {
	task embedding.Task
	text string
}

// flight is one text's place in a shared call.
type flight struct {
	call *shared
	at   int
}

// shared is one call to next on behalf of all who wait for one of its texts. Its fields are guarded by the coalescer's mu, res
// and err by done.
type shared struct {
	ctx     context.Context
	cancel  context.CancelFunc
	task    embedding.Task
	texts   []string
	memory  recall.Memory // of a cache outside, nil if there is none
	begun   bool          // sent, or given up
	timer   *time.Timer
	waiters int
	owner   bool // the one who began it still waits
	joined  bool // by somebody else
	told    bool // its usage was reported
	landed  bool // done is closed

	done chan struct{}
	res  embedding.Response
	err  error
}

// share is one caller's part of a shared call.
type share struct {
	call  *shared
	owner bool
	texts []place
	fresh int // texts that nobody had asked for before
}

// place is where a text is in the caller's request and in the shared call.
type place struct {
	here, there int
	fresh       bool
}

func (c *coalescer) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	n := req.Len()
	if n == 0 {
		return c.next.Embed(ctx, req)
	}
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	shares, recalled := c.join(ctx, req)
	if len(shares) == 1 && shares[0].owner && shares[0].fresh == n {
		return c.whole(ctx, shares[0])
	}
	out := embedding.NewMerger(n)
	for _, r := range recalled {
		out.Set(r.here, embedding.Row{Vector: r.row})
	}
	out.Use(embedding.Usage{Reused: len(recalled)})
	for _, s := range shares {
		c.collect(ctx, out, s)
	}
	return out.Result()
}

// recalled is a text that has got into the cache since the cache was asked.
type recalled struct {
	here int
	row  []float32
}

// join finds a call for each text, or begins one for those that are not in flight and not in the cache by now.
func (c *coalescer) join(ctx context.Context, req embedding.Request) (shares []*share, found []recalled) {
	memory := recall.From(ctx, c.model)
	task := req.Task
	if c.symmetric {
		task = embedding.TaskDocument
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if call := c.gathering[task]; call != nil && len(call.texts)+req.Len() > c.o.Texts {
		c.begin(call, task) // it has no room for this request
	}
	in := func(call *shared, owner bool) *share {
		for _, s := range shares {
			if s.call == call {
				return s
			}
		}
		call.waiters++
		call.joined = call.joined || !owner
		shares = append(shares, &share{call: call, owner: owner})
		return shares[len(shares)-1]
	}
	var own *shared
	for i, text := range req.Texts {
		key := flightKey{task, text}
		f, ok := c.flights[key]
		if !ok {
			if memory != nil {
				if row := memory.Recall(req.Task, text); row != nil {
					found = append(found, recalled{i, row})
					continue
				}
			}
			if own == nil {
				var began bool
				if own, began = c.open(ctx, req.Task, task); began {
					own.memory = memory
				}
				in(own, began)
			}
			f = flight{own, len(own.texts)}
			own.texts = append(own.texts, text)
			c.flights[key] = f
		}
		s := in(f.call, false)
		s.texts = append(s.texts, place{i, f.at, !ok})
		if !ok {
			s.fresh++
		}
	}
	if own != nil && !own.begun && (c.o.Window <= 0 || len(own.texts) >= c.o.Texts) {
		c.begin(own, task)
	}
	return shares, found
}

// open returns the call that texts of a task gather in, and whether it is new.
func (c *coalescer) open(ctx context.Context, asked, task embedding.Task) (call *shared, began bool) {
	if call := c.gathering[task]; call != nil {
		return call, false
	}
	call = &shared{task: asked, owner: true, done: make(chan struct{})}
	call.ctx, call.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if c.o.Window > 0 {
		c.gathering[task] = call
		call.timer = time.AfterFunc(c.o.Window, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !call.begun {
				c.begin(call, task)
			}
		})
	}
	return call, true
}

// begin sends a call. The caller holds mu.
func (c *coalescer) begin(call *shared, task embedding.Task) {
	call.begun = true
	if call.timer != nil {
		call.timer.Stop()
		delete(c.gathering, task)
	}
	go func() {
		defer call.cancel()
		res, err := c.next.Embed(call.ctx, embedding.Request{Texts: call.texts, Task: call.task})
		if got := embedding.Salvage(res, err); call.memory != nil && len(got.Vectors) == len(call.texts) {
			call.memory.Keep(call.ctx, call.task, call.texts, got.Vectors) // before anybody can find the texts no longer in flight
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.land(call, task)
		call.res, call.err, call.landed = res, err, true
		close(call.done)
	}()
}

// land takes a call's texts out of flight, so that nobody joins it any more. The caller holds mu.
func (c *coalescer) land(call *shared, task embedding.Task) {
	for _, text := range call.texts {
		key := flightKey{task, text}
		if c.flights[key].call == call {
			delete(c.flights, key)
		}
	}
}

// wait waits for a call and reports whether its result is the caller's: not if the caller leaves and others still wait.
func (c *coalescer) wait(ctx context.Context, s *share) bool {
	select {
	case <-s.call.done:
	case <-ctx.Done():
		if c.leave(s) {
			return false
		}
		<-s.call.done // nobody else waits: it has landed, or it has been cancelled
	}
	return true
}

// whole returns a call that holds all texts of the caller who began it, first and in their order.
func (c *coalescer) whole(ctx context.Context, s *share) (embedding.Response, error) {
	if !c.wait(ctx, s) {
		return embedding.Response{}, ctx.Err()
	}
	if !s.call.joined {
		return s.call.res, ended(ctx, s.call.err)
	}
	out := embedding.NewMerger(s.fresh)
	c.place(ctx, out, s)
	return out.Result()
}

// collect waits for a share and places it.
func (c *coalescer) collect(ctx context.Context, out *embedding.Merger, s *share) {
	if c.wait(ctx, s) {
		c.place(ctx, out, s)
		return
	}
	for _, t := range s.texts {
		out.Add([]int{t.here}, embedding.Response{}, ctx.Err())
	}
}

func (c *coalescer) place(ctx context.Context, out *embedding.Merger, s *share) {
	c.mu.Lock()
	tell := !s.call.told && (s.owner || !s.call.owner)
	s.call.told = s.call.told || tell
	c.mu.Unlock()
	got := embedding.Salvage(s.call.res, s.call.err)
	usage := embedding.Usage{}
	if tell {
		usage = got.Usage
	}
	failures := map[int]error{}
	if p, ok := s.call.err.(*embedding.PartialError); ok {
		for _, f := range p.Failed {
			failures[f.Index] = f.Err
		}
	}
	for _, t := range s.texts {
		switch {
		case t.there < len(got.Vectors) && got.Vectors[t.there] != nil:
			out.Set(t.here, got.Row(t.there))
			if !t.fresh {
				usage.Reused++
			}
		case failures[t.there] != nil:
			out.Add([]int{t.here}, embedding.Response{}, ended(ctx, failures[t.there]))
		default:
			out.Add([]int{t.here}, embedding.Response{}, ended(ctx, s.call.err))
		}
	}
	out.Use(usage)
}

// ended returns err as the caller's context would have it: a call is cancelled because its last waiter's context ended,
// perhaps by a deadline.
func ended(ctx context.Context, err error) error {
	end := ctx.Err()
	if end == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	p, ok := err.(*embedding.PartialError)
	if !ok {
		return end
	}
	out := &embedding.PartialError{Response: p.Response, Failed: slices.Clone(p.Failed)}
	for i, f := range out.Failed {
		out.Failed[i].Err = ended(ctx, f.Err)
	}
	return out
}

// leave takes a caller who waits no longer out of a call and reports whether others still wait for it. If nobody does, the call
// is cancelled.
func (c *coalescer) leave(s *share) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := s.call
	if call.landed {
		return false
	}
	if s.owner {
		call.owner = false
	}
	if call.waiters--; call.waiters > 0 {
		return true
	}
	task := call.task
	if c.symmetric {
		task = embedding.TaskDocument
	}
	c.land(call, task)
	call.cancel()
	if !call.begun { // it was still gathering
		c.begin(call, task)
	}
	return false
}
