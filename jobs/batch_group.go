package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/batchapi"
)

// group is the shards that a worker has claimed together.
type group struct {
	*batcher
	members []*member
}

// member is a shard of a group.
type member struct {
	lease   Lease
	shard   shard
	records []rows.Row
	refused map[string]error // by text: what the vendor says of it
}

// do gets the answers to the texts of all members, and commits each as a shard whose answers are in
// its write-ahead tier. An error ends the run.
func (g *group) do(ctx context.Context) error {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, m := range g.members {
		go func() {
			select {
			case <-m.lease.Lost():
				cancel(errLost)
			case <-own.Done():
			}
		}()
	}
	err := g.answers(own, func(err error) { cancel(err) })
	if cause := context.Cause(own); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return g.give(ctx, err)
	}
	for i, m := range g.members {
		err := g.shard(own, m)
		if err := g.settle(ctx, m.lease, m.shard, err); err != nil {
			return errors.Join(err, g.release(ctx, g.members[i+1:]))
		}
	}
	return nil
}

// shard does what is left of a member: its commit, and the texts that no batch has answered.
func (g *group) shard(ctx context.Context, m *member) error {
	return g.run.shard(ctx, m.lease, m.shard, m.records, m.refused)
}

// give gives all members back after an error, which is no shard's own.
func (g *group) give(ctx context.Context, err error) error {
	release := func() error { return g.release(ctx, g.members) }
	if ctx.Err() != nil || errors.Is(err, errLost) {
		return release()
	}
	kind := pauseKind(err)
	strikes, _ := g.strike(noShard)
	if kind == "" && strikes >= strikesOut {
		kind = failureKind(err)
	}
	if kind != "" {
		return errors.Join(g.pause(kind, err), release())
	}
	if err := release(); err != nil {
		return g.pause(failureKind(err), err)
	}
	g.rest(ctx, backOff(strikes))
	return nil
}

func (g *group) release(ctx context.Context, members []*member) (err error) {
	for _, m := range members {
		err = errors.Join(err, m.lease.Release(context.WithoutCancel(ctx)))
	}
	return err
}

// few reports whether what is lacking is left to single requests: a tenth of all, after a batch.
func (g *group) few(lacking int) bool {
	all := 0
	for _, m := range g.members {
		all += len(m.records)
	}
	return lacking*10 <= all
}

const mostBarren = 3 // batches in a row that answer less than a tenth of their texts

// answers asks by batches until few texts are lacking. It begins with the batches that were begun
// before, by this process or another.
func (g *group) answers(ctx context.Context, fail func(error)) error {
	taken := map[string]bool{}
	barren := 0
	for {
		all, err := g.job.batches()
		if err != nil {
			return err
		}
		for _, of := range all {
			if taken[of.Mark] || of.State == batchVoid || !slices.ContainsFunc(of.Shards, g.has) {
				continue
			}
			if err := g.await(ctx, of); err != nil {
				return err
			}
			if of.State == batchVoid {
				continue
			}
			if err := g.take(ctx, of, fail); err != nil {
				return err
			}
			taken[of.Mark] = true
		}
		lines, err := g.lacking(ctx, fail)
		if err != nil || len(lines) == 0 || len(taken) > 0 && g.few(len(lines)) {
			return err
		}
		of, err := g.submit(ctx, lines)
		if err == nil {
			err = g.await(ctx, of)
		}
		if err == nil && of.State == batchVoid { // the vendor had too much to do
			continue
		}
		if err == nil {
			taken[of.Mark] = true
			err = g.take(ctx, of, fail)
		}
		if err != nil {
			return err
		}
		if barren++; of.Answered*10 >= of.Texts {
			barren = 0
		}
		if barren == mostBarren {
			return fmt.Errorf("jobs: %d batches in a row were not answered: the last is %s, %s in the vendor's word", barren, of.ID, of.Said)
		}
	}
}

func (g *group) has(shard int) bool { return g.member(shard) != nil }

