package middleware

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/recall"
)

// BatchOptions are options of [Batch]. The zero value uses the model's limits and sends 8
// requests at once.
type BatchOptions struct {
	// Parallel is how many requests of one call may be in flight. 0 or less means 8.
	Parallel int
	// Limits of one request. The model's own limits hold too. If neither limits the texts, it is 64.
	Limits embedding.Limits
}

// Batch splits a call into requests that the provider takes, by texts, tokens
// ([embedding.EstimateTokens]) and bytes. The resulting Model takes any number of texts. A slow
// request does not hold the others back, and only the requests in flight are in memory beside the
// result.
//
// A request refused as TooLarge is split until it passes. Batch learns a limit if the provider
// states it, or if both halves pass. A request refused as Rejected is halved until the bad text
// stands alone. A single text that is TooLarge becomes Rejected.
//
// A text may also make its requests fail without an error that says so. A Malformed answer is
// asked for once more. A request that still fails, or that [Retry] inside has seen fail four times
// or for 10 s as Unavailable, is halved while others pass. A text that fails alone while others
// pass becomes Rejected. While nothing passes, no text is blamed.
//
// After Auth with another status than 403, and after Exhausted, Batch sends nothing more. An
// Invalid or Unknown error, or a 403, may be one text's fault: it ends the job if the next request
// fails so too before any has passed, and later if three in a row do that share no text. After any
// other error Batch goes on. The [embedding.PartialError] has the vectors of all requests that
// succeeded. A cache outside gets the vectors of each request when it is answered.
func Batch(o BatchOptions) embedding.Middleware {
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		m := next.Model()
		b := &batcher{next: next, model: m, parallel: o.Parallel, limits: m.Limits.Min(o.Limits)}
		b.counted = b.limits.Texts > 0
		if !b.counted {
			b.limits.Texts = 64
		}
		m.Limits = embedding.Limits{TextTokens: m.Limits.TextTokens}
		return embedding.Wrap(next, m, b.embed)
	}
}

type batcher struct {
	next     embedding.Embedder
	model    embedding.Model
	parallel int
	counted  bool // the number of texts in a request is limited by the model or the options

	mu     sync.Mutex
	limits embedding.Limits // with the limits learned so far
}

func (b *batcher) allowed() embedding.Limits {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limits
}

// learn adds a limit that the provider has shown.
func (b *batcher) learn(l embedding.Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.TextTokens = 0 // splitting does not help against it
	b.limits = b.limits.Min(l)
}

// head returns how many of the texts go into one request, at least one.
func head(texts []string, l embedding.Limits) int {
	n := min(l.Texts, len(texts))
	if l.Tokens == 0 && l.Bytes == 0 {
		return n
	}
	tokens, bytes := 0, 0
	for i, text := range texts[:n] {
		bytes += len(text)
		if l.Tokens > 0 {
			tokens += embedding.EstimateTokens(text)
		}
		if i > 0 && (l.Tokens > 0 && tokens > l.Tokens || l.Bytes > 0 && bytes > l.Bytes) {
			return i
		}
	}
	return n
}

func (b *batcher) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	n := len(req.Texts)
	first := head(req.Texts, b.allowed())
	if n == 1 {
		res, err := b.next.Embed(ctx, req)
		if embedding.KindOf(err) == embedding.Malformed && ctx.Err() == nil {
			res, err = b.next.Embed(ctx, req) // the answer may have been damaged on its way
		}
		if tooLarge(err) {
			err = rejected(err)
		}
		return res, err
	}
	j := &job{batcher: b, ctx: ctx, req: req}
	if first == n { // the usual case: one request, and it is not refused
		j.whole = sent{Context: ctx, job: j}
		res, err := b.next.Embed(&j.whole, req)
		if err == nil {
			return res, err
		}
		j.begin()
		j.cursor = n
		j.whole.chunk.idx = j.all
		j.inFlight++
		j.settle(j.whole.chunk, res, err)
	} else {
		j.begin()
	}
	workers := min(b.parallel, (n+first-1)/first)
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(j.work)
	}
	j.work()
	wg.Wait()
	return j.result()
}

func tooLarge(err error) bool { return embedding.KindOf(err) == embedding.TooLarge }

// rejected returns err as the refusal of a text that stood alone.
func rejected(err error) error {
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		own := *e
		own.Kind = embedding.Rejected
		return &own
	}
	return err
}

