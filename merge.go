package embedding

import (
	"errors"
	"fmt"
	"slices"
)

// Merger puts the vectors of several answers in their places. All layers that split a request merge
// with it: cache, batches, fallbacks and the guard. It is not safe for concurrent use.
type Merger struct {
	rows    [][]float32
	errs    []error // nil until something fails; once a text has its row, its error is void
	usage   Usage
	id      string
	answers int // requests that the ID could come from
}

// NewMerger returns a Merger for n texts without vectors.
func NewMerger(n int) *Merger { return &Merger{rows: make([][]float32, n)} }

// Set places the vector of text i, such as a cache hit.
func (m *Merger) Set(i int, vector []float32) { m.rows[i] = vector }

// Use adds usage that belongs to no answer, such as [Usage].Reused for cache hits.
func (m *Merger) Use(u Usage) { m.usage = m.usage.Add(u) }

// Add places an answer to the texts idx, in that order: the vectors of res, or those of a
// [*PartialError] in err, and the error of each text that failed. A nil idx means all texts. A
// vector replaces an earlier error, but an error never replaces a vector.
func (m *Merger) Add(idx []int, res Response, err error) {
	n := len(idx)
	at := func(k int) int { return idx[k] }
	if idx == nil {
		n = len(m.rows)
		at = func(k int) int { return k }
	}
	if p, ok := errors.AsType[*PartialError](err); ok {
		res, err = p.Response, nil
		for _, f := range p.Failed {
			if f.Index >= 0 && f.Index < n {
				m.fail(at(f.Index), f.Err)
			}
		}
	}
	if err == nil && len(res.Vectors) != n {
		err = &Error{Kind: Malformed, Err: fmt.Errorf("count law: %d vectors for %d texts", len(res.Vectors), n)}
	}
	if err != nil {
		for k := range n {
			m.fail(at(k), err)
		}
		return
	}
	for k, v := range res.Vectors {
		if v != nil {
			m.rows[at(k)] = v
		}
	}
	m.usage = m.usage.Add(res.Usage)
	if res.Usage.Requests > 0 {
		m.answers += res.Usage.Requests
		m.id = res.ID
	}
}

func (m *Merger) fail(i int, err error) {
	if m.errs == nil {
		m.errs = make([]error, len(m.rows))
	}
	m.errs[i] = err
}

// Missing returns the indexes of the texts without a vector, ascending: texts that were not asked
// for and texts that failed.
func (m *Merger) Missing() []int {
	missing := m.missing()
	if missing == 0 {
		return nil
	}
	idx := make([]int, 0, missing)
	for i, v := range m.rows {
		if v == nil {
			idx = append(idx, i)
		}
	}
	return idx
}

func (m *Merger) missing() (n int) {
	for _, v := range m.rows {
		if v == nil {
			n++
		}
	}
	return n
}

// Result returns what was merged so far. If vectors are missing, the error is a [*PartialError]
// with the others. If no text succeeded, all failed by the same error and nothing was paid for,
// it is that error.
func (m *Merger) Result() (Response, error) {
	res := Response{Usage: m.usage}
	if m.answers == 1 {
		res.ID = m.id
	}
	if len(m.rows) == 0 {
		return res, nil
	}
	res.Vectors = slices.Clone(m.rows)
	missing := m.missing()
	if missing == 0 {
		return res, nil
	}
	failed := make([]TextError, 0, missing)
	alike := missing == len(m.rows) && m.usage == (Usage{}) // only a PartialError can carry usage
	for i, v := range m.rows {
		if v != nil {
			continue
		}
		err := m.err(i)
		if len(failed) > 0 && !same(failed[0].Err, err) {
			alike = false
		}
		failed = append(failed, TextError{Index: i, Err: err})
	}
	if alike {
		return Response{}, failed[0].Err
	}
	return Response{}, &PartialError{Response: res, Failed: failed}
}

// err returns why text i has no vector.
func (m *Merger) err(i int) error {
	if m.errs != nil && m.errs[i] != nil {
		return m.errs[i]
	}
	return &Error{Kind: Malformed, Err: fmt.Errorf("count law: no answer for text %d", i)}
}
