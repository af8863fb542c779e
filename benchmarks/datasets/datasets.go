package datasets

import (
	"bufio"
	"bytes"
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

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Retrieval is a set of documents and queries, with judgments of which document answers which
// query.
type Retrieval struct {
	Name      string
	Documents []Text
	Queries   []Text                    // each has at least one judgment
	Judged    map[string]map[string]int // by query and document; 0 is irrelevant
	Whole     int                       // documents before Fewer; 0 without it
	Absent    int                       // judgments left out, because there is no such query or document
	Repeated  int                       // judgments left out, because an equal one is there
}

// Text is a document or a query.
type Text struct {
	ID    string
	Title string // documents only; may be ""
	Body  string
}

// Embedded returns the text to embed: title and body with a space between them, as in BEIR and
// MTEB.
func (t Text) Embedded() string {
	if t.Title == "" {
		return t.Body
	}
	return strings.TrimSpace(t.Title + " " + t.Body)
}

// Pairs is a list of sentence pairs with gold scores of their similarity.
type Pairs struct {
	Name          string
	First, Second []string
	Gold          []float64 // finite, not all equal
}

// Sample keeps n of the queries, drawn by seed, and all documents. The Name says so. It changes
// nothing if n is 0 or not below the number of queries.
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

// Fewer keeps about n documents: all that are judged for the queries, and others drawn by seed. The
// Name says so. Use it for models that are too slow or too expensive for the whole set. Fewer
// documents are easier to tell apart, so scores are higher than on the whole set. It changes
// nothing if n is 0 or not below the number of documents.
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

// Sample keeps n of the pairs, drawn by seed. The Name says so. It changes nothing if n is 0 or not
// below the number of pairs.
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

// draw returns n of all indexes, ascending, or nil if all are kept.
func draw(all, n int, seed uint64) []int {
	if n <= 0 || n >= all {
		return nil
	}
	return slices.Sorted(slices.Values(rand.New(rand.NewPCG(seed, 0x5a)).Perm(all)[:n]))
}

// maxLine limits the length of a line.
const maxLine = 16 << 20

// lines calls each with every line of a file, read by unpacked. Errors name the file and the line,
// counted from 1.
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
		if err := each(s.Text()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return nil
}

// unpacked decompresses a file if its name ends in .gz. It removes a byte order mark, and decodes
// UTF-16 that has one.
func unpacked(name string, f io.Reader) (io.Reader, error) {
	if strings.HasSuffix(name, ".gz") {
		in, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f = in
	}
	out := bufio.NewReader(transform.NewReader(f, unicode.BOMOverride(transform.Nop)))
	if head, _ := out.Peek(512); bytes.IndexByte(head, 0) >= 0 { // reading meets the error again
		return nil, fmt.Errorf("%s: the file is binary, or UTF-16 without a byte order mark: write it as UTF-8", name)
	}
	return out, nil
}

// firstFile returns the first of the names that exists.
func firstFile(names ...string) (string, error) {
	for _, name := range names {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return name, err
		}
	}
	return "", fmt.Errorf("none of these files exists: %s", strings.Join(names, ", "))
}
