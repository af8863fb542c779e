package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
)

// TestEveryFaultIsPlayed: each fault of the emulator strikes in a scenario of its own, and nearly
// each in those that play all at random.
func TestEveryFaultIsPlayed(t *testing.T) {
	p := plan{fault: regexp.MustCompile(""), seed: 1}
	alone, random := map[string]int{}, map[string]int{}
	names := map[string]bool{}
	for _, s := range p.scenarios(newJob(1000, 1)) {
		if names[s.name] {
			t.Errorf("%q is there twice", s.name)
		}
		names[s.name] = true
		for _, spec := range s.faults {
			f, err := dashscopetest.ParseFault(spec)
			if err != nil {
				t.Errorf("%s: got the error %v, want none", s.name, err)
			}
			if len(s.faults) == 1 {
				alone[f.Name]++
			} else {
				random[f.Name]++
			}
		}
	}
	for _, f := range dashscopetest.Catalog() {
		if alone[f.Name] == 0 {
			t.Errorf("%s is not played", f.Name)
		}
		if special := slices.Contains([]string{"kill", "drift", "base64-400", "base64-ignore", "overlength-hang"}, f.Name); special == (random[f.Name] > 0) {
			t.Errorf("%s is %d times among those at random", f.Name, random[f.Name])
		}
	}
}

// TestExpectations: a fault that is worth a retry may fail nothing.
func TestExpectations(t *testing.T) {
	for _, s := range eachFault() {
		name, _, _ := strings.Cut(s.faults[0], "=")
		for _, f := range dashscopetest.Catalog() {
			if f.Name != name {
				continue
			}
			heals := f.Kind == embedding.Unavailable || f.Kind == embedding.RateLimited || f.Kind == embedding.Unknown
			if heals != (len(s.expect.may) == 0 && (s.expect.marked == embedding.Unknown || s.long)) {
				t.Errorf("%s means %v, and texts may fail by %v, the marked by %v", name, f.Kind, s.expect.may, s.expect.marked)
			}
		}
	}
}

func TestSelection(t *testing.T) {
	all := plan{fault: regexp.MustCompile("^auth")}.scenarios(newJob(1000, 1))
	if len(all) != 4 || !all[0].nothing || all[1].name != "auth" {
		t.Errorf("%d scenarios: auth, auth-2, the flat one and the quiet run were asked for", len(all))
	}
}
