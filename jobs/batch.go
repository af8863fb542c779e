package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/outlast"
	"github.com/vecspace/embedding/internal/whole"
	"github.com/vecspace/embedding/providers/batchapi"
)

// Batch is a file of the folder batch: what was given to a vendor's batch API. It is written before
// the vendor hears of it, and again when the vendor has said its id, so that a process that finds
// it without one looks for the mark at the vendor. The files of batches that have ended are the
// account of what they cost.
type Batch struct {
	Mark   string    `json:"mark"`           // in the batch's metadata at the vendor
	ID     string    `json:"id,omitempty"`   // the vendor's
	State  string    `json:"state"`          // submitting, waiting, ended or void
	Said   string    `json:"said,omitempty"` // the vendor's word for its state
	Shards []int     `json:"shards"`         // whose texts it has
	Texts  int       `json:"texts"`
	Begun  time.Time `json:"begun"`
	Share  float64   `json:"share,omitempty"` // of the price
	// Of a batch that has ended: what the vendor counted, and the texts that have a vector now.
	Requests  int `json:"requests,omitempty"`
	Tokens    int `json:"tokens,omitempty"`
	Unmetered int `json:"unmetered,omitempty"`
	Answered  int `json:"answered,omitempty"`
}

// own makes an id of a text one that no other batch has, so that an answer to another batch, which
// a vendor has mixed up, is nobody's.
func (b *Batch) own(id string) string {
	return b.Mark[strings.LastIndexByte(b.Mark, '-')+1:] + ":" + id
}

func (b *Batch) file() string { return b.Mark + ".json" }

// States of a Batch.
const (
	batchSubmitting = "submitting" // the vendor may have it
	batchWaiting    = "waiting"    // the vendor has it
	batchEnded      = "ended"
	batchVoid       = "void" // the vendor never had it, or did not take it
)

const batchName = "batch"

const (
	pollEvery = 30 * time.Second
	pollMost  = 10 // times pollEvery

	askTime  = time.Minute // of a question to the vendor
	fileTime = time.Hour   // of sending or reading a file
)

func (j *Job) saveBatch(b *Batch) error {
	data, err := json.Marshal(b)
	if err == nil {
		err = os.MkdirAll(j.path(batchName), 0o777)
	}
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(j.path(batchName), b.file()), append(data, '\n'))
}

// batches returns all batches of the job, oldest first.
func (j *Job) batches() (all []*Batch, err error) {
	var damaged error
	err = names(j.path(batchName), func(name string) {
		if strings.HasPrefix(name, whole.Unfinished) {
			return
		}
		b, err := j.batch(name)
		damaged = errors.Join(damaged, err)
		all = append(all, b)
	})
	slices.SortFunc(all, func(a, b *Batch) int {
		if c := a.Begun.Compare(b.Begun); c != 0 {
			return c
		}
		return strings.Compare(a.Mark, b.Mark)
	})
	return all, errors.Join(err, damaged)
}

// batch reads a file of the folder batch.
func (j *Job) batch(name string) (*Batch, error) {
	name = filepath.Join(j.path(batchName), name)
	b := new(Batch)
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, b)
	}
	if err != nil {
		return b, fmt.Errorf("%s is damaged: %w", name, err)
	}
	return b, nil
}

// forgetBatches makes batches say nothing of a shard any more.
func (j *Job) forgetBatches(shard int) error {
	all, err := j.batches()
	for _, b := range all {
		if err == nil && slices.Contains(b.Shards, shard) {
			b.Shards = slices.DeleteFunc(b.Shards, func(n int) bool { return n == shard })
			err = j.saveBatch(b)
		}
	}
	return err
}

// batcher is a run's way to a vendor's batch API.
type batcher struct {
	*run
	api   batchapi.API
	terms batchapi.Terms
	every time.Duration // between two looks at a batch, at first
	turn  chan struct{} // holds a value while one worker gathers a group
}

// newBatcher returns an error if the batch API does not give what the run's chain gives.
func (r *run) newBatcher(o WorkOptions) (*batcher, error) {
	b := &batcher{run: r, api: o.Batches, terms: o.Batches.Terms(), every: o.Poll, turn: make(chan struct{}, 1)}
	if b.every <= 0 {
		b.every = pollEvery
	}
	is, want := b.terms.Model, r.chain.Model()
	switch {
	case !r.kept:
		return nil, errors.New("jobs: answers of this embedder cost nothing, so a batch API is of no use")
	case is.Space != "" && !is.Space.Same(want.Space) || is.Variant != want.Variant:
		return nil, fmt.Errorf("jobs: the batch API gives vectors of the space %q and the variant %q, and the job has %q and %q: open both with the same reference",
			is.Space, is.Variant, want.Space, want.Variant)
	case b.terms.Lines < 1 || b.terms.Bytes < 1:
		return nil, fmt.Errorf("jobs: the batch API takes %d texts and %d bytes", b.terms.Lines, b.terms.Bytes)
	case o.BatchTexts > 0:
		b.terms.Lines = min(b.terms.Lines, o.BatchTexts)
	}
	return b, nil
}

