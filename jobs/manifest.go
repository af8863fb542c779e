package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/spaces"
)

// version is the version of a job's folder.
const version = 1

// Options say what a job embeds and what it writes. Two runs of one job have the same Options.
type Options struct {
	Inputs []string // files, or objects of Formats.Stores, in the order of the results; at least one
	Out    string   // the job's folder

	// How the files are read: lines, or the Field or Template of records with an ID field. Format is
	// lines, jsonl, csv, tsv or one of Formats; "" tells it from the beginning of each file.
	Format, Field, Template, ID string

	Reference string // what opens the Embedder elsewhere; may be ""
	Task      embedding.Task

	To      string  // npy, jsonl or one of Formats; "" means npy
	Half    bool    // float16 instead of float32, in npy
	Formats Formats // of other modules; the zero value has none

	ShardTexts int // texts of a shard; 0 means 5,000. A shard also ends at 8 MiB of text.

	// Planning is called with the number of texts that were read so far, now and then. It may be nil.
	Planning func(texts int)
}

const (
	shardTexts = 5000
	shardBytes = 8 << 20
)

// Manifest is the file job.json: what a job is. It never changes.
type Manifest struct {
	Version int       `json:"version"`
	ID      string    `json:"id"` // of the Spec
	Spec    Spec      `json:"spec"`
	Plan    Figures   `json:"plan"`
	Created time.Time `json:"created"`
	Price   *Price    `json:"price,omitempty"` // nil if it is unknown
}

// Price is what a million tokens cost when the job was planned.
type Price struct {
	PerMillion float64 `json:"per_million"`
	Currency   string  `json:"currency"`
}

// Spec is what a job is asked to do.
type Spec struct {
	Inputs     []Input  `json:"inputs"`
	Text       Text     `json:"text"`
	ShardTexts int      `json:"shard_texts"`
	Embedder   Embedder `json:"embedder"`
	Output     Output   `json:"output"`
}

// Input is a file to read.
type Input struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	ETag   string `json:"etag,omitempty"` // of an object
	SHA256 string `json:"sha256"`         // of the first and the last MiB
}

// Text says where the text of a record is.
type Text struct {
	Format   string `json:"format,omitempty"`
	Field    string `json:"field,omitempty"`
	Template string `json:"template,omitempty"`
	ID       string `json:"id,omitempty"`
}

// Embedder says which vectors a job writes.
type Embedder struct {
	Reference  string          `json:"reference,omitempty"`
	Space      embedding.Space `json:"space"`
	Variant    string          `json:"variant,omitempty"`
	Dimensions int             `json:"dimensions"`
	Task       string          `json:"task"`
}

// Output says how vectors are written.
type Output struct {
	Format string `json:"format"`
	DType  string `json:"dtype"`
}

// Figures are the size of a job.
type Figures struct {
	Texts  int    `json:"texts"`  // records, with those that cannot be embedded
	Bytes  int64  `json:"bytes"`  // of text
	Tokens int    `json:"tokens"` // estimated, which leans high
	Shards int    `json:"shards"`
	Index  string `json:"index"` // SHA-256 of the file shards
}

// spec makes the Spec of a job, and reads enough of the inputs to know them again.
func (o Options) spec(ctx context.Context, e embedding.Embedder) (s Spec, err error) {
	m := e.Model()
	switch {
	case m.Space == "":
		return s, fmt.Errorf("jobs: the Space of %s:%s is unknown: call embedding.Probe first", m.Provider, m.ID)
	case len(o.Inputs) == 0:
		return s, errors.New("jobs: there is no input")
	case o.ShardTexts < 0:
		return s, fmt.Errorf("jobs: a shard of %d texts: it has at least 1", o.ShardTexts)
	}
	s = Spec{
		Text:       Text{o.Format, o.Field, o.Template, o.ID},
		ShardTexts: o.ShardTexts,
		Embedder:   Embedder{o.Reference, m.Space, m.Variant, m.Dimensions, o.Task.String()},
		Output:     Output{"npy", "float32"},
	}
	if s.ShardTexts == 0 {
		s.ShardTexts = shardTexts
	}
	if o.To != "" {
		s.Output.Format = o.To
	}
	if o.Half {
		s.Output.DType = "float16"
	}
	if err := o.Formats.writes(s.Output.Format, o.Half); err != nil {
		return s, err
	}
	seen := map[string]bool{}
	for _, path := range o.Inputs {
		in, err := fingerprint(ctx, path, o.Formats)
		if err != nil {
			return s, err
		}
		if seen[in.Path] {
			return s, fmt.Errorf("jobs: the input %s is given twice", path)
		}
		seen[in.Path] = true
		s.Inputs = append(s.Inputs, in)
	}
	return s, nil
}

// fingerprint returns an input as it is now.
func fingerprint(ctx context.Context, path string, formats Formats) (in Input, err error) {
	if isAddress(path) {
		return fingerprintObject(ctx, path, formats)
	}
	if in.Path, err = filepath.Abs(path); err != nil {
		return in, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return in, err
	}
	if !info.Mode().IsRegular() {
		what := "a device or a pipe"
		if info.IsDir() {
			what = "a folder"
		}
		return in, fmt.Errorf("jobs: %s is %s: a job reads its input again after a stop, so write it to a file first", path, what)
	}
	f, err := os.Open(path)
	if err != nil {
		return in, err
	}
	defer func() { _ = f.Close() }() // it was only read
	in.Size = info.Size()
	in.SHA256, err = ends(f, in.Size)
	return in, err
}

