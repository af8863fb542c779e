package jobs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/internal/rows"
)

// A shard is read from the index as it was written, whatever its numbers are.
func TestIndex(t *testing.T) {
	want := []shard{
		{number: 0, texts: 1},
		{number: 1, input: 1<<31 - 1, at: rows.Place{Offset: -1, Index: 1 << 29, Line: 1 << 30}, first: 1<<31 - 1, texts: 1<<31 - 1, sum: 1<<32 - 1},
		{number: 2, input: 7, at: rows.Place{Offset: 1 << 60, Index: 3, Line: 4}, first: 5, texts: 6, sum: 8},
	}
	var b bytes.Buffer
	w, err := newIndexWriter(&b)
	expect.NoError(t, err)
	for _, s := range want {
		expect.NoError(t, w.write(s))
	}
	expect.NoError(t, w.to.Flush())
	name := put(t, "shards", b.String())
	sum, err := digest(name)
	expect.NoError(t, err)
	i, err := openIndex(name, Figures{Shards: len(want), Index: sum})
	expect.NoError(t, err)
	defer func() { expect.NoError(t, i.file.Close()) }()
	for n, s := range want {
		got, err := i.shard(n)
		expect.NoError(t, err)
		expect.Equal(t, "shard", got, s)
	}
	for _, n := range []int{-1, 3} {
		_, err := i.shard(n)
		refused(t, err, fmt.Sprintf("no shard %d: there are 3", n))
	}
}

// A job of 10^10 texts is two million shards: an index on disk, a bit of memory for each, and
// claims of the first ones at once. The figures are printed.
func TestTenBillionTexts(t *testing.T) {
	shards := 2_000_000
	if race.Enabled { // it has no goroutines of interest
		shards /= 10
	}
	step := shards/1000 - 1
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, indexName))
	expect.NoError(t, err)
	begin := time.Now()
	w, err := newIndexWriter(f)
	expect.NoError(t, err)
	for n := range shards {
		expect.NoError(t, w.write(shard{at: rows.Place{Offset: int64(n) * 500_000, Index: n * shardTexts}, first: n * shardTexts, texts: shardTexts}))
	}
	size := int64(len(indexMagic) + shards*indexRecord)
	expect.NoError(t, w.to.Flush())
	expect.NoError(t, f.Close())
	wrote := time.Since(begin)

	begin = time.Now()
	sum, err := digest(f.Name())
	expect.NoError(t, err)
	i, err := openIndex(f.Name(), Figures{Shards: shards, Index: sum})
	expect.NoError(t, err)
	j := &Job{dir: dir, index: i, Manifest: Manifest{Plan: Figures{Shards: shards, Texts: shards * shardTexts}}}
	defer func() { expect.NoError(t, i.file.Close()) }()
	for n := range 1000 { // done before, here and there
		expect.NoError(t, os.MkdirAll(filepath.Join(j.path(dataName), partFolder(n*step)), 0o700))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	q, err := NewLocal(dir, LocalOptions{Done: j.Done})
	expect.NoError(t, err)
	missing, err := j.missing()
	expect.NoError(t, err)
	expect.NoError(t, q.Put(t.Context(), missing))
	runtime.GC()
	runtime.ReadMemStats(&after)
	opened := time.Since(begin)
	memory := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	runtime.KeepAlive(missing)

	begin = time.Now()
	for n := range 1000 {
		l, err := q.Claim(t.Context())
		expect.NoError(t, err)
		if want := n + 1 + n/(step-1); l.Shard() != want {
			t.Fatalf("got the shard %d, want %d", l.Shard(), want)
		}
		_, err = i.shard(l.Shard())
		expect.NoError(t, err)
		expect.NoError(t, l.Done(t.Context()))
	}
	claims := time.Since(begin)
	expect.Equal(t, "shards left", q.left, shards-2000)
	expect.NoError(t, q.Close())
	t.Logf("%d texts: %d shards, an index of %d MB written in %v; opened and queued in %v with %d kB of memory; 1,000 claims in %v",
		j.Manifest.Plan.Texts, shards, size/1e6, wrote.Round(time.Millisecond), opened.Round(time.Millisecond), memory/1000, claims.Round(time.Millisecond))
	if most := int64(2 << 20); memory > most {
		t.Errorf("got %d bytes of memory for the queue, want at most %d", memory, most)
	}
}
