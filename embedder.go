package embedding

import "context"

// Embedder turns texts into vectors. Implementations are safe for concurrent use.
type Embedder interface {
	// Embed returns one vector per text, in order. It neither keeps nor edits req.Texts, and no value
	// in ctx changes a vector. If some texts succeed and some fail, the error is a *PartialError with
	// the vectors; any other error comes without vectors.
	Embed(ctx context.Context, req Request) (Response, error)
	// Model describes the vectors. It always returns the same value and does no I/O.
	Model() Model
}

// Middleware adds behavior around an Embedder. Applying one never fails. It panics only if next is
// nil; constructors check everything else.
type Middleware func(next Embedder) Embedder

// Task says what the texts are for. Models trained with roles give the same text different vectors
// for different tasks; a model with [Model].Symmetric ignores the task.
type Task uint8

// The tasks. The zero value is TaskDocument: a text that is stored and searched.
const (
	TaskDocument Task = iota
	TaskQuery
	TaskSimilarity
	TaskClassification
	TaskClustering
)

var taskNames = [...]string{"document", "query", "similarity", "classification", "clustering"}

// String returns the task's name in lower case.
func (t Task) String() string {
	if int(t) < len(taskNames) {
		return taskNames[t]
	}
	return "unknown task"
}

// Request is the input of one call. The zero value is an empty request: it makes no call and gets
// an empty Response.
type Request struct {
	Texts []string
	Task  Task
}

// Pick returns a request for the texts at the indexes idx, in that order. If idx is one ascending
// run, the result shares memory with r.Texts, which nobody edits; otherwise the texts are copied.
func (r Request) Pick(idx []int) Request {
	r.Texts = pick(r.Texts, idx)
	return r
}

func pick(all []string, idx []int) []string {
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
	out := make([]string, len(idx))
	for k, i := range idx {
		out[k] = all[i]
	}
	return out
}

// Response is the result of one call. Vectors has one row per text, in order, and each row has
// Model().Dimensions values. Rows are read-only, because a cache and other callers may share them;
// [Documents] and [Query] return copies. A row is nil only inside a [PartialError].
type Response struct {
	Vectors [][]float32
	Usage   Usage
	ID      string // the provider's request id; empty if several requests were merged
}

// Usage counts what a call has cost: the sum over all calls, successful or partial, is what the
// provider counted for the answers it gave. A request that was billed and then failed is not in it;
// middleware.Attempts sees those.
type Usage struct {
	Requests  int // answers accepted
	Tokens    int // input tokens the provider counted
	Unmetered int // requests whose tokens the provider did not report
	Reused    int // texts that cost nothing: cached, already in flight, or repeated in a request
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
