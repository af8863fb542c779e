package datasets

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// Retrieval is a set of documents, queries and judgements of which document answers which query.
type Retrieval struct {
	Name      string
	Documents []Text
	Queries   []Text                    // each has at least one judgement
	Judged    map[string]map[string]int // by query, then document: 0 is not relevant, above is how much
	Whole     int                       // how many documents there were before Fewer took some out, else 0
}

// Text is a document or a query.
type Text struct {
	ID    string
	Title string // of a document that has one
	Body  string
}

// Embedded is the text that is embedded: title and body with a space between, as BEIR and MTEB do.
func (t Text) Embedded() string {
	if t.Title == "" {
		return t.Body
	}
	return strings.TrimSpace(t.Title + " " + t.Body)
}

// Pairs is a list of pairs of sentences with a gold score of how alike they are.
type Pairs struct {
	Name          string
	First, Second []string
	Gold          []float64 // finite, not all equal
}

// Sample keeps n of the queries, drawn by seed, and all documents; the name then says so. n of 0, or of at least as many as there are,
// changes nothing.
func (r *Retrieval) Sample(n int, seed uint64) *Retrieval {
	keep := draw(len(r.Queries), n, seed)
	if keep == nil {
		return r
	}
	out := *r
	out.Queries = picked(r.Queries, keep)
	out.Name = fmt.Sprintf("%s, sample of %d queries", r.Name, len(r.Queries))
	return &out
}

// Fewer keeps about n of the documents: all that are judged for the queries, and others drawn by seed; the name then says so. It is for
// models that are too slow or too dear for the whole set. Fewer documents are easier to tell apart, so figures of such a set are higher
// than those of the whole one. n of 0, or of at least as many as there are, changes nothing.
func (r *Retrieval) Fewer(n int, seed uint64) *Retrieval {
	if n <= 0 || n >= len(r.Documents) {
		return r
	}
	judged := map[string]bool{}
	for _, q := range r.Queries {
		for id := range r.Judged[q.ID] {
			judged[id] = true
		}
	}
	var keep, others []int
	for i, d := range r.Documents {
		if judged[d.ID] {
			keep = append(keep, i)
		} else {
			others = append(others, i)
		}
	}
	keep = append(keep, picked(others, draw(len(others), n-len(keep), seed))...)
	slices.Sort(keep)
	out := *r
	out.Documents = picked(r.Documents, keep)
	out.Whole = cmp.Or(r.Whole, len(r.Documents))
	out.Name = fmt.Sprintf("%s, part of %d documents", r.Name, out.Whole)
	return &out
}

// Sample keeps n of the pairs, drawn by seed; the name then says so. n of 0, or of at least as many as there are, changes nothing.
func (p *Pairs) Sample(n int, seed uint64) *Pairs {
	keep := draw(len(p.Gold), n, seed)
	if keep == nil {
		return p
	}
	return &Pairs{
		Name:  fmt.Sprintf("%s, sample of %d", p.Name, len(p.Gold)),
		First: picked(p.First, keep), Second: picked(p.Second, keep), Gold: picked(p.Gold, keep),
	}
}

func picked[T any](from []T, at []int) []T {
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = from[i]
	}
	return out
}

// draw returns n of all indexes, ascending, or nil where all are kept.
func draw(all, n int, seed uint64) []int {
	if n <= 0 || n >= all {
		return nil
	}
	return slices.Sorted(slices.Values(rand.New(rand.NewPCG(seed, 0x5a)).Perm(all)[:n]))
}

// maxLine is how long a line of a file may be.
const maxLine = 16 << 20

// lines calls each with the lines of a file and their numbers from 1, unpacked where the name ends in .gz. A byte order
// mark is removed. Errors are given the file's name and the line's number.
func lines(name string, each func(line string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	in, err := unpacked(name, f)
	if err != nil {
		return err
	}
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := 0
	for s.Scan() {
		n++
		line := s.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\uFEFF")
		}
		if err := each(line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return nil
}

func unpacked(name string, f io.Reader) (io.Reader, error) {
	if !strings.HasSuffix(name, ".gz") {
		return f, nil
	}
	in, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return in, nil
}

// firstFile returns the first of the names that exists.
func firstFile(names ...string) (string, error) {
	for _, name := range names {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return name, err
		}
	}
	return "", fmt.Errorf("there is none of the files %s", strings.Join(names, ", "))
}
