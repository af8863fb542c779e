package middleware

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

// How Batch finds a text that makes requests fail, although no error says so.
const (
	mostTries = 4                // failures as Unavailable after which Batch asks what others do
	longest   = 10 * time.Second // or the time after which it does
	unproved  = 6                // requests taken from Retry without a success, and as many are split
	restart   = time.Second      // for a server that a text may have stopped
	mostAsked = 20               // requests for one text, however noisy the provider is
	byChance  = 1e-9             // chance that noise alone made a text fail as often as it did
)

// evidence is what the answers to a job say about the provider.
type evidence struct {
	passed  int          // answers with vectors
	noise   int          // failures of requests that passed later
	given   int          // requests taken from Retry since the last success
	halved  int          // and split
	broken  int          // Malformed answers since the last success
	waiting []chunk      // failed, until a success says that the provider serves
	row     map[int]bool // texts of the odd failures since the last success
	apart   int          // odd failures in row that share no text
	down    bool         // Retry gave up, and nothing has passed since
	doubt   error        // what stops the job unless an answer under way is a success
	rest    time.Time    // until then no piece is sent
	probe   bool         // a piece that may take the provider down is in flight
}

// suspicion is what Batch knows of a request that fails.
type suspicion struct {
	piece    bool           // of a request that failed
	patient  bool           // goes through Retry as any request does
	handed   bool           // Retry gave it back, to be judged
	kind     embedding.Kind // of the latest failure
	cause    error          // the first error of the request that this is a piece of; nil means none
	err      error          // the latest error
	failures int            // of requests for exactly these texts
	against  int            // failures after another request had passed
	began    int            // evidence.passed when it first failed
	since    int            // evidence.passed when the request that this is a piece of first failed
	origin   *origin        // the first of these requests; nil before the split
	pair     *pair          // the request that this is a half of; nil before the split
	depth    int            // how many requests it is a piece of
	first    int            // evidence.passed when the first of these requests failed
}

// probes reports whether the texts may take the provider down. Such requests are sent one at a
// time, because each would fail for the other's texts.
func (s *suspicion) probes() bool {
	return s.piece && !s.patient && s.kind == embedding.Unavailable
}

// origin is what the pieces of one request know of each other.
type origin struct {
	found bool // a text was found that explains why the whole failed
	sound bool // a piece has passed
}

// pair is what the halves of a request know of each other.
type pair struct {
	failures int  // of the whole
	passed   bool // one half has
}

// vouched reports whether others can speak against a text that stands alone. Where an error is not
// understood, it takes a text of the same request that passed: the account may have changed since
// another request did.
func (s *suspicion) vouched() bool {
	return s.kind == embedding.Unavailable || s.kind == embedding.Malformed || s.origin == nil || s.origin.sound
}

// sent is the context of a request of Batch. It tells the layers inside which request it is: Retry
// asks when to give it back, and Breaker does not blame the provider for a piece.
type sent struct {
	context.Context
	*job
	chunk chunk // of the worker's request; job.mu guards it
}

type sentKey struct{}

