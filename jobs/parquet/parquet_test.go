package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
)

// doc is a record of an input.
type doc struct {
	Key   uint32   `parquet:"key"`
	Text  *string  `parquet:"text,optional,dict"`
	Raw   []byte   `parquet:"raw"`
	Tags  []string `parquet:"tags,list"`
	Score float64  `parquet:"score"`
	Day   int32    `parquet:"day,date"`
	Deep  struct {
		Body string `parquet:"body"`
		More struct {
			Good bool `parquet:"good"`
		} `parquet:"more"`
	} `parquet:"deep"`
}

func text(s string) *string { return &s }

// docs returns n documents; the rest is of a text.
func docs(n int) []doc {
	all := make([]doc, n)
	for i := range all {
		all[i] = doc{Key: uint32(i) + 1<<31, Text: text(fmt.Sprintf("text %d", i%97)), Raw: []byte("raw"), Tags: []string{"a", "b"}}
		all[i].Deep.Body = fmt.Sprintf("body %d", i)
	}
	return all
}

// put writes documents in row groups of 100, whose pages are short, and returns the file's name.
func put(t testing.TB, all []doc, o ...parquet.WriterOption) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "docs.parquet")
	expect.NoError(t, os.WriteFile(name, encode(t, all, o...), 0o600))
	return name
}

func encode[T any](t testing.TB, all []T, o ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, append(o, parquet.MaxRowsPerRowGroup(100), parquet.PageBufferSize(128))...)
	_, err := w.Write(all)
	expect.NoError(t, err)
	expect.NoError(t, w.Close())
	return b.Bytes()
}

// fake is a model whose vectors follow from the texts.
func fake() *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{
		Provider: "acme", ID: "m", Dimensions: 8, Endpoint: "acme.example", Symmetric: true, Limits: embedding.Limits{Texts: 16},
	}})
}

// do does a job and returns it.
func do(t testing.TB, e embedding.Embedder, o jobs.Options) *jobs.Job {
	t.Helper()
	if o.Out == "" {
		o.Out = filepath.Join(t.TempDir(), "out")
	}
	o.Formats = Formats()
	p, err := jobs.NewPlan(t.Context(), e, o)
	expect.NoError(t, err)
	j, err := p.Start()
	expect.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
	return j
}

func vectors(t testing.TB, j *jobs.Job) (all []jobs.Record) {
	t.Helper()
	for r, err := range j.Vectors(t.Context()) {
		expect.NoError(t, err)
		r.Vector = slices.Clone(r.Vector)
		all = append(all, r)
	}
	return all
}

// TestJob: records of Parquet become vectors in every output format, by their row groups' places;
// null, empty and damaged texts are rejected, and the rest has its vector.
func TestJob(t *testing.T) {
	all := docs(250)
	all[7].Text, all[120].Text, all[249].Text = nil, text(""), text("a\xffb")
	in := put(t, all)
	e := fake()
	for _, to := range []string{"parquet", "npy", "jsonl"} {
		dir := filepath.Join(t.TempDir(), "out")
		j := do(t, e, jobs.Options{Inputs: []string{in}, Out: dir, Field: "text", ID: "key", To: to, ShardTexts: 60})
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, to+": verified", v, jobs.Verified{Parts: 5, Texts: 250, Vectors: 247, Rejected: 3})
		got := vectors(t, j)
		expect.Equal(t, to+": vectors", len(got), 247)
		for _, r := range got {
			d := all[r.Index]
			expect.Equal(t, to+": id", r.ID, fmt.Sprint(d.Key))
			expect.Equal(t, to+": vector", r.Vector, e.Vector(embedding.TaskDocument, *d.Text))
		}
		var rejected []string
		for n := range 5 {
			data, _ := os.ReadFile(filepath.Join(dir, "data", fmt.Sprintf("part-%06d", n), "rejected.jsonl"))
			for line := range bytes.Lines(data) {
				var r jobs.Rejection
				expect.NoError(t, json.Unmarshal(line, &r))
				rejected = append(rejected, fmt.Sprint(r.Index, " ", r.Message))
			}
		}
		expect.Equal(t, to+": rejected", strings.Join(rejected, "\n"), `7 record 8 has null in its field "text"
120 record 121 is empty: leave it out
249 record 250 is not valid UTF-8: decode it from its own encoding first`)
	}
}

