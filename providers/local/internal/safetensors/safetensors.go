// Package safetensors reads tensors from files of the format in
// https://github.com/huggingface/safetensors.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/vecspace/embedding/internal/floats"
)

// File is an open file. Its methods are safe for concurrent use.
type File struct {
	f       *os.File
	tensors map[string]tensor
	begin   int64 // where the tensors' bytes begin
}

// tensor is an entry of the header.
type tensor struct {
	Type  string   `json:"dtype"`
	Shape []int64  `json:"shape"`
	Range [2]int64 `json:"data_offsets"` // of bytes, behind the header
}

// sizes are the bytes of a value of each type that this package reads.
var sizes = map[string]int64{"F32": 4, "F16": 2, "BF16": 2}

// mostHeader is the format's own limit.
const mostHeader = 100 << 20

// Open reads the header of a file. Errors name the file and, if one is to blame, the tensor.
func Open(name string) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var file *File
		if file, err = read(f, info.Size()); err == nil {
			file.f = f
			return file, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
}

// read reads the header of a file of size bytes.
func read(r io.Reader, size int64) (*File, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, errors.New("the file is no safetensors: it has less than 8 bytes")
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > mostHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("the header has %d bytes and the file %d: it is cut off, or no safetensors", n, size)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(head, &entries); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	delete(entries, "__metadata__")
	f := &File{tensors: make(map[string]tensor, len(entries)), begin: 8 + int64(n)}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var t tensor
		if err := json.Unmarshal(entries[name], &t); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if t.Range[0] < 0 || t.Range[1] < t.Range[0] || t.Range[1] > size-f.begin {
			return nil, fmt.Errorf("tensor %q is at the bytes %d to %d, and there are %d: the file is cut off", name, t.Range[0], t.Range[1], size-f.begin)
		}
		if one, known := sizes[t.Type]; known {
			if want, ok := bytesOf(t.Shape, one); !ok || want != t.Range[1]-t.Range[0] {
				return nil, fmt.Errorf("tensor %q has %d bytes, which the shape %v of %s does not fill", name, t.Range[1]-t.Range[0], t.Shape, t.Type)
			}
		}
		f.tensors[name] = t
	}
	return f, nil
}

// bytesOf returns the size of a shape whose values have one bytes each.
func bytesOf(shape []int64, one int64) (int64, bool) {
	n := one
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt64/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// Has reports whether the file has a tensor of that name.
func (f *File) Has(name string) bool {
	_, ok := f.tensors[name]
	return ok
}

// find returns a tensor that must have a shape.
func (f *File) find(name string, shape []int) (tensor, error) {
	t, ok := f.tensors[name]
	if !ok {
		return t, fmt.Errorf("%s: there is no tensor %q", f.f.Name(), name)
	}
	if _, ok := sizes[t.Type]; !ok {
		return t, fmt.Errorf("%s: tensor %q is of type %s; F32, F16 and BF16 are read", f.f.Name(), name, t.Type)
	}
	if !slices.EqualFunc(t.Shape, shape, func(a int64, b int) bool { return a == int64(b) }) {
		return t, fmt.Errorf("%s: tensor %q has the shape %v, want %v", f.f.Name(), name, t.Shape, shape)
	}
	return t, nil
}

// Read returns the values of a tensor, in memory of their own.
func (f *File) Read(name string, shape ...int) ([]float32, error) {
	t, err := f.find(name, shape)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, t.Range[1]-t.Range[0])
	if _, err := f.f.ReadAt(raw, f.begin+t.Range[0]); err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", f.f.Name(), name, err)
	}
	return widen(raw, t.Type), nil
}

// widen decodes little-endian numbers.
func widen(raw []byte, kind string) []float32 {
	if kind == "F32" {
		out := make([]float32, len(raw)/4)
		floats.Decode(out, raw)
		return out
	}
	out := make([]float32, len(raw)/2)
	for i := range out {
		bits := binary.LittleEndian.Uint16(raw[2*i:])
		if kind == "BF16" {
			out[i] = math.Float32frombits(uint32(bits) << 16)
		} else {
			out[i] = half(bits)
		}
	}
	return out
}

// half widens a number of IEEE 754's binary16.
func half(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits>>15)<<31, uint32(bits>>10&31), uint32(bits&1023)
	switch exponent {
	case 0: // zero, or subnormal: fraction times 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinite or NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// Map returns the values of a tensor as [File.Read] does. Where it can, they are the file's own
// pages, which the system loads when they are used, and which must not be written. The caller calls
// release when they are not used any more.
func (f *File) Map(name string, shape ...int) (values []float32, release func(), err error) {
	t, err := f.find(name, shape)
	if err != nil {
		return nil, nil, err
	}
	if t.Type == "F32" {
		if values, release, ok := mapped(f.f, f.begin+t.Range[0], t.Range[1]-t.Range[0]); ok {
			return values, release, nil
		}
	}
	values, err = f.Read(name, shape...)
	return values, func() {}, err
}

// Close closes the file. Tensors that Map returned stay.
func (f *File) Close() error { return f.f.Close() }
