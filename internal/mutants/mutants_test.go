// Package mutants breaks the layers on purpose: each fault in the list must make its named test fail. It tests the tests.
//
//	EMBEDDING_MUTANTS=1 go test ./internal/mutants
package mutants

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutants are faults that layers around a provider were seen to have, here or elsewhere.
var mutants = []struct {
	name      string
	file      string
	old, new  string
	pkg, test string
}{
	{"the merger ignores where rows belong", "merge.go", "m.rows[at(k)] = row\n\t\t}\n\t}\n\tm.usage", "m.rows[k] = row\n\t\t}\n\t}\n\tm.usage", ".", "TestMerger"},
	{"the merger forgets the usage of a part", "merge.go", "m.usage = m.usage.Add(res.Usage)", "if !partial { m.usage = m.usage.Add(res.Usage) }", ".", "TestMerger"},
	{"the guard lets NaN pass", "guard.go", "if k := infinite(v); k >= 0 {", "if k := infinite(v); k > len(v) {", ".", "TestGuard"},
	{"the guard sends blank texts", "guard.go", `case strings.TrimSpace(text) == "":`, `case strings.TrimSpace(text) == "-":`, ".", "TestGuard"},
	{"a user's own timeout ends the caller", "errors.go", "e.Err = opaque{err}", "e.Err = err", ".", "TestGuard"},
	{"copies share one backing array", "helpers.go", "out[i] = slab[at:len(slab):len(slab)]", "out[i] = slab[at:len(slab)]", ".", "TestDocuments"},

	{"the cache forgets the Variant", "middleware/cache/key.go", "p := parts{m.Space, m.Variant, chain}", `p := parts{m.Space, "", chain}`, "./middleware/cache", ""},
	{"the cache forgets the task", "middleware/cache/key.go", "if p.symmetric {", "if true {", "./middleware/cache", ""},
	{"the cache does not check the key", "middleware/cache/cache.go", "|| e.check != k.hi", "", "./middleware/cache", ""},
	{"the cache keeps a row of the provider's slab", "middleware/cache/cache.go", "e.one[0] = append(make([]float32, 0, len(row)), row...)", "e.one[0] = row", "./middleware/cache", ""},
	{"the cache drops what a burst is too fast for", "middleware/cache/cache.go", "\t\t\tc.store.Wait()\n\t\t}\n\t\tc.stats", "\t\t\tbreak\n\t\t}\n\t\tc.stats", "./middleware/cache", ""},
	{"the cache merges hits by position", "middleware/cache/view.go", "m.Add(missing, res, err)", "m.Add(m.Missing()[:0:0], res, err)", "./middleware/cache", ""},

	{"a tier's key forgets the Variant", "middleware/cache/store.go", "[]string{string(m.Space), m.Variant}", "[]string{string(m.Space)}", "./middleware/cache", "TestStoreKey"},
	{"a tier's value is not checked against its key", "middleware/cache/store.go", "crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, floats)", "crc32.Update(0, castagnoli, floats)", "./middleware/cache", "TestValues"},
	{"a tier that hangs takes all of a caller's time", "middleware/cache/tier.go", "time.Until(deadline)/2", "time.Until(deadline)", "./middleware/cache", "TestCallersTime"},
	{"a purge does not hold for what is under way", "middleware/cache/tier.go", "if !fresh() {", "if false {", "./middleware/cache", "TestPurgeHolds"},
	{"a tier serves an unknown Space", "middleware/cache/tier.go", `if t == nil || m.Space != "" {`, "if true {", "./middleware/cache", "TestUnknownSpace"},
	{"a shared limit keeps what was left", "middleware/quota.go", "give(1, tokens)", "_ = give", "./middleware", "TestSharedLimitSettles"},

	{"Batch loses the index of its chunks", "middleware/batch.go", "j.out.Add(c.idx, res, nil)\n\t\tif c.whole", "j.out.Add(j.all[:len(c.idx)], res, nil)\n\t\tif c.whole", "./middleware", "TestBatch"},
	{"Batch blames texts that were refused together", "middleware/batch.go", "(e.Kind == embedding.TooLarge || e.Kind == embedding.Rejected)", "e.Kind == embedding.TooLarge", "./middleware", "TestBatchSharesNoBlame"},
	{"Batch throws away what was paid", "middleware/batch.go", "res, err := j.out.Result()", "res, err := j.out.Result(); if j.stop != nil { return embedding.Response{}, j.stop }", "./middleware", "TestBatch"},
	{"Batch goes on with a wrong key", "middleware/batch.go", "case embedding.Auth, embedding.Exhausted", "case embedding.Exhausted", "./middleware", "TestBatchAfterAnError"},
	{"Batch keeps a job's vectors from the cache until its end", "middleware/batch.go", "j.memory != nil && len(got.Vectors)", "false && len(got.Vectors)", "./middleware", "TestALongJob"},
	{"Batch sends in waves", "middleware/batch.go", "workers := min(b.parallel, (n+first-1)/first)", "workers := 1", "./middleware", "TestBatchSlides"},

	{"Retry asks again for Invalid", "middleware/relay.go", "return kind == embedding.RateLimited || kind == embedding.Unavailable, after", "return kind == embedding.RateLimited || kind == embedding.Unavailable || kind == embedding.Invalid, after", "./middleware", "TestRetryByKind"},
	{"Retry ignores Retry-After", "middleware/retry.go", "wait := cmp.Or(after, rand.N(pause)+1)", "wait := rand.N(pause)+1; _ = cmp.Or(after)", "./middleware", "TestRetryWaits"},
	{"Retry asks for everything again", "middleware/retry.go", "if res, err = r.next.Embed(ctx, req.Pick(open)); err == nil {", "if res, err = r.next.Embed(ctx, req.Pick(open)); err == nil || len(open) < 0 {\n\t\t\t_, _ = r.next.Embed(ctx, req)", "./middleware", "TestRetryAsksOnly"},
	{"Retry has a budget per call only", "middleware/retry.go", "|| end.Sub(began) > r.o.Budget ||", "|| began.IsZero() ||", "./middleware", "TestRetryInAnOutage"},

	{"Coalesce hurts all by one cancel", "middleware/coalesce.go", "context.WithCancel(context.WithoutCancel(ctx))", "context.WithCancel(ctx)", "./middleware", "TestCoalesceCancel"},
	{"Coalesce mixes tasks up", "middleware/coalesce.go", "task := req.Task\n\tif c.symmetric", "task := embedding.TaskDocument\n\tif c.symmetric", "./middleware", "TestCoalesceTellsTasksApart"},
	{"Coalesce tells usage to everybody", "middleware/coalesce.go", "tell := !s.call.told && (s.owner || !s.call.owner)", "tell := true", "./middleware", "TestCoalesceAsksOnce"},
	{"Coalesce never cancels", "middleware/coalesce.go", "\tc.land(call, task)\n\tcall.cancel()", "\tc.land(call, task)", "./middleware", "TestCoalesceLast"},

	{"Coalesce lands before the cache has it", "middleware/coalesce.go", "call.memory.Keep(call.ctx, call.task, call.texts, got.Vectors)", "_ = got", "./middleware", "TestNothingIsPaidTwice"},
	{"Coalesce does not look again", "middleware/coalesce.go", "if memory != nil {", "if false {", "./middleware", "TestNothingIsPaidTwice"},
	{"Coalesce keeps what a cache outside has in another form", "middleware/internal/recall/recall.go", "!its.Space.Same(model.Space) || ", "", "./middleware", "TestCacheOutsideAnotherSpace"},

	{"Fallback mixes spaces", "middleware/relay.go", "case !o.Space.Same(m.Space):", "case false:", "./middleware", "Fallback"},
	{"Breaker never opens", "middleware/breaker.go", "b.open, b.trial = true, false", "b.open, b.trial = false, false", "./middleware", "TestBreaker"},
	{"Breaker lets everybody try", "middleware/breaker.go", "case b.trial:", "case false:", "./middleware", "TestBreaker"},
	{"Limit leaks a slot", "middleware/limit.go", "\t\t<-l.slots\n", "", "./middleware", "TestL"},
	{"Limit saves up a whole second", "middleware/limit.go", "max(1, rate/50)", "max(1, rate)", "./middleware", "TestLimitSpreads"},
	{"Limit does not settle", "middleware/limit.go", "\t\t\t\tsettle(estimate - u.Tokens)", "\t\t\t\tsettle(0 * u.Tokens)", "./middleware", "TestLimitSettles"},
	{"Timeout ends the caller", "middleware/timeout.go", "\t\t\t\treturn embedding.Response{}, end\n", "\t\t\t\treturn res, err\n", "./middleware", "TestTimeout"},
	{"Truncate keeps the Space", "middleware/truncate.go", `m.Space = embedding.Space(fmt.Sprintf("%s/%d", m.Space, n))`, "", "./middleware", "TestTruncate"},
	{"Truncate does not normalise", "middleware/truncate.go", "scale := 1 / math.Sqrt(sum)", "scale := 1 + 0*math.Sqrt(sum)", "./middleware", "TestTruncate"},
	{"Dimensions asks before it refuses", "middleware/dimensions.go", "if m.Dimensions > 0 {", "if _, _ = next.Embed(ctx, req); m.Dimensions > 0 {", "./middleware", "TestDimensions"},
}

