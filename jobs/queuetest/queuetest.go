// Package queuetest tests implementations of jobs.Queue. Use it for your own Queue:
//
//	func TestQueue(t *testing.T) {
//		queuetest.Test(t, func(t *testing.T) queuetest.Place { return acme.NewPlace(t.TempDir()) })
//	}
package queuetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
)

// Place is where Queues meet: a folder or a server.
type Place struct {
	// Join returns a Queue of another process.
	Join func() (jobs.Queue, error)
	// Kill makes the process of a Queue end as a kill does: nothing is given back.
	Kill func(jobs.Queue)
	// Freeze makes the process of a Queue stand still, and thaw lets it go on.
	Freeze, Thaw func(jobs.Queue)
	// Patience is how long the claims of a killed or frozen process may hold.
	Patience time.Duration
}

// Test runs each law of a [jobs.Queue] as a subtest, at an empty Place from open.
func Test(t *testing.T, open func(*testing.T) Place) {
	for name, law := range laws() {
		t.Run(name, func(t *testing.T) { law(&at{t, open(t)}) })
	}
}

// TestVirtual is Test in bubbles of testing/synctest, for a Queue without a server: it neither
// takes long nor depends on the speed of the machine.
func TestVirtual(t *testing.T, open func(*testing.T) Place) {
	for name, law := range laws() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { law(&at{t, open(t)}) })
		})
	}
}

func laws() map[string]func(*at) {
	return map[string]func(*at){
		"each shard once":               once,
		"put again":                     again,
		"empty":                         empty,
		"what is claimed is not free":   held,
		"what is released is free":      released,
		"what is done is gone":          done,
		"the end of a context":          ended,
		"close gives back":              closed,
		"a killed process":              killed,
		"a frozen process":              frozen,
		"a process that comes back":     thawed,
		"many processes":                many,
		"a queue that learns of shards": late,
	}
}

// tb is the part of testing.TB that laws need.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// at is a Place in a test.
type at struct {
	t tb
	Place
}

func shards(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for s := range n {
			if !yield(s) {
				return
			}
		}
	}
}

// join returns a Queue that has n shards.
func (a *at) join(n int) jobs.Queue {
	a.t.Helper()
	q, err := a.Join()
	expect.NoError(a.t, err)
	a.t.Cleanup(func() { _ = q.Close() })
	expect.NoError(a.t, q.Put(a.t.Context(), shards(n)))
	return q
}

// claim takes a shard.
func (a *at) claim(q jobs.Queue) jobs.Lease {
	a.t.Helper()
	l, err := a.wait(q)
	expect.NoError(a.t, err)
	return l
}

// wait is Claim for as long as a claim may take.
func (a *at) wait(q jobs.Queue) (jobs.Lease, error) {
	ctx, cancel := context.WithTimeout(a.t.Context(), 5*a.Patience)
	defer cancel()
	return q.Claim(ctx)
}

// none fails if there is a shard to claim now.
func (a *at) none(q jobs.Queue) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), a.Patience/4)
	defer cancel()
	if l, err := q.Claim(ctx); !errors.Is(err, context.DeadlineExceeded) {
		a.t.Fatalf("got the claim %v and the error %v, want to wait", l, err)
	}
}

// over waits for a Queue that has nothing left.
func (a *at) over(q jobs.Queue) {
	a.t.Helper()
	if l, err := a.wait(q); !errors.Is(err, jobs.ErrEmpty) {
		a.t.Fatalf("got the claim %v and the error %v, want jobs.ErrEmpty", l, err)
	}
}

func isLost(l jobs.Lease) bool {
	select {
	case <-l.Lost():
		return true
	default:
		return false
	}
}

func once(a *at) {
	q := a.join(3)
	var got []int
	for range 3 {
		l := a.claim(q)
		expect.Equal(a.t, "attempt", l.Attempt(), 1)
		expect.Equal(a.t, "lost", isLost(l), false)
		got = append(got, l.Shard())
		expect.NoError(a.t, l.Done(a.t.Context()))
	}
	slices.Sort(got)
	expect.Equal(a.t, "shards", got, []int{0, 1, 2})
	a.over(q)
}

func again(a *at) {
	q := a.join(2)
	l := a.claim(q)
	expect.NoError(a.t, q.Put(a.t.Context(), shards(2)))
	expect.NoError(a.t, a.claim(q).Done(a.t.Context()))
	a.none(q)
	expect.NoError(a.t, l.Done(a.t.Context()))
	a.over(q)
}

func empty(a *at) { a.over(a.join(0)) }

func held(a *at) {
	one, two := a.join(1), a.join(1)
	l := a.claim(one)
	a.none(one)
	a.none(two)
	time.Sleep(2 * a.Patience) // a lease is kept alive
	a.none(two)
	expect.Equal(a.t, "lost", isLost(l), false)
	expect.NoError(a.t, l.Done(a.t.Context()))
}

