package jobs

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/ballast"
	"github.com/vecspace/embedding/internal/lend"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/batchapi"
)

// WorkOptions are options of [Job.Work]. The zero value is right for most.
type WorkOptions struct {
	// Stack has the options of the layers around the provider. Its Limit is of this process: several
	// processes share an account by Limit.Shared, or by a part each.
	Stack middleware.StandardOptions
	// Workers is how many shards are under way at once; 0 means 2, so that one is written while the
	// next is embedded.
	Workers int
	// Queue hands out shards. nil means a [Local] in the job's folder.
	Queue Queue
	// Batches is the vendor's batch API for e's model: texts are then asked for by batches, and only
	// what these leave over by e. nil means that all are asked for by e. Workers is then how many
	// batches this process has under way at once. A job whose batches are under way is worked on with
	// Batches in all processes.
	Batches batchapi.API
	// BatchTexts is how many texts a batch has at most, where the vendor bounds what an account has
	// under way; 0 means as many as a batch of the vendor takes.
	BatchTexts int
	// Poll is the time between two looks at a batch, which rises to ten times that; 0 means 30 s.
	Poll time.Duration
	// Check is after how many shards of this process the model is checked for drift; 0 means 20, and
	// a negative number never. A model that costs nothing, and a job of fewer shards, are not checked.
	Check int
}

const (
	checkEvery = 20
	strikesOut = 3           // failures of shards in a row that pause a job, or give a shard up
	tierTime   = time.Minute // of a call of the write-ahead tier, which is a file
	watchEvery = time.Second

	// A job's heap is small, and its vectors are garbage once they are written. Without a ballast, a
	// job with a model in the process spends a fifth of its time on collections and on new pages.
	ballastSize = 32 << 20
)

// Work does shards until the job is done, and then writes _SUCCESS.json, unless a shard has failed;
// [Job.Status] tells. Any number of processes may work on one job. e is a provider as it was
// opened, without other layers, in the space of the job.
//
// If ctx ends, Work sends nothing more, keeps the answers to what is under way and returns ctx's
// error. A key that is refused, a quota or a budget that is used up, a model that has changed, a
// disk that is full and shards that fail one after the other pause the job: the error is a
// [*Paused], here and in the other processes.
func (j *Job) Work(ctx context.Context, e embedding.Embedder, o WorkOptions) (err error) {
	e = embedding.Chain(e)
	defer runtime.KeepAlive(ballast.New(ballastSize))
	if err := j.ready(ctx, e); err != nil {
		return err
	}
	stopped, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{job: j, stop: stop, door: &door{stop: stopped}, reading: make(chan struct{}, 1), in: reader{ctx: stopped, m: j.Manifest, formats: j.formats}, failures: map[int]failure{}}
	defer r.in.close()
	j.door.Store(r.door)
	r.provider = r.door.wrap(e)
	r.chain = embedding.Chain(r.provider, middleware.Standard(o.Stack))
	r.kept = !Free(e)
	work := r.work
	if o.Batches != nil {
		b, err := r.newBatcher(o)
		if err != nil {
			return err
		}
		work = b.work
	} else if batched, err := j.Batched(); err != nil || batched {
		return cmp.Or(err, j.underWay())
	}
	if r.check = cmp.Or(o.Check, checkEvery); !r.kept || j.Manifest.Plan.Shards <= r.check {
		r.check = -1
	}
	if r.queue = o.Queue; r.queue == nil {
		q, err := NewLocal(j.dir, LocalOptions{Done: j.Done})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, q.Close()) }()
		r.queue = q
	}
	missing, err := j.missing()
	if err == nil {
		err = r.queue.Put(stopped, missing)
	}
	for range missing { // there is work to do, so the model has to be the right one
		if err == nil && r.check > 0 {
			err = r.drift(stopped)
		}
		break
	}
	if err != nil {
		return r.outcome(ctx, err)
	}
	var workers, watcher sync.WaitGroup
	for range cmp.Or(max(o.Workers, 0), 2) {
		workers.Go(func() { work(stopped) })
	}
	watcher.Go(func() { r.watch(stopped) })
	workers.Wait()
	err = context.Cause(stopped)
	stop(nil)
	watcher.Wait()
	return r.outcome(ctx, err)
}

