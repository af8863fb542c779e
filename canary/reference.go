package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/internal/whole"
)

// version is the version of a Reference's format.
const version = 1

// maxFile is the largest file that Read accepts, far above what a useful reference needs.
const maxFile = 256 << 20

// Reference holds what a provider answered when [Record] made it. It is plain data; encoding/json
// keeps every bit of it.
type Reference struct {
	Version    int             `json:"version"`
	Recorded   time.Time       `json:"recorded"`
	Provider   string          `json:"provider"`
	Model      string          `json:"model"`
	Space      embedding.Space `json:"space"`
	Variant    string          `json:"variant,omitempty"`
	Dimensions int             `json:"dimensions"`
	Normalized bool            `json:"normalized"` // every vector had unit length
	Noise      float64         `json:"noise"`      // largest 1 - cosine of two answers
	Tolerance  float64         `json:"tolerance"`  // largest 1 - cosine that is not a drift
	Texts      []string        `json:"texts"`
	Documents  []Vector        `json:"documents"`         // one per text
	Queries    []Vector        `json:"queries,omitempty"` // none if the model is Symmetric
}

// Vector is encoded as the base64 of its little-endian float32 values, which loses nothing.
type Vector []float32

// MarshalText implements [encoding.TextMarshaler].
func (v Vector) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, floats.Append(nil, v)), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (v *Vector) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%4 != 0 {
		return errors.New("a vector is not base64 of 32-bit values")
	}
	*v = make(Vector, len(raw)/4)
	floats.Decode(*v, raw)
	return nil
}

// WriteTo writes the reference as JSON. It implements [io.WriterTo].
func (r Reference) WriteTo(w io.Writer) (int64, error) {
	if err := r.valid(); err != nil {
		return 0, err
	}
	body, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return 0, fmt.Errorf("canary: %w", err)
	}
	n, err := w.Write(append(body, '\n'))
	return int64(n), err
}

// Save writes the reference to a file that only its owner can read. It writes a temporary file
// beside path and renames it, so the file is complete or unchanged.
func (r Reference) Save(path string) error {
	var b bytes.Buffer
	_, err := r.WriteTo(&b)
	if err == nil {
		err = whole.Write(path, b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("canary: saving the reference: %w", err)
	}
	return nil
}

// Read reads what [Reference.WriteTo] wrote. It is an error if the reference has another version or
// is not whole.
func Read(from io.Reader) (Reference, error) {
	body, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return Reference{}, fmt.Errorf("canary: reading the reference: %w", err)
	}
	if len(body) > maxFile {
		return Reference{}, fmt.Errorf("canary: the reference is larger than %d bytes", maxFile)
	}
	var r Reference
	if err := json.Unmarshal(body, &r); err != nil {
		return Reference{}, fmt.Errorf("canary: the reference is not whole, record it again: %w", err)
	}
	if err := r.valid(); err != nil {
		return Reference{}, err
	}
	return r, nil
}

// Load reads the file that [Reference.Save] wrote. If there is none, the error matches
// [io/fs.ErrNotExist].
func Load(path string) (Reference, error) {
	f, err := os.Open(path)
	if err != nil {
		return Reference{}, fmt.Errorf("canary: opening the reference: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return Read(f)
}

// valid returns an error if the reference cannot be used.
func (r Reference) valid() error {
	switch {
	case r.Version != version:
		return fmt.Errorf("canary: the reference has version %d, this program reads %d: record it again", r.Version, version)
	case r.Space == "":
		return errors.New("canary: the reference has no Space: record it again")
	case r.Dimensions < 1 || len(r.Texts) == 0:
		return errors.New("canary: the reference has no vectors: record it again")
	case !(r.Tolerance > 0 && r.Tolerance < 1):
		return fmt.Errorf("canary: the reference has a tolerance of %v, it must be between 0 and 1: record it again", r.Tolerance)
	case len(r.Documents) != len(r.Texts), len(r.Queries) != 0 && len(r.Queries) != len(r.Texts):
		return fmt.Errorf("canary: the reference has %d texts, %d document vectors and %d query vectors: record it again",
			len(r.Texts), len(r.Documents), len(r.Queries))
	}
	for _, rows := range [][]Vector{r.Documents, r.Queries} {
		for i, v := range rows {
			if len(v) != r.Dimensions {
				return fmt.Errorf("canary: vector %d of the reference has %d dimensions, not %d: record it again", i, len(v), r.Dimensions)
			}
			if l := floats.Norm(v); !(l > 0) || math.IsInf(l, 0) {
				return fmt.Errorf("canary: vector %d of the reference is zero or not finite: record it again", i)
			}
		}
	}
	return nil
}