// TestMerge: the merged file has the vectors of all parts.
func TestMerge(t *testing.T) {
	for _, id := range []string{"", "key"} {
		j := do(t, fake(), jobs.Options{Inputs: []string{put(t, docs(130))}, Field: "deep.body", ID: id, To: "parquet", ShardTexts: 50})
		name := filepath.Join(t.TempDir(), "all.parquet")
		n, err := j.Merge(t.Context(), name)
		expect.NoError(t, err)
		expect.Equal(t, "vectors", n, 130)
		f, err := os.Open(name)
		expect.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		expect.NoError(t, err)
		next, err := openVectors(f, info.Size(), jobs.VectorShape{Dimensions: 8, IDs: id != ""})
		expect.NoError(t, err)
		for _, want := range vectors(t, j) {
			got, err := next()
			expect.NoError(t, err)
			expect.Equal(t, "record", got, want)
		}
	}
}

// A damaged part is found, and done again with the same bytes.
func TestVerifyFindsDamage(t *testing.T) {
	e := fake()
	o := jobs.Options{Inputs: []string{put(t, docs(130))}, Out: filepath.Join(t.TempDir(), "out"), Field: "text", To: "parquet", ShardTexts: 50, Formats: Formats()}
	j := do(t, e, o)
	name := filepath.Join(o.Out, "data", "part-000001", "vectors.parquet")
	good, err := os.ReadFile(name)
	expect.NoError(t, err)
	bad := slices.Clone(good)
	bad[len(bad)/2] ^= 1
	expect.NoError(t, os.WriteFile(name, bad, 0o600))
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "damaged", v.Damaged, []int{1})
	_, err = j.Retry(1)
	expect.NoError(t, err)
	expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
	again, err := os.ReadFile(name)
	expect.NoError(t, err)
	expect.Equal(t, "the same bytes", bytes.Equal(again, good), true)
}

// TestSeek: a record read from its place, in any order, is the one that a reader of the whole file
// meets, whatever the encoding, the compression and the version of pages.
func TestSeek(t *testing.T) {
	all := docs(333)
	all[200].Text = nil
	for name, o := range map[string][]parquet.WriterOption{
		"plain":  {parquet.DataPageVersion(1)},
		"zstd":   {parquet.Compression(&parquet.Zstd)},
		"snappy": {parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(2)},
	} {
		data := encode(t, all, o...)
		f, err := open(bytes.NewReader(data), int64(len(data)), []string{"text", "key", "deep.more.good", "raw"})
		expect.NoError(t, err)
		for _, step := range []int{1, 7, 332} {
			for k := range len(all) {
				i := k * step % len(all)
				expect.NoError(t, f.Seek(i))
				for _, d := range all[i:min(i+3, len(all))] {
					cells, err := f.Next()
					expect.NoError(t, err)
					if got, want := string(cells[0]), d.Text; (cells[0] == nil) != (want == nil) || want != nil && got != *want {
						t.Fatalf("%s: record %d: got the text %q", name, i, got)
					}
					expect.Equal(t, name+": values", fmt.Sprintf("%s", cells[1:]), fmt.Sprintf("[%d false raw]", d.Key))
				}
			}
		}
	}
}

