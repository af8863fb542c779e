package langchaingo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vecspace/embedding"
)

// Foreign is what From takes: langchaingo's embeddings.Embedder, method by method.
type Foreign interface {
	EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error)
	EmbedQuery(ctx context.Context, text string) ([]float32, error)
}

// From returns a langchaingo embedder as ours, guarded. A langchaingo embedder says nothing about its model, so m states it: its
// Space is what the user asserts, and m.Provider and m.ID default to "langchaingo" and "unknown". Queries go to EmbedQuery
// one by one; everything else goes to EmbedDocuments, which gets a copy of the texts because langchaingo edits them. A
// panic inside becomes a Malformed error, as does a wrong count. It is an error if f is nil or m has no Space.
func From(f Foreign, m embedding.Model) (embedding.Embedder, error) {
	if f == nil {
		return nil, errors.New("langchaingo: From: the embedder is nil")
	}
	if ours, ok := f.(*Embedder); ok && (m.Space == "" || m.Space == ours.e.Model().Space) {
		return ours.e, nil
	}
	if m.Space == "" {
		return nil, errors.New("langchaingo: From: the Model states no Space: say which vectors these are comparable with, for example openai/text-embedding-3-small@1536")
	}
	if m.Provider == "" {
		m.Provider = "langchaingo"
	}
	if m.ID == "" {
		m.ID = "unknown"
	}
	return embedding.Chain(foreign{f, m}), nil
}

type foreign struct {
	f Foreign
	m embedding.Model
}

func (f foreign) Model() embedding.Model { return f.m }

func (f foreign) Embed(ctx context.Context, req embedding.Request) (res embedding.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			// The panic's value is not shown: it may quote a text.
			res, err = embedding.Response{}, &embedding.Error{
				Kind: embedding.Malformed, Provider: f.m.Provider, Model: f.m.ID, Endpoint: f.m.Endpoint,
				Err: fmt.Errorf("the langchaingo embedder panicked (%T), as it does when an answer has too few vectors", p),
			}
		}
	}()
	if req.Task != embedding.TaskQuery {
		res.Vectors, err = f.f.EmbedDocuments(ctx, slices.Clone(req.Texts))
		if err != nil {
			return embedding.Response{}, err
		}
		return res, nil
	}
	out := embedding.NewMerger(req.Len())
	for i, text := range req.Texts {
		v, err := f.f.EmbedQuery(ctx, text)
		one := embedding.Response{Vectors: [][]float32{v}, Usage: embedding.Usage{Requests: 1, Unmetered: 1}}
		out.Add([]int{i}, one, err)
		if err != nil {
			for k := i + 1; k < req.Len(); k++ { // what failed once is not tried for each of the others
				out.Add([]int{k}, embedding.Response{}, err)
			}
			break
		}
	}
	return out.Result()
}