func TestMutants(t *testing.T) {
	if os.Getenv("EMBEDDING_MUTANTS") == "" {
		t.Skip("set EMBEDDING_MUTANTS=1 to break each layer on purpose: it compiles the tests once a fault, about two minutes")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			file := filepath.Join(root, filepath.FromSlash(m.file))
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), m.old); n != 1 {
				t.Fatalf("%s holds %q %d times: the list is out of date", m.file, m.old, n)
			}
			dir := t.TempDir()
			mutated := filepath.Join(dir, filepath.Base(m.file))
			if err := os.WriteFile(mutated, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutated}})
			if err != nil {
				t.Fatal(err)
			}
			list := filepath.Join(dir, "overlay.json")
			if err := os.WriteFile(list, overlay, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", list, "-vet=off", "-timeout", "60s", "-run", m.test, m.pkg, "-rapid.nofailfile")
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			switch {
			case strings.Contains(string(out), "[build failed]"):
				t.Fatalf("the fault does not compile:\n%s", out)
			case err == nil:
				t.Errorf("no test of %s that matches %q notices", m.pkg, m.test)
			case !strings.Contains(string(out), "--- FAIL") && !strings.Contains(string(out), "panic:"):
				t.Errorf("go test failed for another reason:\n%s", out)
			}
		})
	}
}
