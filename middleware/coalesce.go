package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/recall"
)

// CoalesceOptions are options of [Coalesce]. The zero value never waits for more texts.
type CoalesceOptions struct {
	// Window is how long a small call waits for texts of other callers to share its request. 0 or less
	// means no wait. It trades the first caller's latency for fewer requests.
	Window time.Duration
	// Texts sends a call as soon as this many texts have gathered. The model's limit holds too. 0 or
	// less means that limit, or 64 if it is unknown.
	Texts int
}

// Coalesce asks once for a text that is already in flight, or that a request repeats; such a text
// counts as Usage.Reused. Texts in flight are known inside each chain built with the returned
// Middleware. A call in the lane [Interactive] does not join one of [Bulk], which may be long: a
// text that is in flight there is asked for again.
//
// A shared call belongs to all callers who wait for it. A canceled caller leaves without
// affecting the others; when the last one leaves, the call is canceled, and that caller gets what
// it has paid for. The usage of a call is reported once: to the caller who began it or, if that
// one has left, to another. The request has no deadline, and the context values of the caller who
// began it. [Retry] and [Limit] inside know the latest deadline of the callers who wait at that
// moment. If a caller's deadline passes while Retry asks again, the caller's error has the reason.
func Coalesce(o CoalesceOptions) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		m := next.Model()
		c := &coalescer{o: o, next: next, model: m, flights: map[slot]map[string]flight{}, gathering: map[slot]*shared{}}
		c.o.Texts = cmp.Or(m.Limits.Min(embedding.Limits{Texts: o.Texts}).Texts, 64)
		return embedding.Wrap(next, m, c.embed)
	}
}

type coalescer struct {
	o     CoalesceOptions
	next  embedding.Embedder
	model embedding.Model

	mu        sync.Mutex
	flights   map[slot]map[string]flight // by text
	gathering map[slot]*shared           // calls that wait for more texts
}

// slot is what texts of one call have in common.
type slot struct {
	task embedding.Task // the same for all tasks of a symmetric model
	lane Lane
}

// flight is a text's place in a shared call.
type flight struct {
	call *shared
	at   int
}

// shared is one call to next for all callers who wait for one of its texts. The coalescer's mu
// guards its fields, except that res and err may be read without it once done is closed.
type shared struct {
	context.Context // the values of the caller who began it

	in      *coalescer
	ctx     context.Context
	cancel  context.CancelFunc
	task    embedding.Task
	slot    slot
	flights map[string]flight // of the slot; nil once no caller can join
	texts   []string
	memory  recall.Memory // of a cache outside; may be nil
	begun   bool          // sent, or given up
	timer   *time.Timer   // ends the Window; may be nil
	shares  *share        // the latest one, which leads to all others
	waiters int           // shares of callers who have not left
	reason  error         // the latest failure that Retry waits after; may be nil
	owner   bool          // the caller who began it still waits
	joined  bool          // another caller has joined
	told    bool          // its usage was reported
	landed  bool          // done is closed

	done chan struct{}
	res  embedding.Response
	err  error
}

// share is one caller's part of a shared call.
type share struct {
	ctx   context.Context
	call  *shared
	prior *share // of the same call; may be nil
	left  bool   // the caller has left; the coalescer's mu guards it
	owner bool
	texts []place
	fresh int   // texts that nobody had asked for before
	err   error // of the caller's end; the coalescer's mu guards it
}

// place is where a text is in the caller's request and in the shared call.
type place struct {
	here, there int
	fresh       bool
}

func (c *coalescer) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	n := len(req.Texts)
	p := c.join(ctx, req)
	if len(p.shares) == 1 && p.shares[0].owner && p.shares[0].fresh == n {
		return c.whole(ctx, p.shares[0])
	}
	out := embedding.NewMerger(n)
	for _, r := range p.found {
		out.Set(r.here, r.row)
	}
	out.Use(embedding.Usage{Reused: len(p.found)})
	for _, s := range p.shares {
		c.collect(ctx, out, s)
	}
	return out.Result()
}

// plan is where the texts of one request come from.
type plan struct {
	shares []*share
	found  []recalled
	own    *shared // the call for texts that nobody else has asked for; may be nil
	memory recall.Memory
}

// recalled is a text that was stored in the cache after the cache was asked.
type recalled struct {
	here int
	row  []float32
}

