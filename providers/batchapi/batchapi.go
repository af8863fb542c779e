// Package batchapi has the interface of vendors' batch APIs: many texts in one file, answered
// within a day, at a part of the price. Package jobs works through it, and the providers' packages
// implement it.
package batchapi

import (
	"context"
	"errors"
	"time"

	"github.com/vecspace/embedding"
)

// API is the batch API of one vendor for one model. It is safe for concurrent use. Its errors are
// the context's own or an [*embedding.Error], and repeat neither keys nor texts.
type API interface {
	Terms() Terms
	// Submit gives a batch to the vendor, which begins with it, and returns the vendor's id. After an
	// error the batch may be there all the same; Find tells.
	Submit(ctx context.Context, b Batch) (id string, err error)
	// Find returns the ids of all batches with a Mark, oldest first.
	Find(ctx context.Context, mark string) (ids []string, err error)
	// Poll returns how far a batch is.
	Poll(ctx context.Context, id string) (State, error)
	// Results calls take with each answer of a batch that has ended, in any order, and may call it
	// with answers that nobody has asked for, or twice. text returns the text of a line, "" if there
	// is no such line, so that no error repeats it. Results returns [ErrCut] if a file of answers is
	// not whole; what came before that is good.
	Results(ctx context.Context, id string, text func(id string) string, take func(Result)) error
	// Cancel ends a batch. What is answered already is billed.
	Cancel(ctx context.Context, id string) error
}

// ErrCut is in the chain of the error of [API.Results] for a file that ends too early.
var ErrCut = errors.New("the file of answers is not whole")

// Terms are what a vendor's batch API takes and costs.
type Terms struct {
	Model  embedding.Model // of the vectors
	Lines  int             // texts of a batch at most
	Bytes  int             // of its file at most
	Window time.Duration   // in which a batch is answered or has expired
	Share  float64         // of the model's price; 0 means that it is unknown
	// Unverified says what of this has no good source. "" means that all has.
	Unverified string
}

// Batch is what is asked at once.
type Batch struct {
	Mark  string // in the batch's metadata, at most 64 letters, digits and hyphens
	Task  embedding.Task
	Lines []Line
}

// Line is one text under an ID of its own, of at most 64 characters.
type Line struct{ ID, Text string }

// State is how far a batch is.
type State struct {
	Ended  bool   // no more answers will come; there may be none at all
	Status string // in the vendor's word
	Lines  int    // that have an answer or an error
	Err    error  // why the vendor took the batch not at all
}

// Result is the answer to a line: a vector, or an error that says why there is none. An error that
// is Rejected is the text's own.
type Result struct {
	ID     string
	Vector []float32
	Usage  embedding.Usage // that the vendor counted, for a vector that cannot be used too
	Err    error
}