// TestRefuses: an error names the file and what is wrong with it.
func TestRefuses(t *testing.T) {
	whole := encode(t, docs(20))
	for name, c := range map[string]struct {
		data      []byte
		field, id string
		want      string
	}{
		"cut":           {data: whole[:len(whole)-9], field: "text", want: "is cut"},
		"cut early":     {data: whole[:9], field: "text", want: "is cut"},
		"nothing":       {field: "text", want: "does not begin with PAR1"},
		"another magic": {data: []byte("id,text\n1,a\n"), field: "text", want: "does not begin with PAR1"},
		"long footer":   {data: append(slices.Clone(whole[:len(whole)-8]), "\xff\xff\xff\x7fPAR1"...), field: "text", want: "is cut"},
		"no field":      {data: whole, want: "a field is needed"},
		"no column":     {data: whole, field: "txt", want: `there is no column "txt": there are ["key" "text" "raw" "tags.list.element" "score" "day" "deep.body" "deep.more.good"]`},
		"no id":         {data: whole, field: "text", id: "uuid", want: `there is no column "uuid"`},
		"float":         {data: whole, field: "score", want: `the column "score" has the type DOUBLE`},
		"date":          {data: whole, field: "text", id: "day", want: `the column "day" has the type DATE`},
		"list":          {data: whole, field: "tags", want: `the column "tags" is nested`},
		"list's values": {data: whole, field: "tags.list.element", want: `the column "tags.list.element" is nested`},
		"group":         {data: whole, field: "deep", want: `the column "deep" is nested`},
		"damaged":       {data: append(append(slices.Clone(whole[:len(whole)-60]), make([]byte, 52)...), whole[len(whole)-8:]...), field: "text", want: "damaged"},
	} {
		in := filepath.Join(t.TempDir(), "docs.parquet")
		expect.NoError(t, os.WriteFile(in, c.data, 0o600))
		_, err := jobs.NewPlan(t.Context(), fake(), jobs.Options{Inputs: []string{in}, Field: c.field, ID: c.id, Out: filepath.Join(t.TempDir(), "out"), Formats: Formats()})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), in) {
			t.Errorf("%s: got the error %v, want %s and the file's name", name, err, c.want)
		}
	}
	_, err := jobs.NewPlan(t.Context(), fake(), jobs.Options{Inputs: []string{put(t, docs(1))}, Field: "text", To: "parquet", Half: true, Out: filepath.Join(t.TempDir(), "out"), Formats: Formats()})
	if err == nil || !strings.Contains(err.Error(), "float16 is for npy") {
		t.Errorf("float16: got the error %v, want that it is for npy", err)
	}
}

// A process without the formats can look at a job, and says what it lacks before it does anything
// else.
func TestWithoutFormats(t *testing.T) {
	in := put(t, docs(20))
	for _, o := range []jobs.Options{
		{Inputs: []string{in}, Field: "text", Out: filepath.Join(t.TempDir(), "out")},
		{Inputs: []string{in}, Field: "text", To: "parquet", Out: filepath.Join(t.TempDir(), "out")},
	} {
		e := fake()
		with := o
		with.Formats = Formats()
		p, err := jobs.NewPlan(t.Context(), e, with)
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		expect.NoError(t, j.Close())
		j, err = jobs.Open(o.Out)
		expect.NoError(t, err)
		s, err := j.Status()
		expect.NoError(t, err)
		expect.Equal(t, "texts", s.Texts, 20)
		o.Out = filepath.Join(t.TempDir(), "another")
		_, planned := jobs.NewPlan(t.Context(), e, o)
		for _, err := range []error{planned, j.Work(t.Context(), e, jobs.WorkOptions{})} {
			if err == nil || !strings.Contains(err.Error(), "the full build") {
				t.Errorf("got the error %v, want that the full build has it", err)
			}
		}
		expect.Equal(t, "requests", e.Ledger().Requests, 0)
		expect.NoError(t, j.Close())
	}
}