// job is one call that needs several requests.
type job struct {
	*batcher
	ctx   context.Context
	req   embedding.Request
	all   []int // all indexes, so that a run of them is a slice
	whole sent  // the request for all texts, if one may do

	memory recall.Memory // of a cache outside; may be nil

	mu       sync.Mutex
	turn     sync.Cond // an answer has come
	cursor   int       // the texts before it were sent or are in pieces
	pieces   []chunk   // to be sent again, the last one first
	inFlight int
	out      *embedding.Merger
	stop     error // why nothing more is sent; nil means that the job goes on
	evidence
}

// chunk names the texts of one request.
type chunk struct {
	idx   []int
	whole *halves // the request that this is a half of; may be nil
	suspicion
}

// halves waits until both parts of a request that was too large have passed. Then their size is a
// limit to learn.
type halves struct {
	left  int // parts that did not pass yet
	learn embedding.Limits
}

func (j *job) begin() {
	j.memory = recall.From(j.ctx, j.model)
	j.all = make([]int, len(j.req.Texts))
	for i := range j.all {
		j.all[i] = i
	}
	j.turn.L = &j.mu
	j.out = embedding.NewMerger(len(j.all))
}

func (j *job) work() {
	s := &sent{Context: j.ctx, job: j}
	for {
		pause, ok := j.take(&s.chunk)
		if !ok {
			return
		}
		c := s.chunk
		part := j.req.Pick(c.idx)
		if pause > 0 {
			_ = sleep(j.ctx, pause) // if the context ends, so does the request
		}
		res, err := j.next.Embed(s, part)
		// A cache outside gets the vectors of a long job as they come, not all at its end.
		if got := embedding.Salvage(res, err); j.memory != nil && len(got.Vectors) == len(part.Texts) {
			j.memory.Keep(j.ctx, part.Task, part.Texts, got.Vectors)
		}
		j.settle(s.chunk, res, err)
	}
}

// take puts what to send next into c: a piece of a failed request, or the next texts. It returns
// how long to wait before, and false if the job is done or stopped. While nothing may be sent, it
// waits for an answer.
func (j *job) take(c *chunk) (pause time.Duration, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for ; ; j.turn.Wait() {
		if j.stop == nil {
			j.stop = j.ctx.Err()
		}
		if j.inFlight == 0 && j.stop == nil {
			if j.stop = j.doubt; j.stop == nil && len(j.pieces) == 0 && j.cursor == len(j.all) {
				j.decide()
			}
		}
		last := len(j.pieces) - 1
		switch {
		case j.stop != nil:
			return 0, false
		case j.doubt != nil: // only an answer that is under way can tell
			continue
		case last >= 0 && !(j.probe && j.pieces[last].probes()):
			*c = j.pieces[last]
			j.pieces = j.pieces[:last]
			j.probe = j.probe || c.probes()
			if c.piece {
				pause = time.Until(j.rest)
			}
		case j.cursor < len(j.all):
			lo := j.cursor
			j.cursor += head(j.req.Texts[lo:], j.allowed())
			*c = chunk{idx: j.all[lo:j.cursor]}
		case j.inFlight == 0:
			return 0, false
		default:
			continue
		}
		j.inFlight++
		return pause, true
	}
}

// settle merges an answer, and decides what to send again.
func (j *job) settle(c chunk, res embedding.Response, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.turn.Broadcast()
	j.inFlight--
	j.probe = j.probe && !c.probes()
	if err == nil {
		j.out.Add(c.idx, res, nil)
		j.pass(c)
		if c.whole != nil {
			if c.whole.left--; c.whole.left == 0 {
				j.learn(c.whole.learn)
			}
		}
		return
	}
	p, partial := errors.AsType[*embedding.PartialError](err)
	if !partial {
		j.failed(c, err)
		return
	}
	// Texts that share one error value failed together, and any of them may be to blame.
	together := map[*embedding.Error]*chunk{}
	var groups []*chunk
	var errs []error
	for _, f := range p.Failed {
		e, ok := errors.AsType[*embedding.Error](f.Err)
		if !ok { // the caller's end
			j.out.Add([]int{c.idx[f.Index]}, embedding.Response{}, f.Err)
			j.fatal(f.Err)
			continue
		}
		g := together[e]
		if g == nil {
			g = &chunk{suspicion: c.suspicion}
			together[e] = g
			groups, errs = append(groups, g), append(errs, f.Err)
		}
		g.idx = append(g.idx, c.idx[f.Index])
	}
	j.out.Add(c.idx, p.Response, nil)
	if len(p.Failed) < len(c.idx) {
		c.failures = 0 // those of the texts that still fail
		j.pass(c)
	}
	for k, g := range groups {
		j.failed(*g, errs[k])
	}
}

