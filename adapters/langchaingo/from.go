package langchaingo

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

// Foreign is what From takes: langchaingo's embeddings.Embedder, method by method.
type Foreign interface {
	EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error)
	EmbedQuery(ctx context.Context, text string) ([]float32, error)
}

// From returns a langchaingo embedder as ours, guarded. A langchaingo embedder says nothing about its model, so m states it: its
// Space is what the user asserts and may not be empty; Dimensions, Limits, Normalized and Symmetric help where they are
// known; Provider and ID default to "langchaingo" and "unknown". What New made is unwrapped again, unless m states another Space.
//
// langchaingo's errors have no kinds: one whose words name an HTTP status ("status code: 429") gets the Kind of that status,
// so that Retry and Fallback know what to do; any other is of unknown kind and not tried again.
//
// Queries go to EmbedQuery one by one, everything else goes to EmbedDocuments in one call, which gets a copy of the texts
// because langchaingo edits them. A panic inside becomes a Malformed error, as does a wrong count. Usage is unmetered:
// langchaingo does not tell it. An embedder that ignores its context is waited for. The result is safe for concurrent use if f is.
func From(f Foreign, m embedding.Model) (embedding.Embedder, error) {
	if f == nil {
		return nil, errors.New("langchaingo: From: the embedder is nil")
	}
	if ours, ok := f.(*Embedder); ok && ours != nil && (m.Space == "" || m.Space == ours.e.Model().Space) {
		return ours.e, nil
	}
	if m.Space == "" {
		return nil, errors.New("langchaingo: From: the Model states no Space: say which vectors these are comparable with, for example openai/text-embedding-3-small@1536")
	}
	m.Provider = cmp.Or(m.Provider, "langchaingo")
	m.ID = cmp.Or(m.ID, "unknown")
	return embedding.Chain(foreign{f, m}), nil
}

type foreign struct {
	f Foreign
	m embedding.Model
}

func (f foreign) Model() embedding.Model { return f.m }

func (f foreign) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if req.Task != embedding.TaskQuery {
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
			for k := i + 1; k < len(req.Texts); k++ { // what failed once is not tried for each of the others
				out.Add([]int{k}, embedding.Response{}, err)
			}
			break
		}
	}
	return out.Result()
}

func (f foreign) documents(ctx context.Context, texts []string) (vectors [][]float32, err error) {
	defer f.caught(&err)
	vectors, err = f.f.EmbedDocuments(ctx, texts)
	return vectors, f.judged(err)
}

func (f foreign) query(ctx context.Context, text string) (one embedding.Response, err error) {
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	defer f.caught(&err)
	v, err := f.f.EmbedQuery(ctx, text)
	if err == nil && len(v) == 0 {
		err = f.m.Errorf(embedding.Malformed, "the langchaingo embedder returned neither a vector nor an error")
	}
	if err != nil {
		return embedding.Response{}, f.judged(err)
	}
	return embedding.Response{Vectors: [][]float32{v}, Usage: embedding.Usage{Requests: 1, Unmetered: 1}}, nil
}

// What langchaingo's clients say of an answer that was refused: its status, and then the server's words.
var (
	status  = regexp.MustCompile(`(?i)\bstatus(?: code)?:? (\d{3})\b`)
	tooLong = regexp.MustCompile(`(?i)maximum context length|context length exceed|exceeds (?:the )?(?:maximum )?context length|too many (?:input )?tokens`)
)

// judged gives an error the Kind of the status that its words name, so that the layers above know what is worth another try.
// langchaingo's errors have no type that says it.
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

// caught turns a panic into an error. What the runtime says is shown; another panic's value is not, because it may quote a text.
func (f foreign) caught(err *error) {
	switch p := recover().(type) {
	case nil:
	case runtime.Error:
		*err = f.m.Errorf(embedding.Malformed, "the langchaingo embedder panicked, as it does when an answer has too few vectors: %w", p)
	default:
		*err = f.m.Errorf(embedding.Malformed, "the langchaingo embedder panicked (%T)", p)
	}
}
