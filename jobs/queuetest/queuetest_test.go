package queuetest

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/jobs"
)

// flaws are what a Queue in memory does wrong.
type flaws struct {
	twice     bool // Put adds what is there
	forgets   bool // Done does not take the shard out
	keeps     bool // Release does not give the shard back
	shares    bool // what is claimed is free for others
	immortal  bool // the claims of a killed or frozen process hold forever
	flat      bool // attempts are not counted
	deaf      bool // Claim does not hear the context
	silent    bool // nobody is told that a claim is lost
	early     bool // ErrEmpty while others hold the rest
	leaves    bool // Close gives nothing back
	expiring  bool // a lease is not kept alive
	oblivious bool // shards of a second Put are lost
}

// board is where Queues in memory meet.
type board struct {
	flaws
	mu     sync.Mutex
	shards map[int]*state
}

// state is what a board knows of a shard.
type state struct {
	attempt int
	holder  *member // nil: free
	lease   *lease
	since   time.Time
	over    bool
}

const patience = time.Minute

// member is a Queue of one process.
type member struct {
	*board
	dead, gone bool
	puts       int
	had        map[int]bool
}

type lease struct {
	m              *member
	shard, attempt int
	lost           chan struct{}
	told           bool
}

func (b *board) place() Place {
	return Place{
		Join:     func() (jobs.Queue, error) { return &member{board: b, had: map[int]bool{}}, nil },
		Kill:     func(q jobs.Queue) { b.set(q, true) },
		Freeze:   func(q jobs.Queue) { b.set(q, true) },
		Thaw:     func(q jobs.Queue) { b.set(q, false) },
		Patience: patience,
	}
}

func (b *board) set(q jobs.Queue, dead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.(*member).dead = dead
}

func (m *member) Put(_ context.Context, shards iter.Seq[int]) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.oblivious && m.puts > 1 {
		return nil
	}
	for s := range shards {
		if m.shards[s] == nil || m.twice && m.had[s] {
			m.shards[s] = &state{}
		}
		m.had[s] = true
	}
	return nil
}

func (m *member) Claim(ctx context.Context) (jobs.Lease, error) {
	for {
		l, err := m.claim()
		if l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			if !m.deaf {
				return nil, ctx.Err()
			}
			return nil, jobs.ErrEmpty
		case <-time.After(time.Second):
		}
	}
}

func (m *member) claim() (jobs.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return nil, fmt.Errorf("the queue is closed")
	}
	left := false
	for s, at := range m.shards {
		if at.over {
			continue
		}
		left = true
		expired := at.holder != nil && (at.holder.dead && !m.immortal || m.expiring) && time.Since(at.since) > patience
		if at.holder != nil && !expired && !(m.shares && at.holder != m) {
			continue
		}
		if at.lease != nil {
			at.lease.lose()
		}
		if at.attempt++; m.flat {
			at.attempt = 1
		}
		at.holder, at.since = m, time.Now()
		at.lease = &lease{m: m, shard: s, attempt: at.attempt, lost: make(chan struct{})}
		return at.lease, nil
	}
	if !left || m.early {
		return nil, jobs.ErrEmpty
	}
	return nil, nil
}

func (m *member) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return nil
	}
	m.gone = true
	for _, at := range m.shards {
		if at.holder == m && !m.leaves {
			at.lease.lose()
			at.holder, at.lease = nil, nil
		}
	}
	return nil
}

func (l *lease) lose() {
	if !l.told && !l.m.silent {
		close(l.lost)
	}
	l.told = true
}

func (l *lease) Shard() int            { return l.shard }
func (l *lease) Attempt() int          { return l.attempt }
func (l *lease) Lost() <-chan struct{} { return l.lost }

func (l *lease) Done(context.Context) error { return l.end(true) }

func (l *lease) Release(context.Context) error { return l.end(false) }

func (l *lease) end(done bool) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	at := l.m.shards[l.shard]
	if at.lease != l || !done && l.m.keeps {
		return nil
	}
	at.holder, at.lease = nil, nil
	at.over = done && !l.m.forgets
	return nil
}

// watched is a tb that only remembers a failure.
type watched struct {
	*testing.T
	mu     sync.Mutex
	failed []string
	last   []func()
}

func (w *watched) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, fmt.Sprintf(format, args...))
}

func (w *watched) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	runtime.Goexit()
}

func (w *watched) Cleanup(f func()) { w.last = append(w.last, f) }

// broken returns how a Queue with flaws breaks a law.
func broken(t *testing.T, law func(*at), f flaws) (failures []string) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{T: t}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			law(&at{w, (&board{flaws: f, shards: map[int]*state{}}).place()})
		}()
		select {
		case <-ended:
		case <-time.After(time.Hour):
			t.Fatal("a law waits for ever, want it to fail")
		}
		for _, f := range w.last {
			f()
		}
		failures = w.failed
	})
	return failures
}

// A right Queue keeps all laws, and each flaw breaks one.
func TestLawsFindFlaws(t *testing.T) {
	for name, f := range map[string]flaws{
		"none": {}, "twice": {twice: true}, "forgets": {forgets: true}, "keeps": {keeps: true}, "shares": {shares: true},
		"immortal": {immortal: true}, "flat": {flat: true}, "deaf": {deaf: true}, "silent": {silent: true}, "early": {early: true},
		"leaves": {leaves: true}, "expiring": {expiring: true}, "oblivious": {oblivious: true},
	} {
		var by []string
		for law, check := range laws() {
			if law == "many processes" && name != "none" {
				continue // a flaw that others find may make it endless
			}
			if failures := broken(t, check, f); len(failures) > 0 {
				by = append(by, law+": "+failures[0])
			}
		}
		slices.Sort(by)
		if (name == "none") != (len(by) == 0) {
			t.Errorf("a Queue with the flaw %q: got the failures %q, want some if there is a flaw", name, by)
		}
	}
}
