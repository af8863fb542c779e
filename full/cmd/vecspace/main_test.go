package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// asProgram is the variable that makes the test binary run as the program.
const asProgram = "VECSPACE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// What one run of the program has paid for, the next takes from the disk tier of its file.
func TestProgramWithADiskTier(t *testing.T) {
	var texts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			t.Errorf("got the error %v reading a request, want none", err)
		}
		texts.Add(int64(len(req.Input)))
		type row struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		}
		rows := make([]row, len(req.Input))
		for i, text := range req.Input {
			rows[i] = row{i, []float32{float32(len(text)), 1}}
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"data": rows, "usage": map[string]int{"total_tokens": 5}}); err != nil {
			t.Errorf("got the error %v answering, want none", err)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "embedders.yaml")
	expect.NoError(t, os.WriteFile(file, []byte("embedders:\n  a:\n    reference: 'openai:m?base_url="+server.URL+"&space=test&dimensions=2&encoding_format=float'\n"+
		"    cache: {tier: {disk: '"+filepath.ToSlash(filepath.Join(dir, "vectors.db"))+"'}}\n"), 0o600))
	reference := "openai:m?base_url=" + server.URL + "&space=test&dimensions=2&encoding_format=float"
	var first string
	for run, args := range [][]string{{"-config", file}, {"-config", file}, {reference, "-cache", filepath.Join(dir, "vectors.db")}} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"embed"}, args...)...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		cmd.Stdin = strings.NewReader("one\nthree\n")
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("run %d: got %v, want success\n%s", run, err, errs.String())
		}
		if first == "" {
			first = string(out)
		}
		expect.Equal(t, "output", string(out), first)
		expect.Equal(t, "lines", strings.Count(string(out), "\n"), 2)
		expect.Equal(t, "texts sent so far", texts.Load(), 2)
	}
}
