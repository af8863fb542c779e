package jobs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/rows"
)

// put writes a file in a folder of the test and returns its name.
func put(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	return string(data)
}

// texts returns a text by its index.
func texts(i int) string { return fmt.Sprintf("text %d", i) }

// lines returns n different lines.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(texts(i) + "\n")
	}
	return b.String()
}

// paid is a model whose answers cost something.
func paid() *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{
		Provider: "acme", ID: "m", Dimensions: 8, Endpoint: "acme.example", Symmetric: true,
		Price: embedding.Price{PerMillion: 1, Currency: "USD"}, Limits: embedding.Limits{Texts: 16},
	}})
}

// start plans and starts a job.
func start(t *testing.T, e embedding.Embedder, o Options) *Job {
	t.Helper()
	p, err := NewPlan(t.Context(), e, o)
	expect.NoError(t, err)
	j, err := p.Start()
	expect.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// A job writes each text's vector, or why there is none, and what it has cost.
func TestJob(t *testing.T) {
	e := paid()
	o := Options{Inputs: []string{put(t, "a.txt", lines(1000)+"\n \nlast"), put(t, "b.txt", "b\n")}, Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 100}
	j := start(t, e, o)
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	var s Success
	expect.NoError(t, json.Unmarshal([]byte(content(t, filepath.Join(o.Out, successName))), &s))
	expect.Equal(t, "state", s.State, "complete")
	expect.Equal(t, "texts", s.Texts, 1004)
	expect.Equal(t, "done", s.Done, 1004)
	expect.Equal(t, "vectors", s.Vectors, 1002)
	expect.Equal(t, "rejected", s.Rejected, 2)
	expect.Equal(t, "shards", s.ShardsDone, 12)
	expect.Equal(t, "tokens", s.Tokens, e.Ledger().Tokens)
	expect.Equal(t, "requests", s.Requests, e.Ledger().Requests)
	expect.Equal(t, "progress", j.Progress(), Progress{1004, 1002, s.Tokens})
	part := filepath.Join(o.Out, "data", "part-000010")
	expect.Equal(t, "ids", content(t, filepath.Join(part, "ids.txt")), "1002\n")
	expect.Equal(t, "rejected", content(t, filepath.Join(part, "rejected.jsonl")),
		`{"index":1000,"input":"a.txt","line":1001,"kind":"unreadable","message":"line 1001 is empty: leave it out"}`+"\n"+
			`{"index":1001,"input":"a.txt","line":1002,"kind":"unreadable","message":"line 1002 is blank: leave it out"}`+"\n")
	want := rows.NPY{Rows: 1, Dimensions: 8}.Head() + string(bytesOf(e.Vector(embedding.TaskDocument, "last")))
	expect.Equal(t, "vectors", content(t, filepath.Join(part, "vectors.npy")), want)
	for _, gone := range []string{walName, tmpName} {
		expect.Equal(t, gone+" is there", exists(filepath.Join(o.Out, gone)), false)
	}
	v, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", v, Verified{Parts: 12, Texts: 1004, Vectors: 1002, Rejected: 2})
}

// bytesOf returns the bytes of a row of .npy.
func bytesOf(v []float32) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
