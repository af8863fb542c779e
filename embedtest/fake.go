package embedtest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// FakeOptions are options of [NewFake]. The zero value answers all requests immediately, with
// vectors of 8 dimensions.
type FakeOptions struct {
	// Model is the fake's Model. Provider and ID default to "fake", Dimensions to 8, and Space to the
	// one that Chain derives. The fake enforces the Limits; embedding.EstimateTokens counts tokens.
	Model embedding.Model
	// Silent leaves the limits out of TooLarge errors.
	Silent bool
	// Poison reports whether a text makes the whole request fail as Rejected, without an index, as
	// DashScope does. It may be nil.
	Poison func(text string) bool
	// Script decides about each call that is within the limits. It may be called concurrently. nil
	// means that all calls succeed.
	Script func(Call) Reply
}

// Call is one request to a [Fake].
type Call struct {
	Number  int // from 1
	Request embedding.Request
	At      time.Time
	Err     error // the error of the call; nil while it is in flight
}

// Reply is the decision of a Script. The zero value serves the request immediately.
type Reply struct {
	Latency time.Duration             // time before the answer; a canceled caller is not billed
	Err     error                     // error of the whole request; may be nil
	Billed  bool                      // Err comes after the work, which counts as wasted
	Each    func(text string) error   // error of a single text, for a PartialError; may be nil
	Edit    func(*embedding.Response) // edits the answer; may be nil
}

// Fake is an Embedder for tests, with deterministic vectors of unit length, faults by script, and
// a ledger. A vector depends on the Model's Space and Variant, the Task unless the Model is
// Symmetric, and the text, so that a mix-up shows. A Fake has no guard. It is safe for concurrent
// use.
type Fake struct {
	o FakeOptions

	mu       sync.Mutex
	calls    []Call
	billed   map[string]int
	accepted embedding.Usage
	wasted   embedding.Usage
	inFlight int
	peak     int
}

// NewFake returns a Fake.
func NewFake(o FakeOptions) *Fake {
	m := &o.Model
	if m.Provider == "" {
		m.Provider = "fake"
	}
	if m.ID == "" {
		m.ID = "fake"
	}
	if m.Dimensions == 0 {
		m.Dimensions = 8
	}
	m.Normalized = true
	m.Space = embedding.Chain(stub{*m}).Model().Space
	return &Fake{o: o, billed: map[string]int{}}
}

// stub is an Embedder that only has a Model.
type stub struct{ m embedding.Model }

func (s stub) Model() embedding.Model { return s.m }
func (s stub) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, errors.ErrUnsupported
}

// Model returns the Model of the options with its defaults.
func (f *Fake) Model() embedding.Model { return f.o.Model }

// Embed answers as the Script decides.
func (f *Fake) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if f.billed == nil {
		return embedding.Response{}, errors.New("embedtest: the Fake was not made by NewFake: call it and use what it returns")
	}
	call := Call{Request: embedding.Request{Texts: slices.Clone(req.Texts), Task: req.Task}, At: time.Now()}
	f.mu.Lock()
	f.calls = append(f.calls, call)
	call.Number = len(f.calls)
	f.calls[call.Number-1].Number = call.Number
	f.inFlight++
	f.peak = max(f.peak, f.inFlight)
	f.mu.Unlock()
	res, err := f.serve(ctx, call)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	f.calls[call.Number-1].Err = err
	return res, err
}

func (f *Fake) serve(ctx context.Context, call Call) (embedding.Response, error) {
	if err := f.limits(call.Request); err != nil {
		return embedding.Response{}, err
	}
	var reply Reply
	if f.o.Script != nil {
		reply = f.o.Script(call)
	}
	if reply.Latency > 0 {
		timer := time.NewTimer(reply.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return embedding.Response{}, ctx.Err()
		}
	}
	switch {
	case ctx.Err() != nil:
		return embedding.Response{}, ctx.Err()
	case reply.Err != nil && reply.Billed:
		f.bill(&f.wasted, call.Request.Texts)
		return embedding.Response{}, reply.Err
	case reply.Err != nil:
		return embedding.Response{}, reply.Err
	}
	for _, text := range call.Request.Texts {
		if f.o.Poison != nil && f.o.Poison(text) {
			return embedding.Response{}, f.fail(embedding.Rejected, 400, "one of the texts is rejected")
		}
	}
	return f.answer(call, reply)
}

