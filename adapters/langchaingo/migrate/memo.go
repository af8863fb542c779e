package migrate

import (
	"context"
	"sync"

	"github.com/vecspace/embedding"
)

// memo holds the vectors of the block that is being written. A langchaingo store embeds the
// documents it is given; memo answers it with vectors that are paid for.
type memo struct {
	next embedding.Embedder

	mu   sync.RWMutex
	rows map[string][]float32
	any  bool // answer queries too: the store searches for a document's own vector
}

func (m *memo) hold(rows map[string][]float32, queries bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows, m.any = rows, queries
}

func (m *memo) embedder() embedding.Embedder {
	return embedding.Wrap(m.next, m.next.Model(), m.embed)
}

func (m *memo) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	out := embedding.NewMerger(len(req.Texts))
	m.mu.RLock()
	if req.Task == embedding.TaskDocument || m.any {
		for i, text := range req.Texts {
			if v := m.rows[text]; v != nil {
				out.Set(i, v)
			}
		}
	}
	m.mu.RUnlock()
	missing := out.Missing()
	out.Use(embedding.Usage{Reused: len(req.Texts) - len(missing)})
	if len(missing) > 0 {
		res, err := m.next.Embed(ctx, req.Pick(missing))
		out.Add(missing, res, err)
	}
	return out.Result()
}