func released(a *at) {
	one, two := a.join(1), a.join(1)
	l := a.claim(one)
	expect.NoError(a.t, l.Release(a.t.Context()))
	next := a.claim(two)
	if next.Shard() != l.Shard() || next.Attempt() <= l.Attempt() {
		a.t.Errorf("got shard %d, attempt %d, want shard %d again and a higher attempt than %d", next.Shard(), next.Attempt(), l.Shard(), l.Attempt())
	}
	a.none(one)
	expect.NoError(a.t, next.Done(a.t.Context()))
}

func done(a *at) {
	one := a.join(2)
	expect.NoError(a.t, a.claim(one).Done(a.t.Context()))
	l := a.claim(one)
	a.none(one)
	expect.NoError(a.t, l.Done(a.t.Context()))
	a.over(one)
}

func ended(a *at) {
	q := a.join(1)
	l := a.claim(q)
	ctx, cancel := context.WithCancel(a.t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := q.Claim(ctx); !errors.Is(err, context.Canceled) {
		a.t.Errorf("got the error %v, want the context's", err)
	}
	expect.NoError(a.t, l.Release(a.t.Context()))
	expect.Equal(a.t, "shard", a.claim(q).Shard(), l.Shard())
}

func closed(a *at) {
	one, two := a.join(1), a.join(1)
	l := a.claim(one)
	expect.NoError(a.t, one.Close())
	expect.NoError(a.t, one.Close())
	expect.Equal(a.t, "lost", isLost(l), true)
	if _, err := one.Claim(a.t.Context()); err == nil || errors.Is(err, jobs.ErrEmpty) {
		a.t.Errorf("got the error %v from a closed Queue, want one that says it", err)
	}
	expect.NoError(a.t, a.claim(two).Done(a.t.Context()))
}

func killed(a *at) {
	one, two := a.join(1), a.join(1)
	l := a.claim(one)
	a.Kill(one)
	begin := time.Now()
	next := a.claim(two)
	if took := time.Since(begin); took > 2*a.Patience {
		a.t.Errorf("got the shard of a killed process after %v, want at most %v", took, 2*a.Patience)
	}
	if next.Attempt() <= l.Attempt() {
		a.t.Errorf("got the attempt %d, want more than %d", next.Attempt(), l.Attempt())
	}
	expect.NoError(a.t, next.Done(a.t.Context()))
	a.over(two)
}

func frozen(a *at) {
	one, two := a.join(1), a.join(1)
	a.claim(one)
	a.Freeze(one)
	begin := time.Now()
	next := a.claim(two)
	if took := time.Since(begin); took > 2*a.Patience {
		a.t.Errorf("got the shard of a frozen process after %v, want at most %v", took, 2*a.Patience)
	}
	expect.NoError(a.t, next.Done(a.t.Context()))
	a.over(two)
	a.Thaw(one)
}

func thawed(a *at) {
	one, two := a.join(1), a.join(1)
	l := a.claim(one)
	a.Freeze(one)
	next := a.claim(two)
	a.Thaw(one)
	select {
	case <-l.Lost():
	case <-time.After(2 * a.Patience):
		a.t.Errorf("a process that comes back does not notice that its claim is lost")
	}
	expect.NoError(a.t, l.Release(a.t.Context()))
	expect.Equal(a.t, "lost by its new holder", isLost(next), false)
	a.none(one)
	expect.NoError(a.t, next.Done(a.t.Context()))
}

func late(a *at) {
	q := a.join(1)
	expect.NoError(a.t, a.claim(q).Done(a.t.Context()))
	expect.NoError(a.t, q.Put(a.t.Context(), func(yield func(int) bool) { yield(200) }))
	l := a.claim(q)
	expect.Equal(a.t, "shard", l.Shard(), 200)
	expect.NoError(a.t, l.Done(a.t.Context()))
	a.over(q)
}

// many processes with several goroutines hold no shard together, and all shards are done. What is
// done is told by a map, as it is by a job's folder.
func many(a *at) {
	const n = 60
	var mu sync.Mutex
	holders, finished := map[int]int{}, map[int]bool{}
	var all sync.WaitGroup
	for range 3 {
		q := a.join(n)
		for range 3 {
			all.Go(func() {
				for k := 0; ; k++ {
					l, err := a.wait(q)
					if errors.Is(err, jobs.ErrEmpty) {
						return
					}
					if err != nil {
						a.t.Errorf("got the error %v, want a claim", err)
						return
					}
					mu.Lock()
					holders[l.Shard()]++
					if holders[l.Shard()] > 1 {
						a.t.Errorf("shard %d has two holders", l.Shard())
					}
					over := finished[l.Shard()] || k%3 != 0
					mu.Unlock()
					time.Sleep(time.Millisecond) // others may claim meanwhile
					mu.Lock()
					holders[l.Shard()]--
					finished[l.Shard()] = over
					mu.Unlock()
					if over {
						err = l.Done(a.t.Context())
					} else {
						err = l.Release(a.t.Context())
					}
					if err != nil {
						a.t.Errorf("got the error %v from the end of a lease, want none", err)
					}
				}
			})
		}
	}
	all.Wait()
	for s := range n {
		if !finished[s] {
			a.t.Errorf("shard %d was not done", s)
		}
	}
}
