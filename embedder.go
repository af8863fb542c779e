package embedding

import "context"

// Embedder turns texts into vectors. Implementations are safe for concurrent use.
type Embedder interface {
	// Embed returns one vector per text, in their order. It neither keeps nor edits req.Texts, and no value in ctx
	// changes a vector. What succeeded before an error is inside a *PartialError; any other error carries no vectors.
	Embed(ctx context.Context, req Request) (Response, error)
	// Model says what Embed produces. It never changes and does no I/O.
	Model() Model
}

// Middleware adds behaviour around an Embedder. Building one never fails and never panics: whatever can be refused is
// refused by a constructor before.
type Middleware func(next Embedder) Embedder

// Task says what the texts are for. Models that are trained with roles embed the same text differently per task;
// Model.Symmetric says that a model ignores it.
type Task uint8

// The tasks. The zero value is TaskDocument: what is stored and searched.
const (
	TaskDocument Task = iota
	TaskQuery
	TaskSimilarity
	TaskClassification
	TaskClustering
)

var taskNames = [...]string{"document", "query", "similarity", "classification", "clustering"}

// String returns the task's lower-case name.
func (t Task) String() string {
	if int(t) < len(taskNames) {
		return taskNames[t]
	}
	return "unknown task"
}

// Request is one call's input. The zero value is an empty request: it makes no call and gets an empty Response.
type Request struct {
	Texts []string
	Task  Task
}

// Len is the number of inputs of every kind. Layers use it instead of len(r.Texts), so that a later kind of input does
// not pass them unseen.
func (r Request) Len() int { return len(r.Texts) }

// Pick returns the request for the inputs at idx, in idx's order. It copies nothing when idx is one ascending run;
// the result then aliases r, which nobody edits.
func (r Request) Pick(idx []int) Request {
	r.Texts = pick(r.Texts, idx)
	return r
}

func pick[T any](all []T, idx []int) []T {
	if len(idx) == 0 {
		return nil
	}
	run := true
	for k, i := range idx {
		if i != idx[0]+k {
			run = false
			break
		}
	}
	if run {
		lo, hi := idx[0], idx[0]+len(idx)
		return all[lo:hi:hi]
	}
	out := make([]T, len(idx))
	for k, i := range idx {
		out[k] = all[i]
	}
	return out
}

// Response is one call's result. Vectors has one row per input, in their order, all of Model().Dimensions. Rows are
// read-only: they may be shared with a cache and with other callers (Documents and Query give copies). A nil row
// occurs only inside a PartialError.
type Response struct {
	Vectors [][]float32
	Usage   Usage
	ID      string // the provider's request id; empty once several requests are merged
}

// Row returns everything the response holds for input i.
func (r Response) Row(i int) Row { return Row{Vector: r.Vectors[i]} }

// Row is everything a Response holds for one input. Layers store and move Rows, so that a later column travels with them.
type Row struct{ Vector []float32 }

// Ok reports whether the row holds a result.
func (r Row) Ok() bool { return r.Vector != nil }

// Usage adds up: over all calls, successful or partial, it is what the provider counted for the answers that were
// accepted. Attempts that were paid for and then failed are seen by middleware.Attempts only.
type Usage struct {
	Requests  int // answers accepted
	Tokens    int // input tokens the provider counted
	Unmetered int // requests whose tokens the provider did not say
	Reused    int // texts that cost nothing: cached, in flight already, twice in a request
}

// Add returns the sum of both.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Requests:  u.Requests + v.Requests,
		Tokens:    u.Tokens + v.Tokens,
		Unmetered: u.Unmetered + v.Unmetered,
		Reused:    u.Reused + v.Reused,
	}
}