// failed decides what happens to the texts of c after a request for all of them has failed.
func (j *job) failed(c chunk, err error) {
	switch kind := embedding.KindOf(err); {
	case kind == embedding.TooLarge || kind == embedding.Rejected:
		j.refused(c, err)
	case j.suspect(&c, kind, err):
		j.judge(c)
	default:
		j.out.Add(c.idx, embedding.Response{}, err)
		j.fatal(err)
	}
}

// refused splits a request that was refused because of its texts.
func (j *job) refused(c chunk, err error) {
	idx := c.idx
	kind := embedding.KindOf(err)
	if len(idx) == 1 {
		if kind == embedding.TooLarge {
			err = rejected(err)
		}
		j.out.Add(idx, embedding.Response{}, err)
		return
	}
	e, ok := errors.AsType[*embedding.Error](err)
	if kind == embedding.TooLarge && ok {
		j.learn(e.Allowed)
		if n := head(j.req.Pick(idx).Texts, j.allowed()); n < len(idx) {
			for len(idx) > 0 {
				n := head(j.req.Pick(idx).Texts, j.allowed())
				j.pieces = append(j.pieces, chunk{idx: idx[:n]})
				idx = idx[n:]
			}
			return
		}
	}
	if bad, good := blamed(idx, err); kind == embedding.Rejected && len(bad) > 0 && len(good) > 0 {
		j.out.Add(bad, embedding.Response{}, err)
		j.pieces = append(j.pieces, chunk{idx: good})
		return
	}
	half := (len(idx) + 1) / 2
	var whole *halves
	if kind == embedding.TooLarge {
		whole = &halves{left: 2, learn: j.size(idx, half)}
	}
	j.pieces = append(j.pieces, chunk{idx: idx[half:], whole: whole}, chunk{idx: idx[:half], whole: whole})
}

// blamed splits the texts idx of a refused request into those that the server names as the reason,
// of which it knows the places among them, and the others.
func blamed(idx []int, err error) (bad, good []int) {
	named, ok := errors.AsType[interface {
		error
		Blames() []int
	}](err)
	if !ok {
		return nil, idx
	}
	for k, i := range idx {
		if slices.Contains(named.Blames(), k) {
			bad = append(bad, i)
		} else {
			good = append(good, i)
		}
	}
	return bad, good
}

// size returns the limit to learn if both halves pass. If the number of texts has no known limit,
// the refusal was about texts, otherwise about tokens.
func (j *job) size(idx []int, half int) embedding.Limits {
	if !j.counted {
		return embedding.Limits{Texts: half}
	}
	tokens := func(idx []int) int { return max(1, embedding.EstimateTokens(j.req.Pick(idx).Texts...)) }
	return embedding.Limits{Tokens: max(tokens(idx[:half]), tokens(idx[half:]))}
}

// fatal stops the job after an error that the other requests would meet too.
func (j *job) fatal(err error) {
	switch embedding.KindOf(err) {
	case embedding.Auth, embedding.Exhausted, embedding.Invalid, embedding.Unknown:
		j.stop = cmp.Or(j.stop, err)
	}
}

// result returns the merged answers. Texts that were still to be sent fail by the error that
// stopped the job, unless they may be at fault themselves. If no text succeeded, the call fails.
func (j *job) result() (embedding.Response, error) {
	if j.stop != nil {
		unsent := slices.Clone(j.all[j.cursor:])
		for _, c := range slices.Concat(j.pieces, j.waiting) {
			if c.cause != nil && odd(embedding.KindOf(c.cause), c.cause) && j.ctx.Err() == nil {
				j.out.Add(c.idx, embedding.Response{}, c.cause)
			} else {
				unsent = append(unsent, c.idx...)
			}
		}
		if len(unsent) > 0 {
			j.out.Add(unsent, embedding.Response{}, j.stop)
		}
	}
	res, err := j.out.Result()
	if got := embedding.Salvage(res, err); j.stop != nil && got.Usage == (embedding.Usage{}) && len(j.out.Missing()) == len(j.all) {
		return embedding.Response{}, j.stop
	}
	return res, err
}
