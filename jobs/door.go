package jobs

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/outlast"
)

// door stands next to the provider. Once stop has ended it sends nothing more, and what is under
// way goes on until it is answered or its time is over: it is billed, so it is kept. Each answer's
// cost is counted where the context says.
type door struct {
	stop   context.Context
	tokens atomic.Int64 // of this process
	texts  atomic.Int64 // with an answer
}

// tally counts what was spent for a shard, or for a check.
type tally struct {
	mu    sync.Mutex
	usage embedding.Usage
	no    bool // the provider has refused a request, or has failed
	wal   *wal // may be nil
}

type tallyKey struct{}

func (t *tally) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, tallyKey{}, t)
}

func (t *tally) add(u embedding.Usage, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.usage = t.usage.Add(u)
	t.no = t.no || err != nil
	if t.wal != nil && u != (embedding.Usage{}) {
		t.wal.spend(u)
	}
}

func (t *tally) sum() embedding.Usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.usage
}

// refused reports whether a request of the shard came to the provider in vain.
func (t *tally) refused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.no
}

func (d *door) wrap(e embedding.Embedder) embedding.Embedder {
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if err := d.stop.Err(); err != nil {
			return embedding.Response{}, err
		}
		own, end := outlast.Context(ctx, d.stop)
		defer end()
		res, err := e.Embed(own, req)
		got := embedding.Salvage(res, err)
		u := got.Usage
		d.tokens.Add(int64(u.Tokens))
		d.texts.Add(int64(len(got.Vectors)))
		if t, ok := ctx.Value(tallyKey{}).(*tally); ok {
			t.add(u, err)
		}
		return res, err
	})
}