func (g *group) member(shard int) *member {
	at := slices.IndexFunc(g.members, func(m *member) bool { return m.shard.number == shard })
	if at < 0 {
		return nil
	}
	return g.members[at]
}

// id is the name of a text in a batch: the shard, and its place there.
func (m *member) id(i int) string { return fmt.Sprintf("%d:%d", m.shard.number, i) }

// place returns the shard and the place of an id, -1 if it is none.
func place(id string) (shard, i int) {
	a, b, ok := strings.Cut(id, ":")
	shard, err1 := strconv.Atoi(a)
	i, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || shard < 0 || i < 0 || fmt.Sprintf("%d:%d", shard, i) != id {
		return -1, -1
	}
	return shard, i
}

// lacking returns the lines of the next batch: texts that have neither an answer nor an error, each
// once.
func (g *group) lacking(ctx context.Context, fail func(error)) (lines []batchapi.Line, err error) {
	left := min(g.terms.Bytes, mostBatchBytes)
	for _, m := range g.members {
		f, err := g.filler(m, fail)
		if err != nil {
			return nil, err
		}
		wanted, err := f.missing(ctx)
		if err := errors.Join(err, f.close()); err != nil {
			return nil, err
		}
		for i, r := range m.records {
			if r.Err != nil || !wanted[r.Text] || m.refused[r.Text] != nil {
				continue
			}
			delete(wanted, r.Text) // a text is asked once
			if left -= lineBytes(r.Text); left < 0 || len(lines) == g.terms.Lines {
				return lines, nil
			}
			lines = append(lines, batchapi.Line{ID: m.id(i), Text: r.Text})
		}
	}
	return lines, nil
}

const mostDownloads = 3 // of a file of answers that is not whole

// take puts the answers of a batch that has ended into the write-ahead tiers of the members, and
// writes down what it has cost.
func (g *group) take(ctx context.Context, of *Batch, fail func(error)) (err error) {
	fillers := map[int]*filler{}
	defer func() {
		for _, f := range fillers {
			err = errors.Join(err, f.close())
		}
	}()
	for _, s := range of.Shards {
		if m := g.member(s); m != nil && fillers[s] == nil {
			if fillers[s], err = g.filler(m, fail); err != nil {
				return err
			}
		}
	}
	t := &taking{group: g, ctx: ctx, of: of, fillers: fillers, seen: map[string]bool{}, sizes: map[int]int{}}
	for _, s := range of.Shards {
		at, err := g.job.index.shard(s)
		if err != nil {
			return err
		}
		t.sizes[s] = at.texts
	}
	for try := 1; ; try++ {
		_, err = patient(ctx, g.batcher, fileTime, func(ctx context.Context) (any, error) {
			return nil, g.api.Results(ctx, of.ID, t.text, t.line)
		})
		if !errors.Is(err, batchapi.ErrCut) || try == mostDownloads {
			break
		}
		g.rest(ctx, g.every)
	}
	if err != nil && !errors.Is(err, batchapi.ErrCut) && !gone(err) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if of.State == batchEnded && t.usage.Requests <= of.Requests {
		return nil // the account has it, perhaps of a file that is gone
	}
	of.State, of.Answered = batchEnded, t.answered
	of.Requests, of.Tokens, of.Unmetered = t.usage.Requests, t.usage.Tokens, t.usage.Unmetered
	return g.save(of)
}

// taking is one reading of a batch's answers.
type taking struct {
	*group
	ctx      context.Context
	of       *Batch
	fillers  map[int]*filler
	seen     map[string]bool
	sizes    map[int]int // texts of a shard
	usage    embedding.Usage
	answered int
}

// place returns the shard and the place of an id of the batch, -1 if it has no such line.
func (t *taking) place(id string) (shard, i int) {
	_, short, _ := strings.Cut(id, ":")
	if shard, i = place(short); id != t.of.own(short) || i >= t.sizes[shard] {
		return -1, -1
	}
	return shard, i
}

