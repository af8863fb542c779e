package command

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/emulator"
)

// -executor batch asks by batches, which the plan has a price for, and the account is the vendor's.
// What the vendor's batch API is not known to do is said, and auto does not use it.
func TestJobBatches(t *testing.T) {
	server, ref := paying(t)
	in := put(t, "a.txt", textsOf(300))
	run := func(name, executor string) (string, string) {
		dir := filepath.Join(t.TempDir(), name)
		code, out, errs := vecspace(t, "", "job", "run", "-in", in, "-out", dir, "-e", ref, "-shard", "50", "-yes", "-executor", executor)
		ended(t, code, 0, out+errs, "300 vectors", "batches   at a price that is not known; 1, 2 at once: often 0.1h to 1.0h, 24.0h at most", "not verified: that the server at 127.0.0.1")
		return dir, out + errs
	}
	dir, said := run("batch", "batch")
	ended(t, 0, 0, said, "texts are asked for by batches; not verified")
	expect.Equal(t, "batches", len(server.Batches()), 1)
	code, out, _ := vecspace(t, "", "job", "status", "-json", dir)
	expect.Equal(t, "exit code", code, 0)
	var s jobs.Status
	expect.NoError(t, json.Unmarshal([]byte(out), &s))
	expect.Equal(t, "tokens", s.Tokens, server.Ledger().Tokens)
	expect.Equal(t, "tokens of batches", s.BatchTokens, s.Tokens)
	again := filepath.Join(t.TempDir(), "bounded")
	code, out, said = vecspace(t, "", "job", "run", "-in", in, "-out", again, "-e", ref, "-shard", "50", "-yes", "-executor", "batch", "-batch-texts", "150", "-workers", "1")
	ended(t, code, 0, out+said, "300 vectors")
	expect.Equal(t, "batches of at most 150 texts, and the one before", len(server.Batches()), 3)
	_, said = run("auto", "auto")
	ended(t, 0, 0, said, "texts are asked for one by one: not verified", "-executor batch makes batches all the same")
	expect.Equal(t, "batches", len(server.Batches()), 3)
}

// A job that is interrupted while a batch is under way says so, and any later run goes on with it.
// A job that is canceled ends it.
func TestJobBatchesUnderWay(t *testing.T) {
	for _, later := range []string{"run", "worker", "sync", "cancel"} {
		server, ref := paying(t)
		expect.NoError(t, server.Configure(emulator.Settings{BatchTime: time.Hour}))
		dir := filepath.Join(t.TempDir(), "out")
		args := []string{"-in", put(t, "a.txt", textsOf(300)), "-out", dir, "-e", ref, "-shard", "50", "-yes"}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for len(server.Batches()) == 0 {
				time.Sleep(time.Millisecond) // the batch is what is waited for
			}
			cancel()
		}()
		var b strings.Builder
		err := Parts{}.jobRun(ctx, append([]string{"-executor", "batch"}, args...), streams{strings.NewReader(""), &b, &b})
		if err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Fatalf("got %v, want that it is interrupted", err)
		}
		code, out, errs := vecspace(t, "", "job", "status", dir)
		ended(t, code, 0, out+errs, "stopped, 0 of 300 texts", "  batch ", ": 300 texts of 6 shards, since ")
		expect.NoError(t, server.Configure(emulator.Settings{}))
		texts := 300
		switch later {
		case "run":
			code, out, errs = vecspace(t, "", append([]string{"job", "run"}, args...)...)
			ended(t, code, 2, out+errs, "-executor batch goes on with them") // sync is what run does unless told
			code, out, errs = vecspace(t, "", append([]string{"job", "run", "-executor", "auto"}, args...)...)
			ended(t, code, 0, out+errs, "asked for by batches", "300 vectors")
		case "worker":
			code, out, errs = vecspace(t, "", "job", "worker", dir)
			ended(t, code, 0, out+errs, "asked for by batches", "300 vectors")
		case "sync":
			code, out, errs = vecspace(t, "", "job", "worker", dir, "-executor", "sync")
			ended(t, code, 2, out+errs, "paid for twice")
			texts = 0
		case "cancel":
			expect.NoError(t, server.Configure(emulator.Settings{BatchTime: time.Hour}))
			code, out, errs = vecspace(t, "", "job", "cancel", dir)
			ended(t, code, 0, out+errs, "1 of 1 batches were ended at the vendor")
			texts = 0
		}
		expect.Equal(t, later+": batches", len(server.Batches()), 1)
		expect.Equal(t, later+": texts billed", server.Ledger().Texts, texts)
	}
}