// ready returns an error if nobody may work on the job, or not with e.
func (j *Job) ready(ctx context.Context, e embedding.Embedder) error {
	if err := j.stopped(); err != nil {
		return err
	}
	if err := j.Manifest.fits(e); err != nil {
		return err
	}
	if err := j.Manifest.unchanged(ctx, j.formats); err != nil {
		return err
	}
	return j.supported(ctx)
}

// run is one call of Work.
type run struct {
	job      *Job
	queue    Queue
	door     *door
	provider embedding.Embedder // behind the door
	chain    embedding.Embedder // with the standard layers
	kept     bool               // answers cost something, so each is kept when it comes
	check    int
	stop     context.CancelCauseFunc

	reading chan struct{} // holds a value while one worker claims and reads, so in a file's order
	in      reader

	mu       sync.Mutex
	finished int             // shards that this process has done
	strikes  int             // failures in a row, which may be the provider's
	failures map[int]failure // of shards that are not done

	checking sync.Mutex
	alone    sync.RWMutex // held by an attempt that wants to know what ends the process
}

// outcome returns the error of Work. why is what stopped it, nil if the queue is empty.
func (r *run) outcome(ctx context.Context, why error) error {
	if err := r.job.stopped(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if why != nil {
		return why
	}
	return r.job.finish()
}

// watch stops the run when another process pauses or cancels the job.
func (r *run) watch(ctx context.Context) {
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if err := r.job.stopped(); err != nil {
				r.stop(err)
			}
		}
	}
}

// work does shards until none is left or the run stops.
func (r *run) work(ctx context.Context) {
	for ctx.Err() == nil {
		lease, s, records, err := r.next(ctx)
		switch {
		case errors.Is(err, ErrEmpty) || lease == nil && ctx.Err() != nil:
			return
		case lease == nil:
			err = r.unclaimed(ctx, err)
		default:
			if err == nil {
				err = r.job.unbatched(s.number)
			}
			if err == nil {
				err = r.shard(ctx, lease, s, records, nil)
			}
			err = r.settle(ctx, lease, s, err)
		}
		if err != nil {
			r.stop(err)
			return
		}
	}
}

// unclaimed waits after an error of the queue. Its error ends the run.
func (r *run) unclaimed(ctx context.Context, err error) error {
	strikes, _ := r.strike(noShard)
	if strikes >= strikesOut {
		return r.pause(failureKind(err), err)
	}
	r.rest(ctx, backOff(strikes))
	return nil
}

// noShard is what fails if no shard can be claimed.
const noShard = -1

// failureKind returns the kind of a pause for what fails again and again.
func failureKind(err error) string {
	if _, file := errors.AsType[*fs.PathError](err); file {
		return "disk"
	}
	if _, file := errors.AsType[*os.LinkError](err); file {
		return "disk"
	}
	return "failures"
}

// backOff returns how long to wait after failures in a row.
func backOff(strikes int) time.Duration { return time.Duration(1<<strikes) * time.Second }

func (r *run) rest(ctx context.Context, d time.Duration) {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-wait.C:
	}
}

// next claims a shard and reads it.
func (r *run) next(ctx context.Context) (Lease, shard, []rows.Row, error) {
	select {
	case <-ctx.Done():
		return nil, shard{}, nil, ctx.Err()
	case r.reading <- struct{}{}:
	}
	defer func() { <-r.reading }()
	lease, err := r.queue.Claim(ctx)
	if err != nil {
		return nil, shard{}, nil, err
	}
	s, err := r.job.index.shard(lease.Shard())
	if err != nil || r.job.Done(s.number) {
		return lease, s, nil, err
	}
	records, err := r.in.read(s)
	return lease, s, records, err
}

var errLost = errors.New("another process has taken the shard")

