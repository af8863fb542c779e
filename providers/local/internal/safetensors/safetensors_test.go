package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// file writes a header and bytes behind it, and returns the file's name.
func file(t *testing.T, header string, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "model.safetensors")
	expect.NoError(t, os.WriteFile(name, whole(header, data), 0o600))
	return name
}

func whole(header string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

func singles(values ...float32) (out []byte) {
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func TestRead(t *testing.T) {
	f, err := Open(file(t, `{"__metadata__":{"format":"pt"},`+
		`"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},`+
		`"b":{"dtype":"F16","shape":[6],"data_offsets":[8,20]},`+
		`"c":{"dtype":"BF16","shape":[2],"data_offsets":[20,24]},`+
		`"none":{"dtype":"F32","shape":[0,4],"data_offsets":[24,24]},`+
		`"ids":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}`,
		append(singles(1.5, -2), 0x00, 0x3c, 0x01, 0x00, 0x00, 0x80, 0xff, 0x7b, 0x00, 0xfc, 0x00, 0x04, // F16
			0x80, 0x3f, 0x49, 0xc0, // BF16
			1, 2, 3, 4, 5, 6, 7, 8)))
	expect.NoError(t, err)
	defer func() { expect.NoError(t, f.Close()) }()
	expect.Equal(t, "has a and d", []bool{f.Has("a"), f.Has("d")}, []bool{true, false})
	for name, want := range map[string][]float32{
		"a": {1.5, -2},
		"b": {1, 1.0 / (1 << 24), float32(math.Copysign(0, -1)), 65504, float32(math.Inf(-1)), 1.0 / (1 << 14)},
		"c": {1, -3.140625},
	} {
		shape := []int{len(want)}
		if name == "a" {
			shape = []int{2, 1}
		}
		got, err := f.Read(name, shape...)
		expect.NoError(t, err)
		expect.Equal(t, name, got, want)
		mapped, release, err := f.Map(name, shape...)
		expect.NoError(t, err)
		expect.Equal(t, name+" mapped", mapped, want)
		release()
	}
	got, err := f.Read("none", 0, 4)
	expect.NoError(t, err)
	expect.Equal(t, "values of no row", len(got), 0)
	for name, want := range map[string]string{
		"d":   `model.safetensors: there is no tensor "d"`,
		"ids": `tensor "ids" is of type I64; F32, F16 and BF16 are read`,
		"a":   `tensor "a" has the shape [2 1], want [2]`,
	} {
		if _, err := f.Read(name, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
		if _, _, err := f.Map(name, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s mapped: got %v, want %q", name, err, want)
		}
	}
}

// A half-precision NaN stays one.
func TestHalfNaN(t *testing.T) {
	if v := half(0x7e00); !math.IsNaN(float64(v)) {
		t.Errorf("got %v, want NaN", v)
	}
}

// A mapped tensor stays when the file is closed, and an odd place in the file is read instead.
func TestMap(t *testing.T) {
	for _, odd := range []int{0, 1} {
		header := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
		header += strings.Repeat(" ", 8-len(header)%8+odd)
		f, err := Open(file(t, header, singles(7, 8)))
		expect.NoError(t, err)
		expect.Equal(t, "bytes behind a multiple of 4", int(f.begin%4), odd)
		values, release, err := f.Map("a", 2)
		expect.NoError(t, err)
		expect.NoError(t, f.Close())
		expect.Equal(t, "values", values, []float32{7, 8})
		release()
	}
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		f, err := os.Open(file(t, "", singles(1)))
		expect.NoError(t, err)
		if _, release, ok := mapped(f, 8, 4); !ok {
			t.Error("nothing is mapped on this system, want a mapping")
		} else {
			release()
		}
		expect.NoError(t, f.Close())
	}
}

var damaged = map[string]struct {
	text []byte
	want string
}{
	"an empty file":           {nil, "less than 8 bytes"},
	"another file":            {[]byte("PK\x03\x04 a zip file"), "cut off, or no safetensors"},
	"a cut header":            {whole(`{"a":{}}`, nil)[:12], "cut off, or no safetensors"},
	"a header of no JSON":     {whole(`{"a":`, nil), "the header: "},
	"a list":                  {whole(`[]`, nil), "the header: "},
	"a tensor of no object":   {whole(`{"a":[1]}`, nil), `tensor "a": `},
	"a cut file":              {whole(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, singles(1)), `tensor "a" is at the bytes 0 to 8, and there are 4: the file is cut off`},
	"an end before the begin": {whole(`{"a":{"dtype":"F32","shape":[],"data_offsets":[4,0]}}`, singles(1)), `tensor "a" is at the bytes 4 to 0`},
	"a place below zero":      {whole(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[-4,4]}}`, singles(1)), `tensor "a" is at the bytes -4 to 4`},
	"a shape too large":       {whole(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, singles(1)), `tensor "a" has 4 bytes, which the shape [2] of F32 does not fill`},
	"a shape below zero":      {whole(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, singles(1)), "the shape [-1 -1]"},
	"a shape past 64 bits":    {whole(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, nil), "the shape [4294967296 4294967296]"},
}

func TestDamaged(t *testing.T) {
	for name, c := range damaged {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		expect.NoError(t, os.WriteFile(path, c.text, 0o600))
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.safetensors: ") {
			t.Errorf("%s: got %v, want the file's name and %q", name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("no file: got %v, want its name", err)
	}
}

// Whatever the file, a tensor that is read has the values of its shape, and nothing panics.
func FuzzHeader(f *testing.F) {
	for _, c := range damaged {
		f.Add(c.text)
	}
	f.Add(whole(`{"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}`, singles(1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := read(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		for name, e := range file.tensors {
			if e.Range[0] < 0 || e.Range[1] < e.Range[0] || file.begin+e.Range[1] > int64(len(text)) {
				t.Fatalf("tensor %q has the range %v of %d bytes", name, e.Range, len(text))
			}
			if one, ok := sizes[e.Type]; ok {
				n := int64(len(widen(text[file.begin+e.Range[0]:file.begin+e.Range[1]], e.Type)))
				want, _ := bytesOf(e.Shape, one)
				if n*one != want {
					t.Fatalf("tensor %q has %d values, want those of %v", name, n, e.Shape)
				}
			}
		}
	})
}
