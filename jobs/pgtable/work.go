package pgtable

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
)

// WorkOptions configures [Table.Work]. The zero value is fine.
type WorkOptions struct {
	Stack    middleware.StandardOptions // of all blocks together
	Parallel int                        // blocks of rows at once; 0: 8, or 2 if answers cost nothing
	// Lease is after how long another process takes the rows of one that gives no sign of life;
	// 0: 30 s. It is by the server's clock.
	Lease time.Duration
	// Wait is how often a process looks for a pause, and for rows when there is nothing to do, and how
	// long a row waits after its first failure; 0: 1 s.
	Wait time.Duration
	// Follow makes Work wait for changes until ctx ends, instead of returning when all is current.
	Follow bool
}

const (
	freeBlock  = 1000    // rows of a block if answers cost nothing
	paidBlock  = 64      // rows of a block if the provider's limits are unknown
	blockBytes = 8 << 20 // of text in a block; rows beyond are given back
	aheadRows  = 100_000 // rows that the walk through the table notes ahead
	stepRows   = 10_000  // rows that it notes at once
)

// Work embeds the rows that are noted, and walks once through the table to note all of them. It
// returns nil when every vector is current, or, with Follow, the error of ctx when that ends. Any
// number of processes may work. After ctx has ended it sends nothing more, and stores what is
// answered.
//
// A *[Paused] error says that the work is paused, by [Table.Pause] or because every row would meet
// the same: a refused key, used up money, a call that the provider refuses, a text expression that
// no longer fits the table. Other failures give the rows back, to be tried later; without Follow,
// three blocks in a row that fail whole end the work with their error. A row that fails three times
// by itself while others pass, or whose worker dies again and again, goes to the table of errors,
// as do texts that are Rejected.
func (t *Table) Work(ctx context.Context, e embedding.Embedder, o WorkOptions) (err error) {
	e = embedding.Chain(e)
	model := e.Model()
	if err := t.m.fits(t.name.String(), model); err != nil {
		return err
	}
	if p, err := t.paused(ctx); err != nil {
		return err
	} else if p != nil {
		return &Paused{t.name.String(), *p}
	}
	w := &work{t: t, o: o, name: processName(), claims: map[string][]string{}}
	w.free = jobs.Free(e)
	w.size = freeBlock
	if !w.free {
		w.size = min(cmp.Or(model.Limits.Min(o.Stack.Batch.Limits).Texts, paidBlock), freeBlock)
	}
	w.o.Parallel = cmp.Or(max(o.Parallel, 0), 8)
	if w.free && o.Parallel <= 0 {
		w.o.Parallel = 2
	}
	w.o.Lease, w.o.Wait = cmp.Or(max(o.Lease, 0), 30*time.Second), cmp.Or(max(o.Wait, 0), time.Second)
	stopped, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w.stopped, w.stop = stopped, stop
	w.chain = embedding.Chain(embedding.Chain(w.door(e)), middleware.Standard(o.Stack))
	if _, err := t.pool.Exec(ctx, "INSERT INTO "+t.name.with("_workers")+" (name) VALUES ($1)", w.name); err != nil {
		return problem("entering the table of workers", err)
	}
	var workers, helpers sync.WaitGroup
	ended := make(chan struct{})
	for range w.o.Parallel {
		workers.Go(w.work)
	}
	helpers.Go(w.fill)
	helpers.Go(w.watch)
	helpers.Go(func() { w.beat(ended) })
	workers.Wait()
	err = context.Cause(stopped)
	stop(nil)
	close(ended)
	helpers.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, bye := t.pool.Exec(last, "UPDATE "+t.name.with("_workers")+" SET ended = true, seen = now() WHERE name = $1", w.name)
	if err != nil && !errors.Is(err, ctx.Err()) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bye != nil {
		return problem("leaving the table of workers", bye)
	}
	return nil
}

// processName names this call of Work, for people and for claims.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d:%s", host, os.Getpid(), token())
}

func token() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// work is one call of Work.
type work struct {
	t    *Table
	o    WorkOptions
	name string
	free bool
	size int // rows of a block

	chain   embedding.Embedder
	stopped context.Context
	stop    context.CancelCauseFunc

	passed  atomic.Int64 // blocks of which something passed
	strikes atomic.Int64 // blocks that failed whole, in a row

	alone sync.RWMutex // held for writing by a block that may end the process

	mu     sync.Mutex
	claims map[string][]string // keys of the blocks under way, by their owner
}