// shard embeds the records of a shard and commits their results. Texts that are refused already are
// not asked for.
func (r *run) shard(ctx context.Context, lease Lease, s shard, records []rows.Row, refused map[string]error) error {
	if r.job.Done(s.number) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unwatch := make(chan struct{})
	defer close(unwatch)
	go func() {
		select {
		case <-lease.Lost():
			cancel(errLost)
		case <-unwatch:
		}
	}()
	for {
		a := &attempt{run: r, shard: s, records: records, number: lease.Attempt(), cancel: cancel, refused: refused}
		err := a.do(ctx)
		if cause := context.Cause(ctx); err != nil && cause != nil {
			return cause // what the layers say of it is not why
		}
		after, open := opened(err)
		if !open || a.tally.refused() {
			return err
		}
		r.rest(ctx, max(after, time.Second)) // another shard has opened the circuit
	}
}

// opened reports whether an open circuit is the reason of an error, and how long it stays open.
func opened(err error) (time.Duration, bool) {
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok || e.Code != middleware.CodeOpen || e.Status != 0 {
		return 0, false
	}
	return e.RetryAfter, true
}

// settle ends a lease as the work on it ended. An error ends the run.
func (r *run) settle(ctx context.Context, lease Lease, s shard, err error) error {
	last := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		first := r.succeed(s.number)
		if err := lease.Done(last); err != nil {
			return r.pause(failureKind(err), err)
		}
		if first && r.check > 0 {
			return r.drift(ctx)
		}
		return nil
	case ctx.Err() != nil:
		return lease.Release(last)
	case r.job.Done(s.number): // another was faster, and has removed what this one wrote
		return lease.Done(last)
	case errors.Is(err, errLost):
		return lease.Release(last)
	case errors.Is(err, errBatched):
		return errors.Join(err, lease.Release(last))
	case errors.Is(err, errChanged):
		if err := r.job.fail(s, err); err != nil {
			return err
		}
		return lease.Done(last)
	}
	if kind := pauseKind(err); kind != "" {
		return errors.Join(r.pause(kind, err), lease.Release(last))
	}
	strikes, alone := r.strike(s.number)
	switch {
	case alone:
		if err := r.job.fail(s, err); err != nil {
			return err
		}
		return lease.Done(last)
	case strikes >= strikesOut:
		return errors.Join(r.pause(failureKind(err), err), lease.Release(last))
	}
	if err := lease.Release(last); err != nil {
		return r.pause(failureKind(err), err)
	}
	r.rest(ctx, backOff(strikes))
	return nil
}

// pauseKind returns why an error pauses a job at once, or "".
func pauseKind(err error) string {
	switch embedding.KindOf(err) {
	case embedding.Auth:
		return "auth"
	case embedding.Exhausted:
		return "money"
	case embedding.Invalid:
		return "invalid"
	}
	return ""
}

// pause pauses the job and returns its error.
func (r *run) pause(kind string, why error) error {
	p := Pause{Kind: kind, Reason: why.Error()}
	if err := r.job.Pause(p); err != nil {
		return errors.Join(&Paused{r.job.Manifest.ID, p}, err) // a full disk, for one
	}
	return r.job.stopped()
}

// succeed counts a shard and reports whether the model has to be checked now.
func (r *run) succeed(shard int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strikes = 0
	delete(r.failures, shard)
	r.finished++
	return r.check > 0 && r.finished%r.check == 0
}

// failure is what is known of a shard that fails.
type failure struct {
	times    int
	finished int // shards that were done when it first failed
}

// strike counts a failure. It returns the failures in a row, and whether the shard alone is to
// blame: it has failed strikesOut times, and others pass. If none passed meanwhile, that many
// failures in a row are all of this shard, for another's would have paused the job before.
func (r *run) strike(shard int) (strikes int, alone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, failed := r.failures[shard]
	if !failed {
		f.finished = r.finished
	}
	f.times++
	r.failures[shard] = f
	if r.finished == f.finished { // while others pass, it says nothing about the provider
		r.strikes++
	}
	return r.strikes, f.times >= strikesOut && r.finished > 0
}