// TestZstd: what is compressed with zstd is read, also from the middle, and what is cut is an
// error.
func TestZstd(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	expect.NoError(t, err)
	for i := range 200 {
		fmt.Fprintf(w, "{\"t\":\"text %d\"}\n", i)
	}
	expect.NoError(t, w.Close())
	in := filepath.Join(t.TempDir(), "a.jsonl.zst")
	expect.NoError(t, os.WriteFile(in, b.Bytes(), 0o600))
	e := fake()
	j := do(t, e, jobs.Options{Inputs: []string{in}, Field: "t", ShardTexts: 30})
	for i, r := range vectors(t, j) {
		expect.Equal(t, "vector", r.Vector, e.Vector(embedding.TaskDocument, fmt.Sprintf("text %d", i)))
	}
	expect.NoError(t, os.WriteFile(in, b.Bytes()[:b.Len()-5], 0o600))
	_, err = jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Field: "t", Out: filepath.Join(t.TempDir(), "out"), Formats: Formats()})
	if err == nil || !strings.Contains(err.Error(), in) {
		t.Errorf("a cut file: got the error %v, want one with the file's name", err)
	}
	_, err = jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Field: "t", Out: filepath.Join(t.TempDir(), "out")})
	if err == nil || !strings.Contains(err.Error(), "compressed with zstd") {
		t.Errorf("without the format: got the error %v, want that it is compressed with zstd", err)
	}
}

// TestRowGroups: the file of a large part has several row groups, and each names its columns.
func TestRowGroups(t *testing.T) {
	const n = 2*groupRows + 7
	var first []byte
	for range 2 {
		var b bytes.Buffer
		w, err := create(&b, jobs.VectorShape{Dimensions: 2, IDs: true})
		expect.NoError(t, err)
		for i := range n {
			expect.NoError(t, w.Write(jobs.Record{Index: i, ID: fmt.Sprint("id", i), Vector: []float32{float32(i), -1}}))
		}
		expect.NoError(t, w.Close())
		expect.Equal(t, "the same bytes", first == nil || bytes.Equal(b.Bytes(), first), true)
		first = b.Bytes()
	}
	f, err := parquet.OpenFile(bytes.NewReader(first), int64(len(first)))
	expect.NoError(t, err)
	expect.Equal(t, "row groups", len(f.RowGroups()), 3)
	for _, g := range f.Metadata().RowGroups {
		for i, want := range []string{"[index]", "[id]", "[vector list element]"} {
			expect.Equal(t, "column", fmt.Sprint(g.Columns[i].MetaData.PathInSchema), want)
		}
	}
	next, err := openVectors(bytes.NewReader(first), int64(len(first)), jobs.VectorShape{Dimensions: 2, IDs: true})
	expect.NoError(t, err)
	for i := range n {
		got, err := next()
		expect.NoError(t, err)
		expect.Equal(t, "record", got, jobs.Record{Index: i, ID: fmt.Sprint("id", i), Vector: []float32{float32(i), -1}})
	}
	_, err = next()
	expect.Equal(t, "the end", err, io.EOF)
	err = func() error {
		w, err := create(io.Discard, jobs.VectorShape{Dimensions: 2})
		expect.NoError(t, err)
		return w.Write(jobs.Record{Vector: []float32{1}})
	}()
	if err == nil || !strings.Contains(err.Error(), "1 dimensions") {
		t.Errorf("a vector of another length: got the error %v", err)
	}
}