func (f *Fake) answer(call Call, reply Reply) (embedding.Response, error) {
	res := embedding.Response{Vectors: make([][]float32, len(call.Request.Texts)), ID: fmt.Sprintf("fake-%d", call.Number)}
	var failed []embedding.TextError
	var good []string
	for i, text := range call.Request.Texts {
		if reply.Each != nil {
			if err := reply.Each(text); err != nil {
				failed = append(failed, embedding.TextError{Index: i, Err: err})
				continue
			}
		}
		res.Vectors[i] = f.Vector(call.Request.Task, text)
		good = append(good, text)
	}
	if len(good) > 0 || len(call.Request.Texts) == 0 {
		res.Usage = f.bill(&f.accepted, good)
	}
	if reply.Edit != nil {
		reply.Edit(&res)
	}
	if failed != nil {
		return embedding.Response{}, &embedding.PartialError{Response: res, Failed: failed}
	}
	return res, nil
}

// bill adds texts to the ledger and returns what they cost.
func (f *Fake) bill(to *embedding.Usage, texts []string) embedding.Usage {
	u := embedding.Usage{Requests: 1}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range texts {
		u.Tokens += max(1, embedding.EstimateTokens(text))
		f.billed[text]++
	}
	*to = to.Add(u)
	return u
}

func (f *Fake) limits(req embedding.Request) error {
	l, tokens, bytes := f.o.Model.Limits, 0, 0
	for _, text := range req.Texts {
		n := embedding.EstimateTokens(text)
		if l.TextTokens > 0 && n > l.TextTokens {
			return f.fail(embedding.Rejected, 400, fmt.Sprintf("a text has %d tokens, want at most %d", n, l.TextTokens))
		}
		tokens += n
		bytes += len(text)
	}
	var why string
	switch {
	case l.Texts > 0 && len(req.Texts) > l.Texts:
		why = "too many texts"
	case l.Tokens > 0 && tokens > l.Tokens:
		why = "too many tokens"
	case l.Bytes > 0 && bytes > l.Bytes:
		why = "too many bytes"
	default:
		return nil
	}
	err := f.fail(embedding.TooLarge, 413, why)
	if !f.o.Silent {
		err.Allowed = l
	}
	return err
}

func (f *Fake) fail(kind embedding.Kind, status int, why string) *embedding.Error {
	err := f.o.Model.Errorf(kind, "%s", why)
	err.Status = status
	return err
}

// Vector returns the vector of a text.
func (f *Fake) Vector(task embedding.Task, text string) []float32 {
	m := f.o.Model
	if m.Symmetric {
		task = embedding.TaskDocument
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%d\x00%s", m.Space, m.Variant, task, text)
	state := h.Sum64()
	v := make([]float32, m.Dimensions)
	sum := 0.0
	for i := range v {
		// SplitMix64: the mixer is from vigna.di.unimi.it/ftp/papers/xorshift.pdf, and so are the
		// constants.
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		x := float64(z)/(1<<63) - 1
		v[i] = float32(x)
		sum += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// Ledger returns the usage of all answers that the Fake gave, even if no caller received them.
func (f *Fake) Ledger() embedding.Usage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.accepted
}

// Wasted returns the usage of requests that failed after the work was done.
func (f *Fake) Wasted() embedding.Usage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wasted
}

// Billed returns how often a text was billed.
func (f *Fake) Billed(text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.billed[text]
}

// Calls returns all calls so far in order, refused ones included.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Peak returns the highest number of calls that were in flight at once.
func (f *Fake) Peak() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peak
}