// attempt is one claim's work on a shard.
type attempt struct {
	run     *run
	shard   shard
	records []rows.Row
	number  int
	cancel  context.CancelCauseFunc
	refused map[string]error
	chain   embedding.Embedder
	tally   tally
	out     *partWriter
}

func (a *attempt) do(ctx context.Context) (err error) {
	j := a.run.job
	a.chain = refusing(a.run.chain, a.refused)
	var w *wal
	if a.run.kept {
		if w, err = openWAL(j.path(walName), a.shard.number, func(err error) { a.cancel(err) }); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.close()) }()
		c, err := walCache(w)
		if err != nil {
			return err
		}
		defer c.Close()
		a.chain, a.tally.wal = embedding.Chain(a.chain, c.Wrap), w
		a.tally.usage = w.before
	}
	if task := j.Manifest.task(); task != embedding.TaskDocument {
		chain := a.chain
		a.chain = embedding.Wrap(chain, chain.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			req.Task = task
			return chain.Embed(ctx, req)
		})
	}
	if a.out, err = newPart(j.path(tmpName), j.Manifest, j.formats, a.shard); err != nil {
		return err
	}
	if err := a.embed(a.tally.in(ctx)); err != nil {
		return errors.Join(err, a.out.abort())
	}
	if err := context.Cause(ctx); err != nil {
		return errors.Join(err, a.out.abort())
	}
	u := a.tally.sum()
	p := &a.out.part
	p.Attempts, p.Requests, p.Tokens, p.Unmetered = a.number, u.Requests, u.Tokens, u.Unmetered
	if _, err := a.out.commit(j.path(dataName)); err != nil {
		return errors.Join(err, a.out.abort())
	}
	return errors.Join(sweep(j.path(tmpName), a.shard.number), sweep(j.path(walName), a.shard.number))
}

// walCache returns a cache before a tier, which is its memory.
func walCache(w *wal) (*cache.Cache, error) {
	return cache.New(cache.Options{Store: w, StoreTimeout: tierTime, MaxBytes: 64 << 10})
}

// embed writes the results of all records.
func (a *attempt) embed(ctx context.Context) error {
	if a.number < carefulFrom {
		a.run.alone.RLock()
		defer a.run.alone.RUnlock()
		return a.piece(ctx, 0, len(a.records))
	}
	a.run.alone.Lock()
	defer a.run.alone.Unlock()
	c, err := newCareful(a.run.job.path(walName), a.shard.number)
	if err != nil {
		return err
	}
	for p, err := range c.pieces(len(a.records)) {
		if err == nil {
			err = a.piece(ctx, p[0], p[1])
		}
		if err != nil {
			return err
		}
	}
	for _, k := range c.state.Killers {
		a.reject(k, errKiller)
	}
	return nil
}

var errKiller = errors.New("the process ended each time that this text was embedded")

func (a *attempt) piece(ctx context.Context, from, to int) error {
	good := func(yield func(int) bool) {
		for i := from; i < to; i++ {
			if a.records[i].Err != nil {
				a.reject(i, a.records[i].Err)
			} else if !yield(i) {
				return
			}
		}
	}
	for got, err := range embedding.Stream(lend.Vectors(ctx), a.chain, good, func(i int) string { return a.records[i].Text }) {
		if err != nil {
			return err
		}
		if got.Err != nil {
			a.reject(got.Item, got.Err)
			continue
		}
		if err := a.out.vector(a.index(got.Item), a.records[got.Item].ID, got.Vector); err != nil {
			return err
		}
		a.run.job.texts.Add(1)
	}
	return ctx.Err()
}

func (a *attempt) index(i int) int { return a.shard.first + i }

func (a *attempt) reject(i int, err error) {
	r := a.records[i]
	a.out.reject(Rejection{Index: a.index(i), ID: r.ID, Input: filepath.Base(a.run.job.Manifest.Spec.Inputs[a.shard.input].Path), Line: r.Line}, err)
	a.run.job.texts.Add(1)
}