// termed is a batch API of which only the terms are asked.
type termed struct {
	batchapi.API
	terms batchapi.Terms
}

func (t termed) Terms() batchapi.Terms { return t.terms }

// auto makes batches only of many texts, where they are known to work and in the time that there
// is.
func TestChooseExecutor(t *testing.T) {
	good := termed{terms: batchapi.Terms{Lines: 50_000, Share: 0.5}}
	vague := termed{terms: batchapi.Terms{Lines: 50_000, Unverified: "a preview"}}
	none := errors.New("no batch API of acme is known")
	for name, c := range map[string]struct {
		executor string
		deadline time.Duration
		api      batchapi.API
		unopened error
		left     int
		batched  bool
		want     bool
		says     string
	}{
		"sync":                        {executor: "sync", api: good, left: 1e6},
		"batch of few":                {executor: "batch", api: good, left: 1, want: true, says: "by batches"},
		"batch, a preview":            {executor: "batch", api: vague, left: 1, want: true, says: "not verified: a preview"},
		"auto of many":                {executor: "auto", api: good, left: 50_001, want: true, says: "by batches"},
		"auto of few":                 {executor: "auto", api: good, left: 50_000, says: "50000 texts are left"},
		"auto with time":              {executor: "auto", api: good, left: 1e6, deadline: 3 * time.Hour, want: true, says: "by batches"},
		"auto without":                {executor: "auto", api: good, left: 1e6, deadline: 2 * time.Hour, says: "more than 2h"},
		"auto, a preview":             {executor: "auto", api: vague, left: 1e6, says: "not verified: a preview"},
		"auto of others":              {executor: "auto", unopened: none, left: 1e6, says: "no batch API of acme"},
		"worker":                      {api: good, left: 1e6},
		"worker, batches under way":   {api: good, left: 1, batched: true, want: true, says: "by batches"},
		"auto, batches under way":     {executor: "auto", api: vague, left: 1, batched: true, want: true, says: "not verified"},
		"sync with batches under way": {executor: "sync", api: good, batched: true},
	} {
		f := batchFlags{executor: c.executor, deadline: c.deadline}
		api, says, err := f.choose(c.api, c.unopened, c.left, c.batched)
		if err != nil || (api != nil) != c.want || !strings.Contains(says, c.says) {
			t.Errorf("%s: got %v, %q and %v, want batches: %t, %q", name, api, says, err, c.want, c.says)
		}
	}
	_, _, err := (&batchFlags{executor: "batch"}).choose(nil, none, 1, false)
	expect.Says(t, "the error", err, none.Error())
}

// The plan has both prices, and a budget that batches could exceed is refused before the first.
func TestBatchPrices(t *testing.T) {
	f := jobFlags{}
	terms := batchapi.Terms{Lines: 50_000, Window: 24 * time.Hour, Share: 0.5}
	p := jobs.Figures{Texts: 1_000_000, Tokens: 100_000_000}
	expect.Equal(t, "plan", f.batchText(p, &jobs.Price{PerMillion: 0.02, Currency: "USD"}, terms),
		"  batches   about 1.00 USD, 0.50 of that price; 20, 2 at once: often 1.2h to 10.0h, 240.0h at most\n")
	w := &jobWork{flags: jobFlags{budget: sum{amount: 1.5}}}
	m := jobs.Manifest{Plan: p, Price: &jobs.Price{PerMillion: 0.02, Currency: "USD"}}
	s := jobs.Status{Texts: 1_000_000, Done: 500_000, Cost: 0.5}
	expect.NoError(t, w.affords(m, s, terms))
	s.Cost = 1.1
	expect.Says(t, "the error", w.affords(m, s, terms), "could cost 1.6000 USD")
	m.Price = nil
	expect.Says(t, "the error", w.affords(m, s, terms), "not known")
}