// Value returns s for its own key.
func (s *sent) Value(key any) any {
	if key == (sentKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// sentFrom returns the request of a Batch that ctx belongs to, or nil.
func sentFrom(ctx context.Context) *sent {
	s, _ := ctx.Value(sentKey{}).(*sent)
	return s
}

// giveBack records a failed attempt and reports whether Retry gives the request back. took is the
// time since its first failure.
func (s *sent) giveBack(err error, took time.Duration) bool {
	if s == nil || !holds(err, embedding.Unavailable) {
		return false
	}
	j := s.job
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &s.chunk
	j.count(c)
	switch {
	case c.piece && !c.patient:
		c.handed = true // Batch itself asks once more
	case c.failures < mostTries && took < longest:
	case j.proved(c):
		c.handed = true
	case !c.patient && (len(c.idx) != 1 || j.others()) && j.given < unproved:
		j.given++
		c.handed = true
	}
	return c.handed
}

// quiet reports whether a failure says nothing about the provider, because it is expected.
func (s *sent) quiet() bool {
	if s == nil {
		return false
	}
	s.job.mu.Lock()
	defer s.job.mu.Unlock()
	return s.chunk.piece && !s.chunk.patient
}

// passes reports whether a request may pass an open circuit: a few pieces may, of a job that the
// provider has served.
func (s *sent) passes() bool {
	if !s.quiet() {
		return false
	}
	s.job.mu.Lock()
	defer s.job.mu.Unlock()
	return s.job.passed > 0
}

// others reports whether other requests may still tell whether the provider serves.
func (j *job) others() bool {
	return j.cursor < len(j.all) || len(j.pieces) > 0 || j.inFlight > 1
}

func holds(err error, kind embedding.Kind) bool {
	for e := range causes(err) {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// count counts a failure of c.
func (e *evidence) count(c *chunk) {
	if c.failures == 0 {
		c.began = e.passed
		if !c.piece {
			c.since, c.first = e.passed, e.passed
		}
	}
	if e.proved(c) {
		c.against++
	}
	c.failures++
}

// proved reports whether another request has passed since c, or the request that it is a piece of,
// began to fail.
func (e *evidence) proved(c *chunk) bool { return (c.piece || c.failures > 0) && e.passed > c.since }

// pass records an answer with vectors. What waits for it is judged.
func (j *job) pass(c chunk) {
	j.passed++
	j.noise += c.failures
	if c.origin != nil {
		c.origin.sound = true
		if c.pair.passed { // both have, so the whole failed by chance
			j.noise += c.pair.failures
		}
		c.pair.passed = true
	}
	j.given, j.halved, j.broken, j.apart = 0, 0, 0, 0
	j.row, j.doubt, j.down = nil, nil, false
	waiting := j.waiting
	j.waiting = nil
	for _, c := range waiting {
		j.judge(c)
	}
}

// odd reports whether an error may be one text's fault, although it is not understood. A key that
// is wrong is answered 401; what refuses a text may say 403.
func odd(kind embedding.Kind, err error) bool {
	for e := range causes(err) {
		return kind == embedding.Invalid || kind == embedding.Unknown || kind == embedding.Auth && e.Status == 403
	}
	return false
}

// suspect reports whether a text of c may be to blame for err, and records the failure.
func (j *job) suspect(c *chunk, kind embedding.Kind, err error) bool {
	switch {
	case kind == embedding.Unavailable:
		if !c.handed && (c.failures == 0 || !j.proved(c)) {
			j.down = c.failures > 0
			return false // there is no Retry, or it gave up
		}
		rest := restart
		for e := range causes(err) {
			rest = max(rest, e.RetryAfter)
		}
		j.rest = time.Now().Add(rest)
	case kind == embedding.Malformed:
		j.count(c)
		j.broken++
	case odd(kind, err):
		j.count(c)
		j.note(c, err)
	default:
		return false
	}
	c.kind, c.err = kind, err
	if c.cause == nil {
		c.cause = err
	}
	return true
}

// note records an odd failure. Three in a row that share no text end the job, or two before the
// first success, unless an answer that is under way is a success. A piece is expected to fail.
func (j *job) note(c *chunk, err error) {
	apart := true
	for _, i := range c.idx {
		apart = apart && !j.row[i]
	}
	if j.row == nil {
		j.row = map[int]bool{}
	}
	for _, i := range c.idx {
		j.row[i] = true
	}
	if apart && (j.passed == 0 || !c.piece) {
		j.apart++
	}
	if j.apart >= 3 || j.apart == 2 && j.passed == 0 {
		j.doubt = cmp.Or(c.cause, err)
	}
}

// judge decides what happens to a request that failed: it is sent once more, split, or waits until
// others have passed. A text that stands alone is Rejected.
func (j *job) judge(c chunk) {
	tries, sure := j.tries(&c)
	again := c.failures < tries
	if len(c.idx) == 1 {
		if !j.proved(&c) {
			again = c.failures < 2 // the rest when others pass: what failed may have been the provider
		} else {
			again = again || c.against < least(c.kind, 3, 1)
		}
	}
	switch c.kind {
	case embedding.Unavailable:
	case embedding.Malformed:
		again = again && j.broken <= mostTries
	default:
		again = again && j.passed > 0
	}
	switch {
	case again:
		c.piece, c.handed = true, false
		at := len(j.pieces)
		if c.pair != nil && at > 0 && j.pieces[at-1].pair == c.pair {
			at-- // the other half in turn: if it passes, it speaks against this one
		}
		j.pieces = slices.Insert(j.pieces, at, c)
	case j.proved(&c) && (len(c.idx) > 1 || sure && c.vouched()):
		j.split(c)
	default:
		j.waiting = append(j.waiting, c)
	}
}

// tries returns how often exactly the texts of c are asked for. A single text is asked for until
// noise no longer explains its failures (sure), or as often as any text may be.
func (j *job) tries(c *chunk) (n int, sure bool) {
	switch {
	case len(c.idx) > 1 && c.handed && !c.piece:
		return 0, true // Retry has asked
	case len(c.idx) > 1:
		return 2, true
	}
	prior, most := least(c.kind, 1, 0), max(2, min(mostAsked, 23-3*c.depth)) // in all at most 24 requests
	if j.noise > 0 {
		prior, most = 3, mostAsked
	}
	// Another text explains why the whole failed, or may explain it.
	if c.origin != nil && (c.origin.found || !c.pair.passed) {
		prior, most = prior+j.passed, mostAsked
	}
	// A few requests do not say how noisy the provider is, so each failure makes noise likelier
	// (Laplace's rule of succession).
	failed, asked, chance := j.noise+prior, j.passed+j.noise+1+prior, 1.0
	for ; chance > byChance && n < most; n++ {
		chance *= float64(failed+n) / float64(asked+n)
	}
	return max(2, n), chance <= byChance
}

// least returns a if a request fails as Unavailable, which may be the provider's, and otherwise b.
func least(kind embedding.Kind, a, b int) int {
	if kind == embedding.Unavailable {
		return a
	}
	return b
}

// split halves a request whose texts are to blame.
func (j *job) split(c chunk) {
	if len(c.idx) == 1 {
		j.out.Add(c.idx, embedding.Response{}, rejected(c.err))
		if c.origin != nil {
			c.origin.found = true
		}
		return
	}
	if c.origin == nil {
		c.origin = new(origin)
	}
	piece := suspicion{piece: true, kind: c.kind, cause: c.cause, since: c.began, first: c.first, origin: c.origin, pair: &pair{failures: c.failures}, depth: c.depth + 1}
	half := (len(c.idx) + 1) / 2
	j.pieces = append(j.pieces, chunk{idx: c.idx[half:], suspicion: piece}, chunk{idx: c.idx[:half], suspicion: piece})
}

// mayAsk reports whether a text that waits may be asked for again although nothing has passed.
func (j *job) mayAsk(c *chunk) bool {
	tries, _ := j.tries(c)
	return len(c.idx) == 1 && c.kind == embedding.Unavailable && !c.patient && c.piece &&
		(c.failures < tries || !j.proved(c) && c.failures < mostAsked)
}

// decide is called when nothing is left to send but what waits for a success. A few requests are
// split without one, because halves can tell. Otherwise Unavailable is Retry's to wait for.
func (j *job) decide() {
	for len(j.waiting) > 0 && len(j.pieces) == 0 {
		// What can be split comes first, and a single text that has been asked for often comes last.
		at := 0
		for k, c := range j.waiting {
			if len(c.idx) > len(j.waiting[at].idx) || len(c.idx) == 1 && c.failures < j.waiting[at].failures {
				at = k
			}
		}
		c := j.waiting[at]
		j.waiting = slices.Delete(j.waiting, at, at+1)
		switch {
		case j.down && c.kind == embedding.Unavailable:
			j.out.Add(c.idx, embedding.Response{}, c.cause)
		case j.mayAsk(&c):
			c.handed = false
			j.pieces = append(j.pieces, c)
		case len(c.idx) == 1 && j.passed > c.first && c.vouched():
			j.split(c)
		case len(c.idx) > 1 && j.halved < unproved:
			j.halved++
			j.row, j.apart = nil, 0
			j.split(c)
		case c.kind == embedding.Unavailable && !c.patient:
			c.patient, c.handed, c.failures = true, false, 0
			j.pieces = append(j.pieces, c)
		default:
			j.out.Add(c.idx, embedding.Response{}, c.cause)
		}
	}
}
