package jobs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/queuetest"
)

// place is a folder of Locals.
func place(dir string, lease time.Duration) queuetest.Place {
	return queuetest.Place{
		Join:     func() (jobs.Queue, error) { return jobs.NewLocal(dir, jobs.LocalOptions{Lease: lease}) },
		Kill:     func(q jobs.Queue) { q.(*jobs.Local).Kill() },
		Freeze:   func(q jobs.Queue) { q.(*jobs.Local).Freeze() },
		Thaw:     func(q jobs.Queue) { q.(*jobs.Local).Thaw() },
		Patience: lease,
	}
}

func TestLocal(t *testing.T) {
	queuetest.TestVirtual(t, func(t *testing.T) queuetest.Place { return place(t.TempDir(), 30*time.Second) })
}

// A killed process of this machine is noticed at once, a frozen one after a lease.
func TestLocalNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, frozen := range []bool{false, true} {
			dir := t.TempDir()
			one, err := jobs.NewLocal(dir, jobs.LocalOptions{})
			expect.NoError(t, err)
			two, err := jobs.NewLocal(dir, jobs.LocalOptions{})
			expect.NoError(t, err)
			for _, q := range []*jobs.Local{one, two} {
				expect.NoError(t, q.Put(t.Context(), func(yield func(int) bool) { yield(0) }))
			}
			_, err = one.Claim(t.Context())
			expect.NoError(t, err)
			if frozen {
				one.Freeze()
			} else {
				one.Kill()
			}
			begin := time.Now()
			l, err := two.Claim(t.Context())
			expect.NoError(t, err)
			took := time.Since(begin)
			if frozen && (took < 30*time.Second || took > 40*time.Second) || !frozen && took > 0 && runtime.GOOS != "windows" {
				t.Errorf("frozen %t: got the claim after %v, want after 30 s if it is frozen, else at once", frozen, took)
			}
			expect.NoError(t, errors.Join(l.Done(t.Context()), two.Close()))
			if frozen {
				one.Thaw()
			}
			_ = one.Close() // a killed one cannot write
		}
	})
}

// The file of a process that was killed is removed by the next one that joins, and no other.
func TestLocalBuries(t *testing.T) {
	dir := t.TempDir()
	var all []*jobs.Local
	for range 3 {
		q, err := jobs.NewLocal(dir, jobs.LocalOptions{})
		expect.NoError(t, err)
		all = append(all, q)
		if len(all) == 1 {
			q.Kill()
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "workers"))
	expect.NoError(t, err)
	if runtime.GOOS != "windows" {
		expect.Equal(t, "files of processes", len(left), 2)
	}
	for _, q := range all[1:] {
		expect.NoError(t, q.Close())
	}
}

// What another process has done is not claimed.
func TestLocalDone(t *testing.T) {
	dir := t.TempDir()
	q, err := jobs.NewLocal(dir, jobs.LocalOptions{Done: func(s int) bool { return s != 70 }})
	expect.NoError(t, err)
	expect.NoError(t, q.Put(t.Context(), func(yield func(int) bool) {
		for s := range 100 {
			_ = yield(s)
		}
	}))
	l, err := q.Claim(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "shard", l.Shard(), 70)
	expect.NoError(t, l.Done(t.Context()))
	_, err = q.Claim(t.Context())
	expect.Equal(t, "error at the end", err, jobs.ErrEmpty)
	expect.NoError(t, q.Close())
	for _, name := range []string{"claims", "workers"} {
		left, err := os.ReadDir(filepath.Join(dir, name))
		expect.NoError(t, err)
		expect.Equal(t, "files left in "+name, len(left), 0)
	}
}

// A process that cannot reach the folder gives its claims up by itself.
func TestLocalFencesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		q, err := jobs.NewLocal(dir, jobs.LocalOptions{})
		expect.NoError(t, err)
		expect.NoError(t, q.Put(t.Context(), func(yield func(int) bool) { yield(0) }))
		l, err := q.Claim(t.Context())
		expect.NoError(t, err)
		expect.NoError(t, os.RemoveAll(filepath.Join(dir, "claims")))
		begin := time.Now()
		<-l.Lost()
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("got the loss after %v, want before others take the shard", took)
		}
		_ = q.Close() // the folder has gone
	})
}

// A damaged claim and wrong options are errors.
func TestLocalRefuses(t *testing.T) {
	_, err := jobs.NewLocal(t.TempDir(), jobs.LocalOptions{Lease: -1})
	if err == nil {
		t.Error("got no error for a negative lease, want one")
	}
	dir := t.TempDir()
	q, err := jobs.NewLocal(dir, jobs.LocalOptions{})
	expect.NoError(t, err)
	defer func() { expect.NoError(t, q.Close()) }()
	if err := q.Put(t.Context(), func(yield func(int) bool) { yield(-1) }); err == nil {
		t.Error("got no error for shard -1, want one")
	}
	expect.NoError(t, q.Put(t.Context(), func(yield func(int) bool) { yield(0) }))
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "claims", "000000.1"), []byte("{"), 0o600))
	if _, err := q.Claim(t.Context()); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got the error %v, want one that names the damaged claim", err)
	}
}
