package store

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// mark travels in the context of a call to the store and holds the vectors that the store will ask
// for.
type mark struct {
	texts   []string
	vectors [][]float32 // the store owns them

	mu     sync.Mutex
	asked  bool
	byText map[string][]float32 // filled if the store does not ask for all vectors at once
}

type markKey struct{}

// hatch is the embedder that the store is opened with. It passes on the vectors that the guard has
// embedded and embeds nothing itself.
type hatch struct{ of *Store }

var (
	errUnmarked = errors.New("store: the embedder was called outside the guard: call the Store that New returned, not the one " +
		"inside; a store that does not hand its context on to its embedder cannot be guarded")
	errOtherText = errors.New("store: the store embedded a text that is neither one of its documents nor its query, so it cannot be guarded")
)

// EmbedDocuments returns the vectors of the documents to add or, on Chroma, of the query.
func (h hatch) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	m, ok := ctx.Value(markKey{}).(*mark)
	if !ok {
		return nil, errUnmarked
	}
	return m.answer(texts)
}

// EmbedQuery returns the vector of the query.
func (h hatch) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	rows, err := h.EmbedDocuments(ctx, []string{text})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

func (m *mark) answer(texts []string) ([][]float32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := !m.asked
	m.asked = true
	if first && slices.Equal(texts, m.texts) {
		return m.vectors, nil
	}
	if m.byText == nil {
		m.byText = make(map[string][]float32, len(m.texts))
		for i, text := range m.texts {
			m.byText[text] = m.vectors[i]
		}
	}
	out := make([][]float32, len(texts))
	for i, text := range texts {
		v, ok := m.byText[text]
		if !ok {
			return nil, errOtherText
		}
		out[i] = slices.Clone(v)
	}
	return out, nil
}

// used reports whether the store asked for vectors.
func (m *mark) used() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}
