package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/vecspace/embedding/internal/rows"
)

// Verified is what [Job.Verify] has found.
type Verified struct {
	Parts    int      `json:"parts"`
	Missing  int      `json:"missing"` // shards that are not done
	Failed   int      `json:"failed"`  // shards
	Texts    int      `json:"texts"`   // records in parts
	Vectors  int      `json:"vectors"`
	Rejected int      `json:"rejected"`
	Problems []string `json:"problems,omitempty"` // one for each damaged part, at most 100
	Damaged  []int    `json:"damaged,omitempty"`  // shards with a problem, for Retry
}

const mostProblems = 100

// Verify reads the inputs and all results again: each record has one vector or one rejection, the
// ids are those of the records, each file is as it was written and as long as it says, and each
// part belongs to this job. It returns an error only if it could not look, such as for an input
// that has changed.
func (j *Job) Verify(ctx context.Context) (v Verified, err error) {
	if err := j.Manifest.unchanged(ctx, j.formats); err != nil {
		return v, err
	}
	in := &reader{ctx: ctx, m: j.Manifest, formats: j.formats}
	defer in.close()
	for n := range j.Manifest.Plan.Shards {
		if err := ctx.Err(); err != nil {
			return v, err
		}
		if exists(j.failedName(n)) {
			v.Failed++
			continue
		}
		if !exists(filepath.Join(j.path(dataName), partFolder(n))) {
			v.Missing++
			continue
		}
		p, err := j.verify(in, n)
		if err != nil {
			v.Damaged = append(v.Damaged, n)
			if len(v.Problems) < mostProblems {
				v.Problems = append(v.Problems, fmt.Sprintf("shard %d: %v", n, err))
			}
			continue
		}
		v.Parts++
		v.Texts += p.Texts
		v.Vectors += p.Vectors
		v.Rejected += p.Rejected
	}
	return v, nil
}

// verify checks one part.
func (j *Job) verify(in *reader, n int) (p Part, err error) {
	s, err := j.index.shard(n)
	if err != nil {
		return p, err
	}
	if p, err = j.readPart(n); err != nil {
		return p, err
	}
	if p.First != s.first || p.Texts != s.texts {
		return p, fmt.Errorf("it has the records from %d, %d of them, and the plan says from %d, %d", p.First, p.Texts, s.first, s.texts)
	}
	dir := filepath.Join(j.path(dataName), partFolder(n))
	for name, want := range p.Files {
		if got, err := checksum(filepath.Join(dir, filepath.Base(name))); err != nil {
			return p, err
		} else if got != want {
			return p, fmt.Errorf("%s has another checksum than when it was written", name)
		}
	}
	records, err := in.read(s)
	if err != nil {
		return p, err
	}
	rejected, err := readRejected(dir, p)
	if err != nil {
		return p, err
	}
	want := make([]rows.Row, 0, len(records))
	for i, r := range records {
		if r.Index = s.first + i; !rejected[r.Index] {
			want = append(want, r)
		}
	}
	if len(want) != p.Vectors {
		return p, fmt.Errorf("%s does not name %d records of the shard, as part.json says", rejectedName, p.Rejected)
	}
	switch format := j.Manifest.Spec.Output.Format; format {
	case "jsonl":
		return p, j.verifyJSONL(dir, want)
	case "npy":
		return p, j.verifyNPY(dir, want)
	default:
		return p, j.verifyForeign(dir, format, want)
	}
}

func readRejected(dir string, p Part) (map[int]bool, error) {
	out := map[int]bool{}
	if p.Rejected == 0 {
		return out, nil
	}
	f, err := os.Open(filepath.Join(dir, rejectedName))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	for d := json.NewDecoder(f); ; {
		var r Rejection
		if err := d.Decode(&r); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", rejectedName, err)
		}
		if out[r.Index] || r.Index < p.First || r.Index >= p.First+p.Texts {
			return nil, fmt.Errorf("%s names record %d twice, or it is of another shard", rejectedName, r.Index)
		}
		out[r.Index] = true
	}
}

func (j *Job) verifyNPY(dir string, want []rows.Row) error {
	f, err := os.Open(filepath.Join(dir, npyName))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	head, err := rows.ReadNPY(f)
	if err != nil {
		return fmt.Errorf("%s: %w", npyName, err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if dims := j.Manifest.Spec.Embedder.Dimensions; head.Rows != len(want) || head.Dimensions != dims || head.Half != j.Manifest.half() {
		return fmt.Errorf("%s has %d vectors of %d dimensions, want %d of %d", npyName, head.Rows, head.Dimensions, len(want), dims)
	}
	if size := int64(len(head.Head())) + int64(head.Rows)*int64(head.RowBytes()); info.Size() != size {
		return fmt.Errorf("%s has %d bytes, want %d", npyName, info.Size(), size)
	}
	ids, err := os.Open(filepath.Join(dir, idsName))
	if err != nil {
		return err
	}
	defer func() { _ = ids.Close() }() // it was only read
	in := bufio.NewReader(ids)
	for _, r := range want {
		id := r.ID
		if id == "" {
			id = strconv.Itoa(r.Index)
		}
		if got, err := in.ReadString('\n'); err != nil || got != id+"\n" {
			return fmt.Errorf("%s has another id for record %d, or none", idsName, r.Index)
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return fmt.Errorf("%s has more ids than there are vectors", idsName)
	}
	return nil
}

func (j *Job) verifyForeign(dir, format string, want []rows.Row) error {
	next, end, err := j.openForeign(dir, format)
	if err != nil {
		return err
	}
	defer end()
	name := vectorsName(format)
	for _, r := range want {
		got, err := next()
		if err != nil {
			return fmt.Errorf("%s has no vector of record %d: %w", name, r.Index, unexpected(err))
		}
		if got.Index != r.Index || got.ID != r.ID || len(got.Vector) != j.Manifest.Spec.Embedder.Dimensions {
			return fmt.Errorf("%s has record %d with %d dimensions, want record %d with %d", name, got.Index, len(got.Vector), r.Index,
				j.Manifest.Spec.Embedder.Dimensions)
		}
	}
	if _, err := next(); err != io.EOF {
		return fmt.Errorf("%s has more vectors than there are records", name)
	}
	return nil
}

func (j *Job) verifyJSONL(dir string, want []rows.Row) error {
	f, err := os.Open(filepath.Join(dir, jsonlName))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	d := json.NewDecoder(bufio.NewReader(f))
	for _, r := range want {
		var got struct {
			Index  int
			ID     string
			Vector []float32
		}
		if err := d.Decode(&got); err != nil {
			return fmt.Errorf("%s is damaged or has no vector of record %d: %w", jsonlName, r.Index, err)
		}
		if got.Index != r.Index || got.ID != r.ID || len(got.Vector) != j.Manifest.Spec.Embedder.Dimensions {
			return fmt.Errorf("%s has record %d with %d dimensions, want record %d with %d", jsonlName, got.Index, len(got.Vector), r.Index,
				j.Manifest.Spec.Embedder.Dimensions)
		}
	}
	if d.More() {
		return fmt.Errorf("%s has more vectors than there are records", jsonlName)
	}
	return nil
}
