package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

// TestMain lets the test binary be the emulator that a campaign runs itself as.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == emulateMode {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestCampaign runs a fault of each sort in real processes: one that heals, one that spoils
// answers, one that stays, one that kills, one that kills a region, and the controls. Only the
// command judges double billing.
func TestCampaign(t *testing.T) {
	p := plan{texts: 1000, outages: 50 * time.Millisecond, seed: 3, fault: regexp.MustCompile(`^(overloaded|nan|auth|kill|bad-text|drift|a region dies.*|control.*)$`)}
	var out bytes.Buffer
	rows, err := p.play(t.Context(), &out)
	expect.NoError(t, err)
	if len(rows) != 10 {
		t.Errorf("%d rows:\n%s", len(rows), &out)
	}
	controls := 0
	for _, r := range rows {
		if r.control {
			controls++
			if len(r.problems) > 0 {
				t.Errorf("%s: got the problems %s, want none", r.name, r.problems)
			}
			continue
		}
		if r.lost != 0 || r.wrong != 0 || r.peak == 0 || r.injected == 0 && r.name != rows[0].name {
			t.Errorf("lost, wrong, never injected or without memory: %s", r.line())
		}
		for _, p := range r.problems {
			if strings.Contains(p, "goroutines") || strings.Contains(p, "asked again") || strings.Contains(p, "have vectors") {
				t.Errorf("%s: got the problem %s", r.name, p)
			}
		}
		if r.name == "nan" {
			continue // Batch asks once more, so most of them heal
		}
		failing := map[string]bool{"auth": true, "bad-text": true}[r.name]
		if failing != (len(r.failed) > 0) || failing != (r.missing > 0) {
			t.Errorf("%s failed %v and %d were missing", r.name, r.failed, r.missing)
		}
	}
	expect.Equal(t, "controls (drift, no retries and no cache)", controls, 3)
	if h := rows[0].hits; h < 0.2 || h > 0.5 {
		t.Errorf("the quiet run's cache had %.2f of the texts", h)
	}
}

func TestFlags(t *testing.T) {
	for _, tc := range []struct {
		args    string
		texts   int
		outages time.Duration
	}{
		{"", 50_000, 30 * time.Second},
		{"-quick", 1_000, time.Second},
		{"-quick -texts 2000", 2_000, time.Second},
		{"-outage 5s -quick", 1_000, 5 * time.Second},
	} {
		p, err := planOf(strings.Fields(tc.args), io.Discard)
		if err != nil || p.texts != tc.texts || p.outages != tc.outages || p.seed != 1 {
			t.Errorf("%q: got %+v, %v, want %d texts, outages of %v and seed 1", tc.args, p, err, tc.texts, tc.outages)
		}
	}
	for _, args := range []string{"-texts 999", "-fault (", "-outage -1s", "more", "-none"} {
		var said bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), io.Discard, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%q: exit code %d, %q", args, code, &said)
		}
	}
	expect.Equal(t, "the exit code of -h", run(t.Context(), []string{"-h"}, io.Discard, io.Discard), 0)
}