// join finds a call for each text that is in flight, and begins one for texts that are not and
// that the cache does not have by now.
func (c *coalescer) join(ctx context.Context, req embedding.Request) plan {
	p := plan{memory: recall.From(ctx, c.model)}
	slot := c.slot(ctx, req.Task)
	c.mu.Lock()
	defer c.mu.Unlock()
	own, queries := c.aloft(slot)
	if call := c.gathering[slot]; call != nil && len(call.texts)+len(req.Texts) > c.o.Texts {
		c.begin(call) // it has no room for this request
	}
	for i, text := range req.Texts {
		f, known := queries[text]
		if !known {
			f, known = own[text]
		}
		if !known {
			if row := p.recall(req.Task, text); row != nil {
				p.found = append(p.found, recalled{i, row})
				continue
			}
			f = c.depart(ctx, &p, req.Task, text)
		}
		p.share(ctx, f.call, false).add(place{i, f.at, !known})
	}
	if p.own != nil && !p.own.begun && (c.o.Window <= 0 || len(p.own.texts) >= c.o.Texts) {
		c.begin(p.own)
	}
	return p
}

// slot returns the slot of a request.
func (c *coalescer) slot(ctx context.Context, task embedding.Task) slot {
	if c.model.Symmetric {
		task = embedding.TaskDocument
	}
	return slot{task, laneOf(ctx, Interactive)}
}

// aloft returns the flights of a slot and, for Bulk, those of Interactive. An interactive text
// joins none of Bulk: it would wait for the end of that call. The caller holds mu.
func (c *coalescer) aloft(s slot) (own, queries map[string]flight) {
	own = c.flights[s]
	if own == nil {
		own = map[string]flight{}
		c.flights[s] = own
	}
	if s.lane != Interactive {
		queries = c.flights[slot{s.task, Interactive}]
	}
	return own, queries
}

// recall returns the vector that the cache outside has stored since it was asked, or nil.
func (p *plan) recall(task embedding.Task, text string) []float32 {
	if p.memory == nil {
		return nil
	}
	return p.memory.Recall(task, text)
}

// share returns the caller's share of a call.
func (p *plan) share(ctx context.Context, call *shared, owner bool) *share {
	for _, s := range p.shares {
		if s.call == call {
			return s
		}
	}
	call.waiters++
	call.joined = call.joined || !owner
	s := &share{ctx: ctx, call: call, owner: owner, prior: call.shares}
	call.shares = s
	p.shares = append(p.shares, s)
	return s
}

func (s *share) add(t place) {
	s.texts = append(s.texts, t)
	if t.fresh {
		s.fresh++
	}
}

// depart puts a text that is not in flight into a call that was not sent yet.
func (c *coalescer) depart(ctx context.Context, p *plan, task embedding.Task, text string) flight {
	if p.own == nil {
		call, began := c.open(ctx, task)
		if began {
			call.memory = p.memory
		}
		p.own = call
		p.share(ctx, call, began)
	}
	f := flight{p.own, len(p.own.texts)}
	p.own.texts = append(p.own.texts, text)
	p.own.flights[text] = f
	return f
}

// open returns the call in which texts of a task gather, and whether it is new.
func (c *coalescer) open(ctx context.Context, task embedding.Task) (call *shared, began bool) {
	slot := c.slot(ctx, task)
	if call := c.gathering[slot]; call != nil {
		return call, false
	}
	call = &shared{in: c, task: task, slot: slot, owner: true, done: make(chan struct{})}
	call.flights, _ = c.aloft(slot)
	call.Context = context.WithoutCancel(ctx)
	call.ctx, call.cancel = context.WithCancel(call)
	if c.o.Window > 0 {
		c.gathering[slot] = call
		call.timer = time.AfterFunc(c.o.Window, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !call.begun {
				c.begin(call)
			}
		})
	}
	return call, true
}

