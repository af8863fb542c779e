package embedding

import (
	"context"
	"errors"
	"fmt"
)

// PartialError is returned when some texts succeeded and some failed, or when texts failed for reasons of their own. Nothing that
// was paid for is lost: Response has a row for every text that succeeded and nil for the others, and its usage.
type PartialError struct {
	Response Response
	Failed   []TextError // by ascending index; never empty
}

// TextError is the failure of one text of a request.
type TextError struct {
	Index int // of the text in the request
	Err   error
}

// Error tells the counts and the first failure.
func (e *PartialError) Error() string {
	if len(e.Failed) == 0 {
		return "embedding: partial failure without a failed text"
	}
	f := e.Failed[0]
	return fmt.Sprintf("embedding: %d of %d texts failed, first text %d: %v", len(e.Failed), len(e.Response.Vectors), f.Index, f.Err)
}

// Unwrap returns each text's error, equal ones once.
func (e *PartialError) Unwrap() []error {
	var out []error
	for _, f := range e.Failed {
		// Comparing only with the last one keeps this linear: layers give a failed chunk's texts one error value.
		if f.Err != nil && (len(out) == 0 || !same(out[len(out)-1], f.Err)) {
			out = append(out, f.Err)
		}
	}
	return out
}

// Is reports whether target is the kind Partial; the texts' own kinds are found through Unwrap.
func (e *PartialError) Is(target error) bool { return target == error(Partial) }

// Salvage returns res, or the part that a *PartialError in err carries. It is how a caller keeps what was paid for.
func Salvage(res Response, err error) Response {
	if p, ok := errors.AsType[*PartialError](err); ok {
		return p.Response
	}
	return res
}

// same compares two errors without the panic that uncomparable dynamic types cause.
func same(a, b error) bool {
	if x, ok := a.(*Error); ok {
		y, ok := b.(*Error)
		return ok && x == y
	}
	switch a {
	case context.Canceled, context.DeadlineExceeded:
		return a == b
	}
	return false
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
