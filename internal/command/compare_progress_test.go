package command

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/internal/expect"
)

func TestProgressLines(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&b)
	p.now = func() time.Time { return now }
	for done := 0; done <= 100; done += 10 {
		p.hear(benchmarks.Progress{Candidate: "c", Step: "set", Done: done, Total: 100})
		now = now.Add(4 * time.Second)
	}
	p.hear(benchmarks.Progress{Candidate: "c", Step: "other", Done: 5, Total: 9, Recorded: 5})
	p.end()
	want := "c, set: 0 of 100\nc, set: 30 of 100, 2.5/s, 28s left\nc, set: 60 of 100, 2.5/s, 16s left\nc, set: 90 of 100, 2.5/s, 4s left\nc, set: 100 of 100\nc, other: 5 of 9 (5 recorded before)\n"
	expect.Equal(t, "lines", b.String(), want)
}

func TestProgressOnTerminal(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.terminal, p.width = true, func() int { return 60 }
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Total: 4})
	now = now.Add(time.Second)
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Done: 1, Total: 4})
	p.hear(benchmarks.Progress{Candidate: "candidate", Step: "set", Done: 4, Total: 4})
	p.hear(benchmarks.Progress{Candidate: strings.Repeat("c", 50), Step: "x", Total: 1})
	p.end()
	want := "\r[--------------------] 0 of 4  candidate, set" +
		"\r[#####---------------] 1 of 4, 1.0/s, 3s left  candidate, …" + // a line never wraps
		"\r[####################] 4 of 4  candidate, set" + strings.Repeat(" ", 14) + "\n" +
		"\r[--------------------] 0 of 1  " + strings.Repeat("c", 27) + "…\n"
	expect.Equal(t, "lines", b.String(), want)
}

// The estimate before the start never adds up two currencies.
func TestShowEstimate(t *testing.T) {
	var b bytes.Buffer
	price := func(c string) embedding.Price { return embedding.Price{PerMillion: 1, Currency: c, AsOf: "2026-10-01"} }
	showEstimate(&b, benchmarks.Estimate{
		Candidates: []benchmarks.CandidateEstimate{{Name: "a", Texts: 3, Tokens: 9, Price: price("USD"), Sum: 1}, {Name: "b", Price: price("CNY"), Sum: 2}, {Name: "c"}},
		Sums:       map[string]float64{"USD": 1, "CNY": 2},
	}, benchmarks.Options{Budgets: map[string]float64{"USD": .5}})
	holds(t, b.String(), "about 1.0000 USD in all; the budget is 0.5000 USD, so it may stop half way", "about 2.0000 CNY in all\n", "c: 0 texts to send, 0 recorded; about 0 tokens, price unknown")
}
