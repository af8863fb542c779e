package report

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
)

// TestUpgrade reads a report of an earlier version.
func TestUpgrade(t *testing.T) {
	path := upgrade.Copy(t, "v0/report.json", func(path string) {
		var b bytes.Buffer
		expect.NoError(t, sample().JSON(&b))
		expect.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	})
	data, err := os.ReadFile(path)
	expect.NoError(t, err)
	r, err := ReadJSON(bytes.NewReader(data))
	expect.NoError(t, err)
	expect.Equal(t, "candidates", len(r.Candidates), 4)
	expect.Equal(t, "the best score", r.Tasks[0].Rows[1].Scores["nDCG@10"], Score{Value: .7, Low: 0.6499999999999999, High: .75, Best: true})
	var out bytes.Buffer
	expect.NoError(t, r.HTML(&out))
	if !strings.Contains(out.String(), "nDCG@10") {
		t.Errorf("got a page of %d bytes without nDCG@10, want one with it", out.Len())
	}
	_, err = ReadJSON(bytes.NewReader(data[:len(data)/2]))
	expect.Says(t, "reading half a report", err, "report: ")
	future := bytes.Replace(data, []byte(`"schema": 1`), []byte(`"schema": 2`), 1)
	_, err = ReadJSON(bytes.NewReader(future))
	expect.Says(t, "reading a report of the future", err, "schema 2")
}
