package jsonhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// mostNumbers bounds an answer of unknown dimensions.
const mostNumbers = 32 << 20

// Vectors reads a list of n lists of dims numbers each. If dims is 0, the first list decides. raw
// must be valid JSON, as every [json.RawMessage] is. Unlike encoding/json, which makes null a 0, it
// refuses everything but numbers. The rows share one slab; appending to one does not reach the
// next.
func Vectors(raw json.RawMessage, n, dims int) ([][]float32, error) {
	s := scanner{raw: raw}
	if !s.take('[') {
		return nil, errors.New("the answer has no list of vectors")
	}
	rows := make([][]float32, 0, n)
	var slab []float32
	for i := 0; !s.take(']'); i++ {
		if i > 0 {
			s.take(',')
		}
		if i == n {
			return nil, fmt.Errorf("the answer has more vectors than the %d that were asked for", n)
		}
		if slab == nil && dims > 0 {
			slab = make([]float32, 0, n*dims)
		}
		from := len(slab)
		var err error
		if slab, err = s.vector(slab, i); err != nil {
			return nil, err
		}
		got := len(slab) - from
		if got == 0 {
			return nil, fmt.Errorf("vector %d of the answer is empty", i)
		}
		if dims == 0 {
			dims = got
			if dims > mostNumbers/n {
				return nil, fmt.Errorf("the answer is too long: %d vectors of %d numbers", n, dims)
			}
			first := slab
			slab = append(make([]float32, 0, n*dims), first...)
		}
		if got != dims {
			return nil, fmt.Errorf("vector %d of the answer has %d dimensions, not %d", i, got, dims)
		}
		rows = append(rows, slab[from:len(slab):len(slab)])
	}
	if len(rows) < n {
		return nil, fmt.Errorf("the answer has %d vectors for %d texts", len(rows), n)
	}
	return rows, nil
}

// scanner reads JSON that is known to be valid.
type scanner struct {
	raw []byte
	at  int
}

// take skips white space. It reports whether c comes next, and takes it.
func (s *scanner) take(c byte) bool {
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
			continue
		case c:
			s.at++
			return true
		}
		return false
	}
	return false
}

// vector appends the numbers of the next list, the i-th, to v.
func (s *scanner) vector(v []float32, i int) ([]float32, error) {
	if !s.take('[') {
		return nil, fmt.Errorf("vector %d of the answer is no list", i)
	}
	for k := 0; !s.take(']'); k++ {
		if k > 0 {
			s.take(',')
		}
		s.take(' ') // and all other white space
		from := s.at
		for s.at < len(s.raw) && isNumeric(s.raw[s.at]) {
			s.at++
		}
		f, err := strconv.ParseFloat(string(s.raw[from:s.at]), 32)
		if err != nil {
			return nil, fmt.Errorf("number %d of vector %d of the answer does not fit a float32", k, i)
		}
		v = append(v, float32(f))
	}
	return v, nil
}

func isNumeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