// work does blocks until all is current or the work stops.
func (w *work) work() {
	for w.stopped.Err() == nil {
		some, err := w.next()
		switch {
		case err != nil:
			w.end(err)
		case !some:
			done, err := w.current()
			if err != nil {
				w.end(err)
				return
			}
			if done && !w.o.Follow {
				return
			}
			w.wait(w.o.Wait)
		}
	}
}

// end stops the work because of an error.
func (w *work) end(err error) {
	if w.stopped.Err() == nil {
		w.stop(err)
	}
}

// wait waits, but not beyond the end of the work.
func (w *work) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.stopped.Done():
	}
}

// endure calls f until it succeeds, for as long as the database may be away: a minute, or until ctx
// ends. What the server refuses for good is not tried again.
func endure(ctx context.Context, f func() error) error {
	begin := time.Now()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !passing(err) || time.Since(begin) > time.Minute {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// passing reports whether an error of the database may be gone a moment later.
func passing(err error) bool {
	code := state(err)
	if code == "" {
		return true // the connection
	}
	switch code[:2] {
	case "08", "40", "53", "57", "58", "XX":
		return true
	}
	return code == "55P03" || code == "25P03" // see brief
}

// brief begins a transaction that is in nobody's way for long. It holds locks for which the
// application's writes wait, so the server ends it if this process is frozen in the middle, and it
// does not wait for a lock itself.
var brief = pgx.TxOptions{
	BeginQuery: "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '3s'; SET LOCAL lock_timeout = '200ms'; SET LOCAL row_security = off",
}

// current reports whether every row has been looked at and none is noted.
func (w *work) current() (done bool, err error) {
	err = endure(w.stopped, func() error {
		return w.t.pool.QueryRow(w.stopped, fmt.Sprintf("SELECT filled AND swept AND NOT EXISTS (SELECT FROM %s) FROM %s",
			w.t.name.with("_queue"), w.t.name.with("_state"))).Scan(&done)
	})
	return done, problemIf("looking at the queue", err)
}

// watch stops the work when it is paused.
func (w *work) watch() {
	for w.stopped.Err() == nil {
		var p *Pause
		err := endure(w.stopped, func() (err error) {
			p, err = w.t.paused(w.stopped)
			return err
		})
		if err == nil && p != nil {
			err = &Paused{w.t.name.String(), *p}
		}
		if err != nil {
			w.end(err)
			return
		}
		w.wait(w.o.Wait)
	}
}

// pause pauses the work for everybody.
func (w *work) pause(kind string, why error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.stopped), time.Minute)
	defer cancel()
	err := endure(ctx, func() error { return w.t.Pause(ctx, kind, why.Error()) })
	if err == nil {
		err = &Paused{w.t.name.String(), Pause{kind, why.Error(), time.Now().UTC()}}
	}
	w.end(err)
}

// beat keeps the claims of this process, until its workers have ended. It takes rows that are
// locked by nobody: where the application changes a row just now, there is nothing to keep.
func (w *work) beat(ended <-chan struct{}) {
	ticks := time.NewTicker(w.o.Lease / 3)
	defer ticks.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
		}
		owners, keys := w.claimed()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.stopped), w.o.Lease/3)
		_, err := w.t.pool.Exec(ctx, "UPDATE "+w.t.name.with("_workers")+" SET seen = now() WHERE name = $1", w.name)
		if err == nil && len(keys) > 0 {
			// Without it rows are lost to others, which settling them notices.
			_, _ = w.t.pool.Exec(ctx, fmt.Sprintf(`UPDATE %[1]s SET due = now() + $1 WHERE pk IN (SELECT pk FROM %[1]s
				WHERE pk IN %[2]s AND owner = ANY ($3) FOR UPDATE SKIP LOCKED)`, w.t.name.with("_queue"), w.t.m.keys(2)),
				w.o.Lease, keys, owners)
		}
		cancel()
	}
}

func (w *work) claimed() (owners, keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for owner, of := range w.claims {
		owners, keys = append(owners, owner), append(keys, of...)
	}
	return owners, keys
}

// door stands next to the provider. Once the work stops it sends nothing more, and what is under
// way goes on until it is answered or its time is over: it is billed, so it is kept.
func (w *work) door(e embedding.Embedder) embedding.Embedder {
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		b, ok := ctx.Value(blockKey{}).(*block)
		if !ok || !b.enter() {
			return embedding.Response{}, context.Canceled
		}
		own, cancel := context.WithoutCancel(ctx), context.CancelFunc(func() {})
		if due, ok := ctx.Deadline(); ok {
			own, cancel = context.WithDeadline(own, due)
		}
		defer cancel()
		res, err := e.Embed(own, req)
		b.leave(embedding.Salvage(res, err).Usage, err != nil)
		return res, err
	})
}