// begin sends a call. The caller holds mu.
func (c *coalescer) begin(call *shared) {
	call.begun = true
	if call.timer != nil {
		call.timer.Stop()
		delete(c.gathering, call.slot)
	}
	go func() {
		defer call.cancel()
		res, err := c.next.Embed(call.ctx, embedding.Request{Texts: call.texts, Task: call.task})
		if got := embedding.Salvage(res, err); call.memory != nil && len(got.Vectors) == len(call.texts) {
			// Before the texts land, so that no other caller finds them neither in flight nor stored.
			call.memory.Keep(call.ctx, call.task, call.texts, got.Vectors)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.land(call)
		call.res, call.err, call.landed = res, err, true
		close(call.done)
	}()
}

// land takes a call's texts out of flight, so that no caller joins it any more. The caller holds
// mu.
func (c *coalescer) land(call *shared) {
	if call.flights == nil { // its texts may be in flight again, by another call
		return
	}
	for _, text := range call.texts {
		delete(call.flights, text)
	}
	call.flights = nil
}

// wait waits for a call and reports whether its result is for this caller. It is not if the
// caller leaves while others wait.
func (c *coalescer) wait(ctx context.Context, s *share) bool {
	select {
	case <-s.call.done:
	case <-ctx.Done():
		if c.leave(s) {
			return false
		}
		<-s.call.done // no other caller waits: the call has landed or was canceled
	}
	return true
}

// whole returns the result of a call that begins with exactly the texts of the caller who began it.
func (c *coalescer) whole(ctx context.Context, s *share) (embedding.Response, error) {
	if !c.wait(ctx, s) {
		return embedding.Response{}, s.end(ctx)
	}
	if !s.call.joined {
		return s.call.res, s.ended(ctx, s.call.err)
	}
	out := embedding.NewMerger(s.fresh)
	c.place(ctx, out, s)
	return out.Result()
}

// collect waits for a share and places its vectors in out.
func (c *coalescer) collect(ctx context.Context, out *embedding.Merger, s *share) {
	if c.wait(ctx, s) {
		c.place(ctx, out, s)
		return
	}
	end := s.end(ctx)
	for _, t := range s.texts {
		out.Add([]int{t.here}, embedding.Response{}, end)
	}
}

// place merges a share of a call that has landed into out.
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
	if p, ok := errors.AsType[*embedding.PartialError](s.call.err); ok {
		for _, f := range p.Failed {
			failures[f.Index] = f.Err
		}
	}
	for _, t := range s.texts {
		switch {
		case t.there < len(got.Vectors) && got.Vectors[t.there] != nil:
			out.Set(t.here, got.Vectors[t.there])
			if !t.fresh {
				usage.Reused++
			}
		case failures[t.there] != nil:
			out.Add([]int{t.here}, embedding.Response{}, s.ended(ctx, failures[t.there]))
		default:
			out.Add([]int{t.here}, embedding.Response{}, s.ended(ctx, s.call.err))
		}
	}
	out.Use(usage)
}

// end returns the error of a caller whose context has ended. After a deadline it has the failure
// that the call was waiting after. Each time it is the same value, as [embedding.Merger] expects.
func (s *share) end(ctx context.Context) error {
	s.call.in.mu.Lock()
	defer s.call.in.mu.Unlock()
	if s.err == nil {
		if s.err = ctx.Err(); s.err == context.DeadlineExceeded && s.call.reason != nil {
			s.err = fmt.Errorf("%w; the last failure: %w", s.err, s.call.reason)
		}
	}
	return s.err
}

// ended returns err with the error of the caller's context in place of context.Canceled. The call
// was canceled because that context ended, perhaps by a deadline.
func (s *share) ended(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok {
		return s.end(ctx)
	}
	out := &embedding.PartialError{Response: p.Response, Failed: slices.Clone(p.Failed)}
	for i, f := range out.Failed {
		out.Failed[i].Err = s.ended(ctx, f.Err)
	}
	return out
}

// leave takes a caller out of a call and reports whether others still wait for it. If none do, it
// cancels the call.
func (c *coalescer) leave(s *share) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := s.call
	if call.landed {
		return false
	}
	s.left = true
	if s.owner {
		call.owner = false
	}
	if call.waiters--; call.waiters > 0 {
		return true
	}
	c.land(call)
	call.cancel()
	if !call.begun { // it was still gathering
		c.begin(call)
	}
	return false
}

// Value makes the call the callers of its context.
func (s *shared) Value(key any) any {
	if key == (callersKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// deadline returns the latest deadline of the callers who wait now, and false if one of them has
// none.
func (s *shared) deadline() (latest time.Time, limited bool) {
	var waiting []context.Context
	s.in.mu.Lock()
	for p := s.shares; p != nil; p = p.prior {
		if !p.left {
			waiting = append(waiting, p.ctx)
		}
	}
	s.in.mu.Unlock() // a context may be of a shared call itself, perhaps of this coalescer
	for _, ctx := range waiting {
		end, ok := deadline(ctx)
		if !ok {
			return time.Time{}, false
		}
		if limited = true; end.After(latest) {
			latest = end
		}
	}
	return latest, limited
}

// waits notes the failure that the call waits after.
func (s *shared) waits(reason error) {
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	s.reason = reason
}