// TestPages: the library's reader finds every number, however many records a page or a row group
// has, and each page has its checksum.
func TestPages(t *testing.T) {
	for _, c := range []struct{ records, dimensions int }{{0, 3}, {1, 1}, {300, 1}, {5, 3}, {1, pageBytes/4 + 1}, {3, pageBytes/4 + 1}, {3, pageBytes / 8}, {70, groupBytes / 256}} {
		var b bytes.Buffer
		w, err := create(&b, jobs.VectorShape{Dimensions: c.dimensions})
		expect.NoError(t, err)
		vector := make([]float32, c.dimensions)
		for i := range c.records {
			vector[0], vector[c.dimensions-1] = float32(i), float32(i)
			expect.NoError(t, w.Write(jobs.Record{Index: 7 * i, Vector: vector}))
		}
		expect.NoError(t, w.Close())
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		expect.NoError(t, err)
		expect.Equal(t, "records", f.NumRows(), int64(c.records))
		expect.Equal(t, "row groups", len(f.RowGroups()), (4*c.records*c.dimensions+groupBytes-1)/groupBytes)
		r := parquet.NewGenericReader[plain](f)
		got := make([]plain, 1)
		for i := range c.records {
			if n, err := r.Read(got); n != 1 {
				t.Fatalf("%+v: record %d: got %d and the error %v", c, i, n, err)
			}
			v := got[0].Vector
			expect.Equal(t, "index", got[0].Index, int64(7*i))
			expect.Equal(t, "numbers", len(v), c.dimensions)
			expect.Equal(t, "first and last", []float32{v[0], v[len(v)-1]}, []float32{float32(i), float32(i)})
		}
		for _, g := range f.Metadata().RowGroups {
			s := g.Columns[0].MetaData.Statistics
			expect.Equal(t, "bounds", len(s.MinValue)+len(s.MaxValue), 16)
		}
	}
}

// TestLongIDs: however long ids are, a page and what is held stay small.
func TestLongIDs(t *testing.T) {
	const n = 3
	id := strings.Repeat("x", groupBytes/2)
	var b bytes.Buffer
	w, err := create(&b, jobs.VectorShape{Dimensions: 1, IDs: true})
	expect.NoError(t, err)
	for i := range n {
		expect.NoError(t, w.Write(jobs.Record{Index: i, ID: id, Vector: []float32{1}}))
	}
	expect.NoError(t, w.Close())
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	expect.NoError(t, err)
	expect.Equal(t, "row groups", len(f.RowGroups()), 2)
	expect.Equal(t, "records", f.NumRows(), int64(n))
}

// TestWritesLikeTheLibrary: what the library writes of the same records is the same to a reader,
// and opens too, as parts do that an earlier version wrote.
func TestWritesLikeTheLibrary(t *testing.T) {
	var ours, theirs bytes.Buffer
	w, err := create(&ours, jobs.VectorShape{Dimensions: 3, IDs: true})
	expect.NoError(t, err)
	l := parquet.NewGenericWriter[named](&theirs, schema[named](), parquet.MaxRowsPerRowGroup(groupRows))
	for i := range groupRows + 9 {
		r := jobs.Record{Index: i, ID: strings.Repeat("é", i%5), Vector: []float32{float32(i), -0.5, 0}}
		expect.NoError(t, w.Write(r))
		_, err := l.Write([]named{{int64(i), r.ID, r.Vector}})
		expect.NoError(t, err)
	}
	expect.NoError(t, errors.Join(w.Close(), l.Close()))
	var all [2][]jobs.Record
	for k, b := range []*bytes.Buffer{&ours, &theirs} {
		next, err := openVectors(bytes.NewReader(b.Bytes()), int64(b.Len()), jobs.VectorShape{Dimensions: 3, IDs: true})
		expect.NoError(t, err)
		for {
			r, err := next()
			if err == io.EOF {
				break
			}
			expect.NoError(t, err)
			r.Vector = slices.Clone(r.Vector)
			all[k] = append(all[k], r)
		}
	}
	expect.Equal(t, "records", len(all[0]), groupRows+9)
	expect.Equal(t, "the records", all[0], all[1])
	a, err := parquet.OpenFile(bytes.NewReader(ours.Bytes()), int64(ours.Len()))
	expect.NoError(t, err)
	b, err := parquet.OpenFile(bytes.NewReader(theirs.Bytes()), int64(theirs.Len()))
	expect.NoError(t, err)
	for i, g := range a.Metadata().RowGroups {
		h := b.Metadata().RowGroups[i]
		expect.Equal(t, "records of the group", g.NumRows, h.NumRows)
		for k := range 2 {
			m, n := g.Columns[k].MetaData.Statistics, h.Columns[k].MetaData.Statistics
			expect.Equal(t, "least value", string(m.MinValue), string(n.MinValue))
			expect.Equal(t, "greatest value", string(m.MaxValue), string(n.MaxValue))
		}
	}
}

