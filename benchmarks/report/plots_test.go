package report

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestPareto(t *testing.T) {
	r := sample()
	front := map[string]map[string]bool{}
	for _, p := range r.plots() {
		if p.Kind != "front" {
			continue
		}
		front[p.ID] = map[string]bool{}
		for _, m := range p.Data {
			front[p.ID][m.Name] = m.Front
		}
	}
	want := map[string]map[string]bool{
		"task0-latency":     {"cheap": true, "dear </script><b>": true, "poor": false},
		"task0-cost-in-USD": {"cheap": true, "dear </script><b>": true}, // currencies never share a plot
		"task0-cost-in-CNY": {"cheap": true, "poor": false},
	}
	expect.Equal(t, "the front", front, want)
}

func TestPlots(t *testing.T) {
	ids := map[string]bool{}
	for _, p := range sample().plots() {
		if ids[p.ID] || strings.ContainsAny(p.ID, " \"") || len(p.Alt) < 30 || len(p.Data) == 0 || p.Group == "" {
			t.Errorf("got %+v, want an ID of its own, a description, data and a group", p)
		}
		ids[p.ID] = true
		if line := strings.Contains(p.Alt, "BM25 45.0."); (p.Floor != nil) != strings.HasPrefix(p.ID, "task") || p.Floor != nil && (p.Floor.X != 45 || !line) {
			t.Errorf("%s: got the line %+v and %q, want BM25 at 45 across plots of quality only", p.ID, p.Floor, p.Alt)
		}
		for _, m := range p.Data {
			if m.Name == "BM25" {
				t.Errorf("%s: got BM25 as a mark, want a line", p.ID)
			}
		}
		for _, m := range p.Data { // a row has its candidate's color
			if want := strings.HasPrefix(m.Name, "BM25 + cheap ("); p.ID == "task0-quality" && (m.Of == "cheap") != (want || m.Name == "cheap") {
				t.Errorf("got the candidate %q for the row %q", m.Of, m.Name)
			}
		}
	}
	for _, id := range []string{"task0-quality", "task0-dimensions", "task0-bytes", "latency-closed", "latency-open", "throughput"} {
		if !ids[id] {
			t.Errorf("there is no plot %s", id)
		}
	}
}
