package rows

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

var written = []Result{
	{Index: 0, ID: "a", Vector: []float32{1, -2.5, 1e-7}}, {Index: 1, ID: "b,\"c\u202e", Err: "line 2 is \x1b[31mempty"},
	{Index: 2, ID: " d ", Vector: []float32{0, 3e21, 0.1}},
}

func write(t *testing.T, w Writer) {
	t.Helper()
	for _, r := range written {
		expect.NoError(t, w.Write(r))
	}
	expect.NoError(t, w.Close())
}

func TestJSONL(t *testing.T) {
	var b strings.Builder
	write(t, NewJSONL(&b, true))
	expect.Equal(t, "output", b.String(), `{"index":0,"id":"a","vector":[1,-2.5,1e-7]}
{"index":1,"id":"b,\"c\u202e","error":"line 2 is \u001b[31mempty"}
{"index":2,"id":" d ","vector":[0,3e+21,0.1]}
`)
	b.Reset()
	write(t, NewJSONL(&b, false))
	if first, _, _ := strings.Cut(b.String(), "\n"); first != `{"index":0,"vector":[1,-2.5,1e-7]}` {
		t.Errorf("got %q, want no id", first)
	}
}

// A number has the form that encoding/json gives it.
func TestNumber(t *testing.T) {
	for bits := uint32(1); bits < 0x7f800000; bits += 0x123457 {
		for _, x := range []float32{math.Float32frombits(bits), -math.Float32frombits(bits)} {
			want, err := json.Marshal(x)
			expect.NoError(t, err)
			expect.Equal(t, "number", string(number(nil, x)), string(want))
		}
	}
}

func TestCSV(t *testing.T) {
	for _, ids := range []bool{true, false} {
		var b strings.Builder
		write(t, NewCSV(&b, ids))
		all, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		expect.NoError(t, err)
		want := [][]string{{"index", "id", "vector", "error"}, {"0", "a", "[1,-2.5,1e-7]", ""}, {"1", "b,\"c\u202e", "", `line 2 is \u001b[31mempty`}, {"2", " d ", "[0,3e+21,0.1]", ""}}
		if !ids {
			for i, record := range want {
				want[i] = append(record[:1:1], record[2:]...)
			}
		}
		expect.Equal(t, "records", all, want)
	}
	var b strings.Builder
	expect.NoError(t, NewCSV(&b, true).Close())
	expect.Equal(t, "no record", b.String(), "index,id,vector,error\n")
}

// npyFile writes a .npy file and returns its name.
func npyFile(t *testing.T, half bool, results ...Result) (name string, err error) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "v.npy")
	f, err := os.Create(name)
	expect.NoError(t, err)
	ids, err := os.Create(name + ".ids")
	expect.NoError(t, err)
	w := NewNPY(f, ids, NPY{Rows: 2, Dimensions: 3, Half: half})
	for _, r := range results {
		if err := w.Write(r); err != nil {
			return "", err
		}
	}
	expect.NoError(t, w.Close())
	expect.NoError(t, f.Close())
	expect.NoError(t, ids.Close())
	return name, nil
}

func TestNPY(t *testing.T) {
	name, err := npyFile(t, false, written[0], written[1], Result{Index: 2, Vector: []float32{4, 5, 6}})
	expect.NoError(t, err)
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	head := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
	if len(data) != 128+2*3*4 || !strings.HasPrefix(string(data), head) || data[127] != '\n' || string(data[128:136]) != "\x00\x00\x80\x3f\x00\x00\x20\xc0" {
		t.Errorf("got %q, want the header %q in 128 bytes and two rows", data, head)
	}
	ids, err := os.ReadFile(name + ".ids")
	expect.NoError(t, err)
	expect.Equal(t, "ids", string(ids), "a\n2\n")
	name, err = npyFile(t, false, written[0]) // not the two rows that were expected
	expect.NoError(t, err)
	if data, err = os.ReadFile(name); err != nil || len(data) != 128+3*4 || !strings.Contains(string(data), "'shape': (1, 3)") {
		t.Errorf("got %q (error %v), want a header of one row", data, err)
	}
	if _, err := npyFile(t, false, written[0], Result{Vector: []float32{1}}); err == nil {
		t.Error("got no error for a vector of another length, want one")
	}
	_, err = npyFile(t, true, written[2])
	expect.Says(t, "a number beyond float16", err, "float16")
}

// NumPy reads the files, where it is installed.
func TestNumPyReads(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import numpy").Run() != nil {
		t.Skip("python3 with numpy is not installed")
	}
	for half, want := range map[bool]string{false: "float32 (2, 3) [[1.0, -2.5, 1.0], [4.0, 5.0, 6.0]] ['a', '2']", true: "float16 (2, 3) [[1.0, -2.5, 1.0], [4.0, 5.0, 6.0]] ['a', '2']"} {
		name, err := npyFile(t, half, Result{ID: "a", Vector: []float32{1, -2.5, 1}}, Result{Index: 2, Vector: []float32{4, 5, 6}})
		expect.NoError(t, err)
		script := "import numpy,sys; a=numpy.load(sys.argv[1]); print(a.dtype, a.shape, a.tolist(), open(sys.argv[1]+'.ids').read().splitlines())"
		out, err := exec.CommandContext(t.Context(), python, "-c", script, name).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("float16 %v: got %s (error %v), want %s", half, out, err, want)
		}
		empty, err := npyFile(t, half)
		expect.NoError(t, err)
		out, err = exec.CommandContext(t.Context(), python, "-c", script, empty).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "(0, 3) [] []") {
			t.Errorf("float16 %v: got %s (error %v), want no row of 3", half, out, err)
		}
	}
}

// BenchmarkWrite writes vectors of 256 numbers. The printed floats are what text formats cost.
func BenchmarkWrite(b *testing.B) {
	vector := make([]float32, 256)
	for i := range vector {
		vector[i] = float32(math.Sin(float64(i + 1)))
	}
	for name, w := range map[string]Writer{
		"jsonl": NewJSONL(io.Discard, true), "csv": NewCSV(io.Discard, true), "npy": nil, "npy float16": nil,
	} {
		b.Run(name, func(b *testing.B) {
			w := w // b.Run calls this more than once
			if w == nil {
				f, err := os.Create(filepath.Join(b.TempDir(), "v.npy"))
				expect.NoError(b, err)
				defer func() { _ = f.Close() }()
				w = NewNPY(f, io.Discard, NPY{Dimensions: len(vector), Half: name != "npy"})
			}
			for i := range b.N {
				if err := w.Write(Result{Index: i, ID: "id", Vector: vector}); err != nil {
					b.Fatalf("got the error %v, want none", err)
				}
			}
		})
	}
}

// The header of a .npy file is read as it was written, and nothing else is read as one.
func TestReadNPY(t *testing.T) {
	for _, want := range []NPY{{0, 0, false}, {3, 256, false}, {1 << 30, 1 << 20, true}} {
		got, err := ReadNPY(strings.NewReader(want.Head() + "rows"))
		expect.NoError(t, err)
		expect.Equal(t, "header", got, want)
	}
	for _, in := range []string{"", "{}", strings.Replace(NPY{1, 2, false}.Head(), "False", "True ", 1), strings.Repeat("x", 128)} {
		if _, err := ReadNPY(strings.NewReader(in)); err == nil {
			t.Errorf("got no error for %q, want one", in)
		}
	}
}