// mostBatchBytes bounds the text that a process holds for each batch.
const mostBatchBytes = 100e6

// lineBytes is about what a text takes in a batch's file, rather more than less.
func lineBytes(text string) int {
	n := len(text) + 512
	for _, c := range []byte(text) {
		if c < ' ' || c == '"' || c == '\\' {
			n += 5
		}
	}
	return n
}

// work does shards in groups until none is left or the run stops.
func (b *batcher) work(ctx context.Context) {
	for ctx.Err() == nil {
		g, err := b.gather(ctx)
		switch {
		case len(g.members) > 0 && err != nil:
			err = errors.Join(err, g.release(ctx, g.members))
		case len(g.members) > 0:
			err = g.do(ctx)
		case errors.Is(err, ErrEmpty) || ctx.Err() != nil:
			return
		case err == nil:
			continue
		default:
			err = b.unclaimed(ctx, err)
		}
		if err != nil {
			b.stop(err)
			return
		}
	}
}

// gatherTime is how long a group waits for another shard before it begins without.
const gatherTime = time.Second

// mostMembers bounds the shards of a group, each of which has a file open.
const mostMembers = 200

// gather claims shards until they fill a batch, or until there are no more. An error ends the run
// if there are members.
func (b *batcher) gather(ctx context.Context) (*group, error) {
	g := &group{batcher: b}
	select {
	case <-ctx.Done():
		return g, ctx.Err()
	case b.turn <- struct{}{}:
	}
	defer func() { <-b.turn }()
	texts, bytes := 0, 0
	most := min(b.terms.Bytes, mostBatchBytes)
	for len(g.members) == 0 || len(g.members) < mostMembers && texts+b.job.Manifest.Spec.ShardTexts <= b.terms.Lines && bytes+shardBytes <= most {
		within, cancel := ctx, context.CancelFunc(func() {})
		if len(g.members) > 0 {
			within, cancel = context.WithTimeout(ctx, gatherTime)
		}
		lease, s, records, err := b.next(within)
		cancel()
		if lease == nil {
			if len(g.members) > 0 {
				err = nil // it is met again if it is more than the end
			}
			return g, err
		}
		if err != nil || b.job.Done(s.number) {
			if err := b.settle(ctx, lease, s, err); err != nil {
				return g, err
			}
			continue
		}
		g.members = append(g.members, &member{lease: lease, shard: s, records: records, refused: map[string]error{}})
		texts += len(records)
		for _, r := range records {
			bytes += lineBytes(r.Text)
		}
	}
	return g, nil
}

// save writes a batch down.
func (b *batcher) save(of *Batch) error { return b.job.saveBatch(of) }

// submit gives lines to the vendor. The intent is on the disk before, and the id after.
func (b *batcher) submit(ctx context.Context, lines []batchapi.Line) (*Batch, error) {
	of := &Batch{Mark: b.job.Manifest.ID + "-" + random(), State: batchSubmitting, Texts: len(lines), Begun: time.Now().UTC(), Share: b.terms.Share}
	for i, l := range lines {
		if s, _ := place(l.ID); len(of.Shards) == 0 || of.Shards[len(of.Shards)-1] != s {
			of.Shards = append(of.Shards, s)
		}
		lines[i].ID = of.own(l.ID)
	}
	if err := b.save(of); err != nil {
		return nil, err
	}
	what := batchapi.Batch{Mark: of.Mark, Task: b.job.Manifest.task(), Lines: lines}
	for wait := b.every; ; wait = min(2*wait, pollMost*b.every) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		own, end := outlast.Context(ctx, b.door.stop) // what the vendor has accepted is billed
		own, cancel := context.WithTimeout(own, fileTime)
		id, err := b.api.Submit(own, what)
		cancel()
		end()
		if err == nil {
			return of, b.given(ctx, of, id)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if pauseKind(err) != "" {
			return nil, err // the intent stays, for the vendor may have it all the same
		}
		b.rest(ctx, max(wait, retryAfter(err)))
		found, why := b.find(ctx, of)
		if found || why != nil {
			return of, why
		}
		if wait == pollMost*b.every {
			return nil, inWords(ctx, err)
		}
	}
}

// given writes down the vendor's id of a batch. If another process has looked for the batch in vain
// meanwhile, because this one was frozen, the texts are in a batch of that one, and this is ended.
func (b *batcher) given(ctx context.Context, of *Batch, id string) error {
	switch now, err := b.job.batch(of.file()); {
	case err == nil && now.State == batchVoid, errors.Is(err, fs.ErrNotExist):
		b.end(ctx, id)
		return errLost
	case err != nil:
		return err // the intent is still there, and finds the batch by its mark
	}
	of.ID, of.State = id, batchWaiting
	return b.save(of)
}