// TestWritersInTurns: writers that take over each other's buffers, closed or not, write what each
// would alone.
func TestWritersInTurns(t *testing.T) {
	file := func(k int, finish bool) []byte {
		var b bytes.Buffer
		dim, ids := 1+k%3, k%2 == 0
		w, err := create(&b, jobs.VectorShape{Dimensions: dim, IDs: ids})
		expect.NoError(t, err)
		for i := range 7 * (k + 1) % 50 {
			r := jobs.Record{Index: i, Vector: slices.Repeat([]float32{float32(k*100 + i)}, dim)}
			if ids {
				r.ID = fmt.Sprint("id ", k, i)
			}
			expect.NoError(t, w.Write(r))
		}
		if finish {
			expect.NoError(t, w.Close())
		}
		return b.Bytes()
	}
	var want [][]byte
	for k := range 40 {
		spare = sync.Pool{New: func() any { return new(buffers) }}
		want = append(want, file(k, true))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 200 {
				k := (i*7 + worker) % len(want)
				if finish := i%5 != 0; !bytes.Equal(file(k, finish), want[k]) && finish {
					t.Errorf("file %d has other bytes than alone", k)
				}
			}
		})
	}
	wg.Wait()
}

// TestFullDisk: wherever the disk is full, Close says so.
func TestFullDisk(t *testing.T) {
	write := func(room int) error {
		w, err := create(&small{room}, jobs.VectorShape{Dimensions: 2, IDs: true})
		if err != nil {
			return err
		}
		for i := range 3 {
			_ = w.Write(jobs.Record{Index: i, ID: "a", Vector: []float32{1, 2}}) // Close says it again
		}
		return w.Close()
	}
	size := 0
	for ; write(size) != nil; size++ {
		expect.Equal(t, "error", write(size), errFull)
	}
	if size < 100 {
		t.Errorf("a file fits into %d bytes", size)
	}
}

var errFull = errors.New("no space left on device")

// small is a disk with room for so many bytes.
type small struct{ room int }

func (s *small) Write(b []byte) (int, error) {
	if len(b) > s.room {
		return 0, errFull // what is shorter may fit afterwards
	}
	s.room -= len(b)
	return len(b), nil
}

// FuzzOpen: no file makes the reader panic or never end, and all values are as many as it says.
func FuzzOpen(f *testing.F) {
	all := docs(120)
	all[3].Text = nil
	f.Add(encode(f, all))
	f.Add(encode(f, all[:5], parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1)))
	f.Add(encode(f, all[:0]))
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := open(bytes.NewReader(data), int64(len(data)), []string{"text", "key"})
		if err != nil {
			return
		}
		for range 10_000 {
			cells, err := in.Next()
			if err != nil {
				return
			}
			if len(cells) != 2 {
				t.Fatalf("got %d values, want 2", len(cells))
			}
		}
	})
}

// FuzzVectors: no file makes the reader of vectors panic.
func FuzzVectors(f *testing.F) {
	for _, ids := range []bool{false, true} {
		var b bytes.Buffer
		w, err := create(&b, jobs.VectorShape{Dimensions: 3, IDs: ids})
		expect.NoError(f, err)
		for i := range 100 {
			expect.NoError(f, w.Write(jobs.Record{Index: i, ID: "a", Vector: []float32{1, 2, 3}}))
		}
		expect.NoError(f, w.Close())
		f.Add(b.Bytes(), ids)
	}
	f.Fuzz(func(t *testing.T, data []byte, ids bool) {
		next, err := openVectors(bytes.NewReader(data), int64(len(data)), jobs.VectorShape{Dimensions: 3, IDs: ids})
		for n := 0; err == nil && n < 10_000; n++ {
			_, err = next()
		}
	})
}
