package report

import (
	"reflect"
	"strings"
	"testing"
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
	if !reflect.DeepEqual(front, want) {
		t.Errorf("%v, want %v", front, want)
	}
}

func TestPlots(t *testing.T) {
	ids := map[string]bool{}
	for _, p := range sample().plots() {
		if ids[p.ID] || strings.ContainsAny(p.ID, " \"") || len(p.Alt) < 30 || len(p.Data) == 0 || p.Group == "" {
			t.Errorf("got %+v, want an ID of its own, a description, data and a group", p)
		}
		ids[p.ID] = true
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
