// Package foreign turns an embedder of another framework into an [embedding.Embedder]. The adapters
// of this project use it; use it yourself for a framework that has none.
//
//	theirs := foreign.Embedder{Framework: "acme", Documents: acme.EmbedAll}
//	e, err := foreign.New(theirs, embedding.Model{Space: "acme/minilm@384"})
package foreign

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/vecspace/embedding"
)

// Embedder has the calls of a framework's embedder.
type Embedder struct {
	// Framework is the framework's name. Errors use it.
	Framework string
	// Documents returns one vector per text. It may edit texts. It is required.
	Documents func(ctx context.Context, texts []string) ([][]float32, error)
	// Query returns the vector of a search query. If it is nil, queries go to Documents, and the
	// Model is Symmetric.
	Query func(ctx context.Context, text string) ([]float32, error)
}

// New returns f as a guarded Embedder. A framework's embedder says nothing about its model, so m
// does. Its Space is required and is the caller's assertion. Dimensions, Limits and Symmetric help
// if they are known. Provider and ID default to the framework's name and "unknown".
//
// The frameworks' errors have no Kind. An error that names an HTTP status ("status code: 429") gets
// the Kind of that status, so that Retry and Fallback can act on it. Others are Unknown and are not
// retried.
//
// Queries go to Query one by one. All other texts go to Documents in one call, as a copy. A panic
// or a wrong number of vectors becomes a Malformed error. The usage is unmetered. A call does not
// return before f does, even if f ignores its context. The result is safe for concurrent use if f
// is.
func New(f Embedder, m embedding.Model) (embedding.Embedder, error) {
	if f.Documents == nil {
		return nil, errors.New(f.Framework + ": From: the embedder is nil")
	}
	if m.Space == "" {
		return nil, errors.New(f.Framework + ": From: the Model has no Space: " +
			"name the space of the vectors, for example openai/text-embedding-3-small@1536")
	}
	m.Provider = cmp.Or(m.Provider, f.Framework)
	m.ID = cmp.Or(m.ID, "unknown")
	m.Normalized = false // a store asks for short vectors when it looks into a collection
	m.Symmetric = m.Symmetric || f.Query == nil
	return embedding.Chain(foreign{f, m}), nil
}

type foreign struct {
	f Embedder
	m embedding.Model
}

func (f foreign) Model() embedding.Model { return f.m }

func (f foreign) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if req.Task != embedding.TaskQuery || f.f.Query == nil {
		vectors, err := f.documents(ctx, slices.Clone(req.Texts))
		if err != nil {
			return embedding.Response{}, err
		}
		return embedding.Response{Vectors: vectors}, nil // the guard counts them
	}
	out := embedding.NewMerger(len(req.Texts))
	for i := range req.Texts {
		one, err := f.query(ctx, req.Texts[i])
		out.Add([]int{i}, one, err)
		if err != nil && embedding.KindOf(err) != embedding.Rejected {
			for k := i + 1; k < len(req.Texts); k++ { // do not repeat the failure for each text
				out.Add([]int{k}, embedding.Response{}, err)
			}
			break
		}
	}
	return out.Result()
}

func (f foreign) documents(ctx context.Context, texts []string) (vectors [][]float32, err error) {
	defer f.caught(&err)
	vectors, err = f.f.Documents(ctx, texts)
	return vectors, f.judged(err)
}

func (f foreign) query(ctx context.Context, text string) (one embedding.Response, err error) {
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	defer f.caught(&err)
	v, err := f.f.Query(ctx, text)
	if err == nil && len(v) == 0 {
		err = f.m.Errorf(embedding.Malformed, "the %s embedder returned neither a vector nor an error", f.f.Framework)
	}
	if err != nil {
		return embedding.Response{}, f.judged(err)
	}
	return embedding.Response{Vectors: [][]float32{v}, Usage: embedding.Usage{Requests: 1, Unmetered: 1}}, nil
}

// The frameworks' clients report a refusal by its status, followed by the server's message.
var (
	status  = regexp.MustCompile(`(?i)\bstatus(?: code)?:? (\d{3})\b`)
	tooLong = regexp.MustCompile(`(?i)maximum context length|context length exceed|exceeds (?:the )?(?:maximum )?context length|too many (?:input )?tokens`)
)

// judged gives an error the Kind of the HTTP status in its message, if it has no Kind.
func (f foreign) judged(err error) error {
	if err == nil || embedding.KindOf(err) != embedding.Unknown {
		return err
	}
	m := status.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	n, _ := strconv.Atoi(m[1])
	kind := embedding.KindOfStatus(n)
	if kind == embedding.Invalid && tooLong.MatchString(err.Error()) {
		kind = embedding.Rejected
	}
	e := f.m.Errorf(kind, "%w", err)
	e.Status = n
	return e
}

// caught turns a panic into an error. It quotes a runtime error; it does not quote another value,
// which may hold a text.
func (f foreign) caught(err *error) {
	switch p := recover().(type) {
	case nil:
	case runtime.Error:
		*err = f.m.Errorf(embedding.Malformed, "the %s embedder panicked, as it does when an answer has too few vectors: %w", f.f.Framework, p)
	default:
		*err = f.m.Errorf(embedding.Malformed, "the %s embedder panicked (%T)", f.f.Framework, p)
	}
}