// text is of [batchapi.API.Results].
func (t *taking) text(id string) string {
	s, i := t.place(id)
	if m := t.member(s); m != nil {
		return m.records[i].Text
	}
	return ""
}

// line takes an answer. The first to a line counts.
func (t *taking) line(r batchapi.Result) {
	s, i := t.place(r.ID)
	if t.seen[r.ID] || s < 0 {
		return
	}
	t.seen[r.ID] = true
	t.usage = t.usage.Add(r.Usage)
	f := t.fillers[s]
	if f == nil { // another process has the shard
		if r.Err == nil {
			t.answered++
		}
		return
	}
	text := f.m.records[i].Text
	switch {
	case f.m.records[i].Err != nil || t.ctx.Err() != nil:
	case r.Err == nil:
		if f.fill(t.ctx, text, r.Vector) {
			t.answered++
			t.door.texts.Add(1)
			t.door.tokens.Add(int64(r.Usage.Tokens))
		}
	case embedding.KindOf(r.Err) == embedding.Rejected:
		f.m.refused[text] = r.Err
		t.answered++
	}
}

// filler fills the write-ahead tier of a shard. The guard and the cache are those of single
// requests, so that a vector is checked and found as theirs.
type filler struct {
	g      *group
	m      *member
	wal    *wal
	cache  *cache.Cache
	chain  embedding.Embedder
	vector []float32       // the next answer; nil asks what is missing
	wanted map[string]bool // texts that were asked for
}

func (g *group) filler(m *member, fail func(error)) (*filler, error) {
	w, err := openWAL(g.job.path(walName), m.shard.number, fail)
	if err != nil {
		return nil, err
	}
	f := &filler{g: g, m: m, wal: w, wanted: map[string]bool{}}
	if f.cache, err = walCache(w); err != nil {
		return nil, errors.Join(err, w.close())
	}
	f.chain = embedding.Chain(answering{f}, f.cache.Wrap)
	return f, nil
}

func (f *filler) close() error {
	f.cache.Close()
	return f.wal.close()
}

// answering is the Embedder of what a batch has answered.
type answering struct{ *filler }

func (a answering) Model() embedding.Model {
	m := a.g.chain.Model()
	m.Limits = embedding.Limits{}
	return m
}

var errWanted = errors.New("asked for")

func (a answering) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	if a.vector == nil {
		for _, text := range req.Texts {
			a.wanted[text] = true
		}
		return embedding.Response{}, errWanted
	}
	return embedding.Response{Vectors: [][]float32{a.vector}, Usage: embedding.Usage{Requests: 1}}, nil
}

// missing returns the texts that the tier does not have.
func (f *filler) missing(ctx context.Context) (map[string]bool, error) {
	texts := make([]string, 0, len(f.m.records))
	for _, r := range f.m.records {
		if r.Err == nil {
			texts = append(texts, r.Text)
		}
	}
	_, _ = f.chain.Embed(ctx, embedding.Request{Texts: texts, Task: f.g.job.Manifest.task()}) // wanted has the answer
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return f.wanted, nil
}

// fill puts a vector into the tier, and reports whether it is there and good.
func (f *filler) fill(ctx context.Context, text string, v []float32) bool {
	if v == nil {
		return false
	}
	f.vector = v
	res, err := f.chain.Embed(ctx, embedding.Request{Texts: []string{text}, Task: f.g.job.Manifest.task()})
	return err == nil && len(res.Vectors) == 1
}

// refusing is a chain that knows which texts are refused, and does not ask again.
func refusing(next embedding.Embedder, refused map[string]error) embedding.Embedder {
	if len(refused) == 0 {
		return next
	}
	return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		m := embedding.NewMerger(len(req.Texts))
		var good []int
		for i, text := range req.Texts {
			if err := refused[text]; err != nil {
				m.Add([]int{i}, embedding.Response{}, err)
			} else {
				good = append(good, i)
			}
		}
		if len(good) > 0 {
			res, err := next.Embed(ctx, req.Pick(good))
			m.Add(good, res, err)
		}
		return m.Result()
	})
}
