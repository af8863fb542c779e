package middleware

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// target is a provider for the tests of Limit, Breaker and similar layers. It gives every text the
// same answer, after a while, until a test makes it fail.
type target struct {
	m       embedding.Model
	latency time.Duration

	mu     sync.Mutex
	calls  int
	texts  []string
	fail   func(call int, text string) error // of one text; nil: none fails
	whole  error                             // of the whole request
	tokens int                               // a text's; 0: one
	starts []time.Time
}

func (p *target) Model() embedding.Model {
	m := p.m
	if m.Provider == "" {
		m = embedding.Model{Provider: "p", ID: "m", Space: "s", Dimensions: 1, Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}
	}
	return m
}

func (p *target) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	p.mu.Lock()
	p.calls++
	call, whole := p.calls, p.whole
	p.texts = append(p.texts, req.Texts...)
	p.starts = append(p.starts, time.Now())
	p.mu.Unlock()
	if p.latency > 0 {
		if err := sleep(ctx, p.latency); err != nil {
			return embedding.Response{}, err
		}
	}
	if whole != nil {
		return embedding.Response{}, whole
	}
	m := embedding.NewMerger(len(req.Texts))
	good := 0
	for i, text := range req.Texts {
		if p.fail != nil {
			if err := p.fail(call, text); err != nil {
				m.Add([]int{i}, embedding.Response{}, err)
				continue
			}
		}
		good++
		m.Set(i, []float32{float32(len(text))})
	}
	if good > 0 {
		m.Use(embedding.Usage{Requests: 1, Tokens: good * max(1, p.tokens)})
	}
	return m.Result()
}

func (p *target) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole = err
}

func ask(ctx context.Context, e embedding.Embedder, texts ...string) error {
	res, err := e.Embed(ctx, embedding.Request{Texts: texts})
	for i, v := range embedding.Salvage(res, err).Vectors {
		if v != nil && v[0] != float32(len(texts[i])) {
			return fmt.Errorf("text %d has another text's vector", i)
		}
	}
	return err
}

func failed(kind embedding.Kind, after time.Duration) *embedding.Error {
	return &embedding.Error{Kind: kind, Status: 429, RetryAfter: after, Err: errors.New("scripted")}
}