// end ends a batch at the vendor. Whether it does is not waited for.
func (b *batcher) end(ctx context.Context, id string) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = b.api.Cancel(within, id)
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// find looks for a batch at the vendor and reports whether it is there. Of two with one mark, which
// only a frozen process can have made, the younger is canceled.
func (b *batcher) find(ctx context.Context, of *Batch) (bool, error) {
	ids, err := patient(ctx, b, askTime, func(ctx context.Context) ([]string, error) { return b.api.Find(ctx, of.Mark) })
	if err != nil || len(ids) == 0 {
		return false, err
	}
	for _, id := range ids[1:] {
		b.end(ctx, id)
	}
	of.ID, of.State = ids[0], batchWaiting
	return true, b.save(of)
}

// patient asks again while the vendor does not answer, or not in time.
func patient[T any](ctx context.Context, b *batcher, most time.Duration, ask func(context.Context) (T, error)) (T, error) {
	for wait := b.every; ; wait = min(2*wait, pollMost*b.every) {
		within, cancel := context.WithTimeout(ctx, most)
		v, err := ask(within)
		cancel()
		if err == nil || ctx.Err() != nil || !passes(err) || wait == pollMost*b.every {
			return v, inWords(ctx, err)
		}
		b.rest(ctx, max(wait, retryAfter(err)))
	}
}

// inWords returns err, or what it means if it is a context's.
func inWords(ctx context.Context, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("jobs: the vendor's batch API does not answer")
	}
	return err
}

// passes reports whether an error may be gone at the next attempt.
func passes(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || slices.Contains([]embedding.Kind{embedding.Unavailable, embedding.RateLimited, embedding.Malformed}, embedding.KindOf(err))
}

// gone reports whether the vendor says that there is no such thing any more.
func gone(err error) bool {
	e, ok := errors.AsType[*embedding.Error](err)
	return ok && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// await waits until a batch has ended. Its State is void if the vendor never had it, or did not
// take it.
func (b *batcher) await(ctx context.Context, of *Batch) error {
	if of.State == batchSubmitting {
		found, err := b.find(ctx, of)
		if err == nil && !found {
			b.rest(ctx, b.every) // it may not be in the list yet
			found, err = b.find(ctx, of)
		}
		if err != nil {
			return err
		}
		if !found {
			of.State = batchVoid
			return b.save(of)
		}
	}
	for wait := b.every; ; wait = min(wait*3/2, pollMost*b.every) {
		state, err := patient(ctx, b, askTime, func(ctx context.Context) (batchapi.State, error) { return b.api.Poll(ctx, of.ID) })
		switch {
		case ctx.Err() != nil:
			b.abandon(ctx, of)
			return context.Cause(ctx)
		case gone(err):
			of.Said = "gone"
			return nil
		case err != nil:
			return err
		case state.Err != nil:
			of.Said, of.State = state.Status, batchVoid
			if err := b.save(of); err != nil {
				return err
			}
			if embedding.KindOf(state.Err) != embedding.RateLimited {
				return state.Err
			}
			b.rest(ctx, pollMost*b.every) // too much is waiting at the vendor
			return nil
		case state.Ended:
			of.Said = state.Status
			return nil
		}
		if of.Said != state.Status {
			of.Said = state.Status
			if err := b.save(of); err != nil {
				return err
			}
		}
		b.rest(ctx, wait)
	}
}

// abandon ends a batch of a job that was canceled.
func (b *batcher) abandon(ctx context.Context, of *Batch) {
	if errors.Is(context.Cause(ctx), ErrCanceled) {
		b.end(ctx, of.ID)
	}
}

// CancelBatches ends the job's batches at the vendor and returns how many there were. Call it after
// Cancel: what is not done then is not waited for.
func (j *Job) CancelBatches(ctx context.Context, api batchapi.API) (n int, err error) {
	all, err := j.batches()
	for _, b := range all {
		if b.State != batchSubmitting && b.State != batchWaiting {
			continue
		}
		ids := []string{b.ID}
		if b.ID == "" {
			var unfound error
			ids, unfound = api.Find(ctx, b.Mark)
			err = errors.Join(err, unfound)
		}
		for _, id := range ids {
			if why := api.Cancel(ctx, id); why != nil {
				err = errors.Join(err, why)
			} else {
				n++
			}
		}
	}
	return n, err
}

var errBatched = errors.New("batches are under way, whose texts would be paid for twice")

func (j *Job) underWay() error {
	return fmt.Errorf("jobs: job %s: %w: work on it by batches too", j.Manifest.ID, errBatched)
}

// unbatched returns an error if a shard is in a batch: another process has begun that since this
// one looked.
func (j *Job) unbatched(shard int) error {
	if !exists(j.path(batchName)) || j.Done(shard) {
		return nil
	}
	all, err := j.batches()
	if err == nil && slices.ContainsFunc(all, func(b *Batch) bool { return b.State != batchVoid && slices.Contains(b.Shards, shard) }) {
		err = j.underWay()
	}
	return err
}

// Batched reports whether the job has batches whose answers are not all in its results.
func (j *Job) Batched() (bool, error) {
	all, err := j.batches()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return slices.ContainsFunc(all, func(b *Batch) bool {
		return b.State != batchVoid && slices.ContainsFunc(b.Shards, func(s int) bool { return !j.Done(s) })
	}), err
}
