package embedding

import "fmt"

// Merger puts the rows of several answers in their places. It is the only code that merges: partial cache hits,
// batches, fallbacks and the guard all use it. It is not safe for concurrent use.
type Merger struct {
	rows    []Row
	errs    []error // nil until something failed; an entry is void once its row is set
	usage   Usage
	id      string
	answers int // requests that the ID could come from
}

// NewMerger returns a Merger for n inputs, none of which has a row.
func NewMerger(n int) *Merger { return &Merger{rows: make([]Row, n)} }

// Set places one row, such as a cache hit.
func (m *Merger) Set(i int, row Row) { m.rows[i] = row }

// Use adds usage that belongs to no answer, such as that of texts which were found and not asked for.
func (m *Merger) Use(u Usage) { m.usage = m.usage.Add(u) }

// Add places what res, or a *PartialError in err, holds for the inputs idx, in idx's order, and keeps the error of
// each input that failed. A nil idx is all inputs. A later row replaces an earlier error, never the reverse.
func (m *Merger) Add(idx []int, res Response, err error) {
	n := len(idx)
	at := func(k int) int { return idx[k] }
	if idx == nil {
		n = len(m.rows)
		at = func(k int) int { return k }
	}
	p, partial := err.(*PartialError)
	switch {
	case partial:
		res = p.Response
		for _, f := range p.Failed {
			if f.Index >= 0 && f.Index < n {
				m.fail(at(f.Index), f.Err)
			}
		}
	case err != nil:
		for k := range n {
			m.fail(at(k), err)
		}
		return
	}
	if len(res.Vectors) != n {
		err := &Error{Kind: Malformed, Err: fmt.Errorf("count law: %d vectors for %d texts", len(res.Vectors), n)}
		for k := range n {
			m.fail(at(k), err)
		}
		return
	}
	for k := range n {
		if row := res.Row(k); row.Ok() {
			m.rows[at(k)] = row
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

// Missing returns the inputs that have no row yet, ascending: those not asked for and those that failed.
func (m *Merger) Missing() []int {
	missing := 0
	for _, row := range m.rows {
		if !row.Ok() {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	idx := make([]int, 0, missing)
	for i, row := range m.rows {
		if !row.Ok() {
			idx = append(idx, i)
		}
	}
	return idx
}

// Result returns everything merged so far. If rows are missing, the error is a *PartialError that holds the rest, or,
// where no input succeeded, all failed by the same error and nothing was paid, that error.
func (m *Merger) Result() (Response, error) {
	res := Response{Usage: m.usage}
	if m.answers == 1 {
		res.ID = m.id
	}
	if len(m.rows) == 0 {
		return res, nil
	}
	res.Vectors = make([][]float32, len(m.rows))
	missing := 0
	for i, row := range m.rows {
		res.Vectors[i] = row.Vector
		if !row.Ok() {
			missing++
		}
	}
	if missing == 0 {
		return res, nil
	}
	failed := make([]TextError, 0, missing)
	alike := missing == len(m.rows) && m.usage == (Usage{}) // only a PartialError can tell of usage
	for i, row := range m.rows {
		if row.Ok() {
			continue
		}
		var err error
		if m.errs != nil {
			err = m.errs[i]
		}
		if err == nil {
			err = &Error{Kind: Malformed, Err: fmt.Errorf("count law: no answer for text %d", i)}
		}
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