// fingerprintObject returns an object as it is now.
func fingerprintObject(ctx context.Context, address string, formats Formats) (in Input, err error) {
	s, err := formats.store(address)
	if err != nil {
		return in, err
	}
	o, err := s.Stat(ctx, address)
	if err != nil {
		return in, err
	}
	in = Input{Path: address, Size: o.Size, ETag: o.ETag}
	in.SHA256, err = ends(&object{ctx: ctx, store: s, address: address, size: o.Size}, o.Size)
	return in, err
}

// ends returns the SHA-256 of the first and the last MiB of a file.
func ends(f io.ReaderAt, size int64) (string, error) {
	const most = 1 << 20
	buf := make([]byte, min(most, size)) // in one request of a store
	h := sha256.New()
	for _, from := range []int64{0, max(most, size-most)} {
		if from >= size {
			break
		}
		b := buf[:min(most, size-from)]
		if n, err := f.ReadAt(b, from); n < len(b) {
			return "", unexpected(err)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// id returns the first 12 digits of the SHA-256 of a Spec.
func (s Spec) id() string {
	data, err := json.Marshal(s)
	if err != nil {
		return "" // it has only strings and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// differs says how now differs from the Spec of a job, or "".
func (s Spec) differs(now Spec) string {
	var all []string
	say := func(what string, was, is any) {
		if !reflect.DeepEqual(was, is) {
			all = append(all, fmt.Sprintf("%s was %v and is %v", what, was, is))
		}
	}
	say("the space", s.Embedder.Space, now.Embedder.Space)
	say("the variant", s.Embedder.Variant, now.Embedder.Variant)
	say("the reference", s.Embedder.Reference, now.Embedder.Reference)
	say("the task", s.Embedder.Task, now.Embedder.Task)
	say("the format of the input", s.Text.Format, now.Text.Format)
	say("the field of the text", s.Text.Field, now.Text.Field)
	say("the template", s.Text.Template, now.Text.Template)
	say("the field of the id", s.Text.ID, now.Text.ID)
	say("the output's format", s.Output.Format, now.Output.Format)
	say("the output's numbers", s.Output.DType, now.Output.DType)
	say("the number of texts in a shard", s.ShardTexts, now.ShardTexts)
	say("the number of input files", len(s.Inputs), len(now.Inputs))
	for i := range min(len(s.Inputs), len(now.Inputs)) {
		was, is := s.Inputs[i], now.Inputs[i]
		if was.Path != is.Path {
			say(fmt.Sprintf("input %d", i+1), was.Path, is.Path)
		} else if why := was.differs(is); why != "" {
			all = append(all, why)
		}
	}
	return strings.Join(all, "; ")
}

// differs says how a file has changed, or "".
func (in Input) differs(now Input) string {
	switch {
	case now.Size < in.Size:
		return fmt.Sprintf("the input %s has shrunk from %d to %d bytes", in.Path, in.Size, now.Size)
	case now.Size > in.Size:
		return fmt.Sprintf("the input %s has grown from %d to %d bytes", in.Path, in.Size, now.Size)
	case now.SHA256 != in.SHA256 || now.ETag != in.ETag:
		return fmt.Sprintf("the input %s has other content than when the job was planned", in.Path)
	}
	return ""
}

// fits returns an error if an Embedder does not give the vectors of the job.
func (m Manifest) fits(e embedding.Embedder) error {
	now, was := e.Model(), m.Spec.Embedder
	if !now.Space.Same(was.Space) {
		return fmt.Errorf("jobs: job %s has vectors of the space %q and this embedder gives %q: open the one that the job was planned with%s, "+
			"or start another job in another folder", m.ID, was.Space, now.Space, spaces.Keep(now, was.Space))
	}
	if now.Variant != was.Variant {
		return fmt.Errorf("jobs: job %s has vectors of the variant %q and this embedder gives %q: open the one that the job was planned with, "+
			"or start another job in another folder", m.ID, was.Variant, now.Variant)
	}
	return nil
}

// unchanged returns an error if an input is not what was planned.
func (m Manifest) unchanged(ctx context.Context, formats Formats) error {
	for _, in := range m.Spec.Inputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		now, err := fingerprint(ctx, in.Path, formats)
		if err != nil {
			return fmt.Errorf("jobs: job %s cannot read its input: %w", m.ID, err)
		}
		if why := in.differs(now); why != "" {
			return fmt.Errorf("jobs: job %s: %s: bring back the file, or start another job in another folder", m.ID, why)
		}
	}
	return nil
}

func (m Manifest) half() bool { return m.Spec.Output.DType == "float16" }

// task returns the Task of the job.
func (m Manifest) task() embedding.Task {
	t := embedding.TaskDocument
	for t.String() != m.Spec.Embedder.Task && t < embedding.TaskClustering {
		t++
	}
	return t
}

// parseManifest reads job.json.
func parseManifest(data []byte) (m Manifest, err error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return m, fmt.Errorf("it is damaged: %w", err)
	}
	if head.Version != version {
		return m, fmt.Errorf("it has version %d and this program reads %d: use the program that planned the job", head.Version, version)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("it is damaged: %w", err)
	}
	if m.ID != m.Spec.id() {
		return m, fmt.Errorf("it was changed: its id is %s and that of its content %s", m.ID, m.Spec.id())
	}
	if p := m.Plan; p.Shards < 0 || p.Texts < 0 || m.Spec.Embedder.Dimensions < 1 || m.Spec.ShardTexts < 1 {
		return m, errors.New("it is damaged: a figure is out of range")
	}
	return m, nil
}
