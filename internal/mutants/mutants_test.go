// Package mutants breaks the layers on purpose: each fault in the list must make its named test
// fail. It tests the tests. One compilation has all faults, and a variable chooses one of them.
//
//	EMBEDDING_MUTANTS=1 go test ./internal/mutants
package mutants

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// chosen is the environment variable that tells a test binary which fault it has, by its number.
const chosen = "EMBEDDING_MUTANT"

// mutants are faults that layers around a provider were seen to have, here or elsewhere.
var mutants = []struct {
	name      string
	file      string
	old, new  string
	pkg, test string
	decl      string // what the new text needs outside its function
}{
	{name: "the merger ignores where rows belong", file: "merge.go", old: "m.rows[at(k)] = v", new: "m.rows[k] = v", pkg: ".", test: "TestMerger"},
	{name: "the merger forgets the usage of a part", file: "merge.go", old: "m.usage = m.usage.Add(res.Usage)", new: "if slices.Index(idx, 0) < 0 { m.usage = m.usage.Add(res.Usage) }", pkg: ".", test: "TestMerger"},
	{name: "the guard lets NaN pass", file: "guard.go", old: "if k := infinite(v); k >= 0 {", new: "if k := infinite(v); k > len(v) {", pkg: ".", test: "TestGuard"},
	{name: "a malformed answer fixes the dimensions", file: "guard.go", old: "want = cmp.Or(want, len(v))", new: "want = cmp.Or(want, len(v)); g.seen.CompareAndSwap(0, int64(want))", pkg: ".", test: "TestGuard"},
	{name: "the guard lets vectors of zeros pass", file: "guard.go", old: "if !near {", new: "if !near && square > 0 {", pkg: ".", test: "TestGuard"},
	{name: "the merger drops a wrapped partial answer", file: "merge.go", old: "p, ok := errors.AsType[*PartialError](err); ok {", new: "p, ok := err.(*PartialError); ok && !errors.Is(err, nil) {", pkg: "./middleware", test: "TestWrapped"},
	{name: "the guard sends blank texts", file: "internal/plain/plain.go", old: `case strings.TrimSpace(text) == "":`, new: `case strings.TrimSpace(text) == "-":`, pkg: ".", test: "TestGuard"},
	{name: "a user's own timeout ends the caller", file: "errors.go", old: "e.Err = opaque{err}", new: "e.Err = err", pkg: ".", test: "TestGuard"},
	{name: "copies share one backing array", file: "documents.go", old: "out[i] = slab[at:len(slab):len(slab)]", new: "out[i] = slab[at:len(slab)]", pkg: ".", test: "TestDocuments"},

	{name: "Wrap shows layers empty requests", file: "chain.go", old: "if len(req.Texts) == 0 {", new: "if false {", pkg: ".", test: "TestWrap"},
	{name: "a stream drops what the block in flight has paid for", file: "stream.go", old: "late, more := ahead.deliver(yield, lent)", new: "var late error; if fatal == nil { late, more = ahead.deliver(yield, lent) }", pkg: ".", test: "TestStreamKeeps"},
	{name: "a stream lends an Embedder what only its caller may read", file: "internal/lend/lend.go", old: "ctx = context.WithValue(ctx, key{}, false)", new: "_ = 0", pkg: ".", test: "TestStreamCopies"},
	{name: "a stream yields rows that are others' too", file: "stream.go", old: "if !lent {", new: "if false {", pkg: ".", test: "TestStreamCopies"},
	{name: "a stream waits for an item more before it sends", file: "stream.go", old: "if len(b.items) == blockTexts && !flush() {", new: "if len(b.items) == blockTexts+1 && !flush() {", pkg: ".", test: "TestStream"},
	{name: "a line behind a failed one gets its number", file: "lines.go", old: "Line{in.Number,", new: "Line{min(in.Number, 3),", pkg: ".", test: "TestLines"},
	{name: "a line that is cut short by an error is embedded", file: "internal/plain/lines.go", old: "if err != nil && !errors.Is(err, io.EOF) {", new: "if false {", pkg: "./internal/plain", test: "TestLines"},
	{name: "a refusal that all texts share ends a stream", file: "stream.go", old: "} else if KindOf(err) == Rejected {", new: "} else if len(b.texts) == 1 && KindOf(err) == Rejected {", pkg: ".", test: "TestStreamOfOneRefusal"},
	{name: "an interruption cancels the requests under way", file: "internal/outlast/outlast.go", old: "if stop.Err() == nil && errors.Is(", new: "if errors.Is(", pkg: "./internal/command", test: "TestAccountOutlasts"},

	{name: "the cache forgets the Variant", file: "middleware/cache/key.go", old: "p := parts{m.Space, m.Variant, chain}", new: `p := parts{m.Space, "", chain}`, pkg: "./middleware/cache", test: "TestKeyHolds"},
	{name: "the cache forgets the task", file: "middleware/cache/key.go", old: "if p.symmetric {", new: "if true {", pkg: "./middleware/cache", test: "TestKeyHolds"},
	{name: "the cache does not check the key", file: "middleware/cache/cache.go", old: "|| e.check != k.hi", new: "", pkg: "./middleware/cache", test: "TestHalfACollision"},
	{name: "the cache keeps a row of the provider's slab", file: "middleware/cache/cache.go", old: "row: append(make([]float32, 0, len(row)), row...)}", new: "row: row}", pkg: "./middleware/cache", test: "TestRowsAreOwned"},
	{name: "a hit of one text hands out the cache's own slice", file: "middleware/cache/cache.go", old: "return [][]float32{e.row}", new: "if handed[e] == nil { handed[e] = [][]float32{e.row} }; return handed[e]", pkg: "./middleware/cache", test: "TestAnswersAreTheCallersOwn", decl: "var handed = map[*entry][][]float32{}"},
	{name: "the cache drops what a burst is too fast for", file: "middleware/cache/cache.go", old: "\t\t\tc.store.Wait()\n\t\t}\n\t\tc.stats", new: "\t\t\tbreak\n\t\t}\n\t\tc.stats", pkg: "./middleware/cache", test: "TestBurst"},
	{name: "the cache merges hits by position", file: "middleware/cache/view.go", old: "m.Add(missing, res, err)", new: "m.Add(m.Missing()[:0:0], res, err)", pkg: "./middleware/cache", test: "TestPartialHits"},

	{name: "a tier's key forgets the Variant", file: "middleware/cache/store.go", old: "[]string{string(m.Space), m.Variant}", new: "[]string{string(m.Space)}", pkg: "./middleware/cache", test: "TestStoreKey"},
	{name: "a tier's value is not checked against its key", file: "middleware/cache/store.go", old: "crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, vector)", new: "crc32.Update(0, castagnoli, vector)", pkg: "./middleware/cache", test: "TestValues"},
	{name: "a tier that hangs takes all of a caller's time", file: "middleware/cache/tier.go", old: "time.Until(deadline)/2", new: "time.Until(deadline)", pkg: "./middleware/cache", test: "TestCallersTime"},
	{name: "a purge does not hold for what is under way", file: "middleware/cache/tier.go", old: "if !fresh() {", new: "if false {", pkg: "./middleware/cache", test: "TestPurgeHolds"},
	{name: "a tier serves an unknown Space", file: "middleware/cache/tier.go", old: `if t == nil || m.Space != "" {`, new: "if true {", pkg: "./middleware/cache", test: "TestUnknownSpace"},
	{name: "a shared limit reserves far ahead", file: "middleware/quota.go", old: "most, limited := soon, false", new: "most, limited := time.Hour, false", pkg: "./middleware", test: "TestSharedLimit"},
	{name: "a shared limit loses what was left", file: "middleware/queue.go", old: "\tl.spare = t\n\tl.wake()", new: "\tl.untake(&t)", pkg: "./middleware", test: "TestQueueMovesUp"},
	{name: "a Store's vectors are not judged", file: "middleware/cache/sound.go", old: "if unsound(m, asked, found) == nil {", new: "if true {", pkg: "./middleware/cache", test: "TestBadVectors"},
	{name: "a first text that is refused keeps a chain from its Store", file: "middleware/cache/learn.go", old: "ctx.Err() != nil || rejected(err) {\n\t\t\t\t<-", new: "ctx.Err() != nil {\n\t\t\t\t<-", pkg: "./middleware/cache", test: "TestUnknownSpace"},

	{name: "Batch loses the index of its chunks", file: "middleware/batch.go", old: "j.out.Add(c.idx, res, nil)\n\t\tj.pass(c)", new: "j.out.Add(j.all[:len(c.idx)], res, nil)\n\t\tj.pass(c)", pkg: "./middleware", test: "TestBatch"},
	{name: "Batch blames texts that were refused together", file: "middleware/batch.go", old: "kind == embedding.TooLarge || kind == embedding.Rejected:", new: "kind == embedding.TooLarge:", pkg: "./middleware", test: "TestBatchSharesNoBlame"},
	{name: "Batch throws away what was paid", file: "middleware/batch.go", old: "res, err := j.out.Result()", new: "res, err := j.out.Result(); if j.stop != nil { return embedding.Response{}, j.stop }", pkg: "./middleware", test: "TestBatch"},
	{name: "Batch goes on with a wrong key", file: "middleware/batch.go", old: "case embedding.Auth, embedding.Exhausted", new: "case embedding.Exhausted", pkg: "./middleware", test: "TestBatchAfterAnError"},
	{name: "Batch keeps a job's vectors from the cache until its end", file: "middleware/batch.go", old: "j.memory != nil && len(got.Vectors)", new: "false && len(got.Vectors)", pkg: "./middleware", test: "TestALongJob"},
	{name: "Batch sends in waves", file: "middleware/batch.go", old: "workers := min(b.parallel, (n+first-1)/first)", new: "workers := 1", pkg: "./middleware", test: "TestBatchSlides"},

	{name: "Retry asks again for Invalid", file: "middleware/errors.go", old: "return kind == embedding.RateLimited || kind == embedding.Unavailable, after", new: "return kind == embedding.RateLimited || kind == embedding.Unavailable || kind == embedding.Invalid, after", pkg: "./middleware", test: "TestRetryByKind"},
	{name: "Retry ignores Retry-After", file: "middleware/retry.go", old: "wait := cmp.Or(after, rand.N(pause)+1)", new: "wait := rand.N(pause)+1; _ = cmp.Or(after)", pkg: "./middleware", test: "TestRetryWaits"},
	{name: "Retry asks for everything again", file: "middleware/retry.go", old: "if res, err = r.next.Embed(ctx, req.Pick(open)); err == nil {", new: "if res, err = r.next.Embed(ctx, req.Pick(open)); err == nil || len(open) < 0 {\n\t\t\t_, _ = r.next.Embed(ctx, req)", pkg: "./middleware", test: "TestRetryAsksOnly"},
	{name: "Retry has a budget per call only", file: "middleware/retry.go", old: "|| end.Sub(began) > r.o.Budget ||", new: "|| began.IsZero() ||", pkg: "./middleware", test: "TestRetryInAnOutage"},

	{name: "Coalesce hurts all by one cancel", file: "middleware/coalesce.go", old: "call.Context = context.WithoutCancel(ctx)", new: "call.Context = ctx", pkg: "./middleware", test: "TestCoalesceCancel"},
	{name: "Coalesce mixes tasks up", file: "middleware/coalesce.go", old: "if c.model.Symmetric {", new: "if true {", pkg: "./middleware", test: "TestCoalesceTellsTasksApart"},
	{name: "Coalesce tells usage to everybody", file: "middleware/coalesce.go", old: "tell := !s.call.told && (s.owner || !s.call.owner)", new: "tell := true", pkg: "./middleware", test: "TestCoalesceAsksOnce"},
	{name: "Coalesce never cancels", file: "middleware/coalesce.go", old: "\tc.land(call)\n\tcall.cancel()", new: "\tc.land(call)", pkg: "./middleware", test: "TestCoalesceLast"},

	{name: "Coalesce lands before the cache has it", file: "middleware/coalesce.go", old: "call.memory.Keep(call.ctx, call.task, call.texts, got.Vectors)", new: "_ = got", pkg: "./middleware", test: "TestNothingIsPaidTwice"},
	{name: "Coalesce does not look again", file: "middleware/coalesce.go", old: "if p.memory == nil {", new: "if true {", pkg: "./middleware", test: "TestNothingIsPaidTwice"},
	{name: "Coalesce keeps what a cache outside has in another form", file: "internal/recall/recall.go", old: "!its.Space.Same(model.Space) || ", new: "", pkg: "./middleware", test: "TestCacheOutsideAnotherSpace"},

	{name: "a cache hides what is outside it from Batch", file: "internal/recall/recall.go", old: "\tb.outer.Keep(ctx, task, texts, rows)\n", new: "", pkg: "./middleware", test: "TestALongJob"},
	{name: "Batch halves without asking once more", file: "middleware/suspect.go", old: "\tcase again:", new: "\tcase again && false:", pkg: "./middleware", test: "TestDamage"},
	{name: "Batch leaves a poison text to Retry", file: "middleware/suspect.go", old: "case c.failures < mostTries && took < longest:", new: "case c.failures < 100*mostTries:", pkg: "./middleware", test: "TestOnePoison"},
	{name: "Batch spends Retry's budget on pieces", file: "middleware/suspect.go", old: "case c.piece && !c.patient:", new: "case false:", pkg: "./middleware", test: "TestOnePoison"},
	{name: "Batch blames texts in an outage", file: "middleware/suspect.go", old: "(c.piece || c.failures > 0) && e.passed > c.since", new: "(c.piece || c.failures > 0) && e.passed >= c.since", pkg: "./middleware", test: "TestOutage"},
	{name: "Batch blames texts for noise", file: "middleware/suspect.go", old: "return max(2, n), chance <= byChance", new: "return 2, true", pkg: "./middleware", test: "TestNoiseBeside"},
	{name: "Batch stops at the first odd error", file: "middleware/suspect.go", old: "if j.apart >= 3 ||", new: "if j.apart >= 1 ||", pkg: "./middleware", test: "TestPoisonInAJob"},
	{name: "Batch goes on for ever behind odd errors", file: "middleware/suspect.go", old: "if j.apart >= 3 ||", new: "if j.apart >= 300 ||", pkg: "./middleware", test: "TestWhatStops"},
	{name: "Batch sends texts together that may each take the server down", file: "middleware/batch.go", old: "!(j.probe && j.pieces[last].probes())", new: "true", pkg: "./middleware", test: "TestServerThatDies"},
	{name: "Batch leaves all tries to one request", file: "middleware/suspect.go", old: "j.given < unproved", new: "j.given < unproved/2", pkg: "./middleware", test: "TestPoisonLeavesTries"},
	{name: "Batch takes a text that fails by chance for the poison", file: "middleware/suspect.go", old: "c.origin.found || !c.pair.passed", new: "c.origin.found", pkg: "./middleware", test: "TestNoiseBesideItsOnly"},
	{name: "Batch takes a guess of the noise for the truth", file: "middleware/suspect.go", old: "float64(failed+n) / float64(asked+n)", new: "float64(failed) / float64(asked)", pkg: "./middleware", test: "TestUnlucky"},
	{name: "Batch blames a text that was asked for as often as it may be", file: "middleware/suspect.go", old: "sure && c.vouched()", new: "(sure || true) && c.vouched()", pkg: "./middleware", test: "TestHalfOfAll"},
	{name: "a request whose halves pass tells nothing of noise", file: "middleware/suspect.go", old: "j.noise += c.pair.failures", new: "_ = 0", pkg: "./middleware", test: "TestHalfOfAll"},
	{name: "Batch asks for one half until the end, and then for the other", file: "middleware/suspect.go", old: "\t\t\tat-- //", new: "\t\t\t_ = at //", pkg: "./middleware", test: "TestNoiseBesideItsOnly|TestOnePoison"},
	{name: "Batch condemns texts for an access that was lost", file: "middleware/suspect.go", old: "s.origin == nil || s.origin.sound", new: "true", pkg: "./middleware", test: "TestAccessTakenAway"},
	{name: "Breaker hears nothing of calls from before", file: "middleware/breaker.go", old: "o != success || b.open", new: "true || b.open", pkg: "./middleware", test: "TestBreakerOf|TestBreakerBeside"},
	{name: "a success in the cooldown closes the circuit", file: "middleware/breaker.go", old: "o != success || b.open && now.Before(b.until)", new: "o != success", pkg: "./middleware", test: "TestBreakerOf"},
	{name: "Breaker opens for the pieces of a poison text", file: "middleware/breaker.go", old: "if o == failure && sentFrom(ctx).quiet() {", new: "if o == failure && false {", pkg: "./middleware", test: "TestPoisonOpens"},

	{name: "Fallback is ended by a hedge that fails", file: "middleware/relay.go", old: "if open = m.Missing(); len(open) == 0 {", new: "if open = m.Missing(); len(open) == 0 || len(final) > 0 {", pkg: "./middleware", test: "TestFallbackWaits"},
	{name: "Fallback mixes spaces", file: "middleware/relay.go", old: "case !o.Space.Same(m.Space):", new: "case false:", pkg: "./middleware", test: "Fallback"},
	{name: "Stack joins providers outside Retry", file: "middleware/standard.go", old: "e, err := join(all...)", new: "around[3] = nil; for i := range all { all[i] = embedding.Chain(all[i], Retry(o.Retry)) }; e, err := join(all...)", pkg: "./middleware", test: "TestStack"},
	{name: "Breaker never opens", file: "middleware/breaker.go", old: "b.open, b.trial = true, false", new: "b.open, b.trial = false, false", pkg: "./middleware", test: "TestBreaker"},
	{name: "Breaker lets everybody try", file: "middleware/breaker.go", old: "case b.trial:", new: "case false:", pkg: "./middleware", test: "TestBreaker"},
	{name: "Limit leaks a slot", file: "middleware/queue.go", old: "\tl.count(t.lane, -1)\n\tif a.tokens", new: "\tif a.tokens", pkg: "./middleware", test: "TestL"},
	{name: "Limit saves up a whole second", file: "middleware/limit.go", old: "max(1, rate/50)", new: "max(1, rate)", pkg: "./middleware", test: "TestLimitSpreads"},
	{name: "Limit reserves a waiter's turn when it comes", file: "middleware/queue.go", old: "\tl.lines[lane].push(w)\n", new: "\tl.lines[lane].push(w)\n\tl.requests.take(lane, 1)\n", pkg: "./middleware", test: "TestQueue"},
	{name: "Limit lets everybody out of the queue", file: "middleware/queue.go", old: "if next && !t.taken && wait <= 0", new: "if !t.taken && wait <= 0", pkg: "./middleware", test: "TestQueueTells"},
	{name: "Limit leaves the rest asleep when one leaves", file: "middleware/queue.go", old: "\tl.lines[w.lane].drop(w)\n\tl.wake()", new: "\tl.lines[w.lane].drop(w)", pkg: "./middleware", test: "TestQueue"},
	{name: "Limit counts those who have left", file: "middleware/lane.go", old: "q.requests, q.tokens = q.requests-1, q.tokens-w.tokens", new: "_ = q.tokens - w.tokens", pkg: "./middleware", test: "TestQueueTells"},
	{name: "a query stands behind bulk", file: "middleware/queue.go", old: "if w := l.lines[Interactive].first; w != nil {", new: "if w := l.lines[Interactive].first; w != nil && l.lines[Bulk].first == nil {", pkg: "./middleware", test: "TestBulkYields"},
	{name: "a query waits until bulk has paid", file: "middleware/limit.go", old: "if lane == Interactive && float64(n)", new: "if false && float64(n)", pkg: "./middleware", test: "TestWaitUnderBulk"},
	{name: "bulk takes the whole account", file: "middleware/limit.go", old: "paid := min(b.owed, units*bulkShare)", new: "paid := min(b.owed, units*.99)", pkg: "./middleware", test: "TestBulkGets"},
	{name: "bulk takes every place", file: "middleware/queue.go", old: "|| lane == Bulk && l.bulk >= bulkOf(most)", new: "", pkg: "./middleware", test: "TestLaneOfAChain"},
	{name: "the pace takes what bulk asks for as all there is", file: "middleware/pace.go", old: "\t\ttop /= asked\n", new: "", pkg: "./middleware", test: "TestPaceOfBulk"},
	{name: "a query waits for the end of a bulk call", file: "middleware/coalesce.go", old: "return slot{task, laneOf(ctx, Interactive)}", new: "return slot{task, Interactive}", pkg: "./middleware", test: "TestCoalesceKeeps"},
	{name: "the pace is never learned", file: "middleware/pace.go", old: "\ta.refused = true\n", new: "\ta.refused = false\n", pkg: "./middleware", test: "TestPaceOf"},
	{name: "the pace is half of what was served", file: "middleware/pace.go", old: "top := count / open", new: "top := count / open / 2", pkg: "./middleware", test: "TestPaceOf"},
	{name: "the pace never rises", file: "middleware/pace.go", old: "p.bucket.set(p.rate())\n\tcase", new: "_ = p.rate()\n\tcase", pkg: "./middleware", test: "TestPaceOf"},
	{name: "a wait for an open circuit counts as a failure", file: "middleware/retry.go", old: "failed = time.Now()", new: "failed = first", pkg: "./middleware", test: "TestOpenCircuitIs"},
	{name: "refusals at random lower the pace without end", file: "middleware/whim.go", old: "\t\t\tw.phase = halved\n\t\t\treturn true\n", new: "", pkg: "./middleware", test: "TestWhim"},
	{name: "any refusals are at random", file: "middleware/whim.go", old: "case w.phase == halved && p.taken > rare*w.every:", new: "case false:", pkg: "./middleware", test: "TestWhim"},
	{name: "the pace obeys no Retry-After", file: "middleware/pace.go", old: "p.until = later(p.until, now.Add(a.after))", new: "_ = a.after", pkg: "./middleware", test: "TestPaceLeaves"},
	{name: "everybody tries after a refusal", file: "middleware/queue.go", old: "return l.pace.trying || most", new: "return most", pkg: "./middleware", test: "TestPaceOf"},
	{name: "requests at once are never learned", file: "middleware/pace.go", old: "if p.apart >= enough && p.clash > 0 {", new: "if false {", pkg: "./middleware", test: "TestPaceOf"},
	{name: "Retry counts the time of a turn", file: "middleware/retry.go", old: "first = first.Add(time.Since(sent))", new: "_ = sent", pkg: "./middleware", test: "TestRetryCountsNoTurn"},
	{name: "Breaker opens on a busy account", file: "middleware/breaker.go", old: "now.Sub(b.served) < busy", new: "false", pkg: "./middleware", test: "TestBreaker"},
	{name: "Breaker does not wait for what is under way", file: "middleware/breaker.go", old: "b.out > 0 ||", new: "false ||", pkg: "./middleware", test: "TestBreaker"},
	{name: "Breaker hears layers of ours", file: "middleware/breaker.go", old: "\t\tcase own(e):\n\t\t\tcontinue\n", new: "", pkg: "./middleware", test: "TestBreakerHears"},
	{name: "Breaker takes a blank text for health", file: "middleware/breaker.go", old: "o == unknown && e.Status != 0 &&", new: "o == unknown &&", pkg: "./middleware", test: "TestBreakerHears"},
	{name: "Limit does not settle", file: "middleware/queue.go", old: "l.tokens.take(t.lane, a.tokens-t.tokens)", new: "l.tokens.take(t.lane, 0)", pkg: "./middleware", test: "TestLimitSettles"},
	{name: "Timeout ends the caller", file: "middleware/timeout.go", old: "\t\t\t\treturn embedding.Response{}, end\n", new: "\t\t\t\treturn res, err\n", pkg: "./middleware", test: "TestTimeout"},
	{name: "Truncate keeps the Space", file: "middleware/truncate.go", old: `m.Space = embedding.Space(fmt.Sprintf("%s/%d", m.Space, n))`, new: "", pkg: "./middleware", test: "TestTruncate"},
	{name: "Truncate does not normalize", file: "middleware/truncate.go", old: "scale := 1 / length", new: "scale := 1 + 0*length", pkg: "./middleware", test: "TestTruncate"},
	{name: "Pieces counts each piece the same", file: "middleware/pieces.go", old: "weight := float64(embedding.EstimateTokens(texts[k]))", new: "weight := 1.0; _ = texts[k]", pkg: "./middleware", test: "TestPieces"},
	{name: "Pieces loses the gap at a border", file: "middleware/pieces.go", old: "start = p.back(text, start, end)", new: "start = p.back(text, start, end) + 1", pkg: "./middleware", test: "TestPieces"},
	{name: "Pieces hides its parameters", file: "middleware/pieces.go", old: "m.Variant = strings.TrimPrefix(", new: "_ = strings.TrimPrefix(", pkg: "./middleware", test: "TestPieces"},
	{name: "Pieces sends an overlap by itself", file: "middleware/pieces.go", old: "if end <= last {", new: "if end <= 0 {", pkg: "./middleware", test: "TestPieces"},
	{name: "Pieces blames the last piece", file: "middleware/pieces.go", old: "range slices.Backward(partial.Failed)", new: "range partial.Failed", pkg: "./middleware", test: "TestPieces"},
	{name: "queries get the prefix of documents", file: "internal/prefixes/prefixes.go", old: "p[embedding.TaskQuery] = query", new: "_ = query", pkg: "./internal/prefixes", test: "TestTexts"},
	{name: "the guard takes documents with another prefix", file: "adapters/langchaingo/store/stamp.go", old: "variant.Of(doc.Metadata); known {", new: "variant.Of(doc.Metadata); known && stored == \"pieces\" {", pkg: "./adapters/langchaingo/store", test: "TestAnotherVariant"},
	{name: "another instruction for queries is another index", file: "model.go", old: "!slices.Contains(taskNames[:], task)", new: "!slices.Contains(taskNames[:1], task)", pkg: ".", test: "TestDocumentVariant"},
	{name: "Dimensions asks before it refuses", file: "middleware/dimensions.go", old: "if m.Dimensions > 0 {", new: "if _, _ = next.Embed(ctx, req); m.Dimensions > 0 {", pkg: "./middleware", test: "TestDimensions"},
}

func TestMutants(t *testing.T) {
	root, err := filepath.Abs("../..")
	expect.NoError(t, err)
	packages, sources := map[string]string{}, map[string]*source{}
	for i, m := range mutants {
		packages[m.pkg] = ""
		if sources[m.file] == nil {
			sources[m.file] = parse(t, filepath.Join(root, filepath.FromSlash(m.file)))
		}
		sources[m.file].end += m.decl + "\n"
		if err := sources[m.file].add(i+1, m.old, m.new); err != nil {
			t.Errorf("%s: %s: %v", m.name, m.file, err)
		}
	}
	if t.Failed() {
		return // also where nothing is broken: a change of a file is a change of the list
	}
	if os.Getenv("EMBEDDING_MUTANTS") == "" {
		t.Skip("set EMBEDDING_MUTANTS=1 to break each layer on purpose: it compiles five packages' tests, about a minute")
	}
	build(t, root, sources, packages)

	for i, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if out, err := try(t, root, packages[m.pkg], i+1, m.pkg, m.test); err == nil {
				t.Errorf("no test of %s that matches %q notices", m.pkg, m.test)
			} else if !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic:") {
				t.Errorf("the tests failed for another reason: %v\n%s", err, out)
			}
		})
	}
	t.Run("without a fault", func(t *testing.T) { // else the others would prove nothing
		t.Parallel()
		for pkg, binary := range packages {
			var tests []string
			for _, m := range mutants {
				if m.pkg == pkg {
					tests = append(tests, m.test)
				}
			}
			if out, err := try(t, root, binary, 0, pkg, strings.Join(tests, "|")); err != nil {
				t.Errorf("the tests of %s fail without a fault: %v\n%s", pkg, err, out)
			}
		}
	})
}

// A source is a file of the tree whose functions contain their faults beside what is right.
type source struct {
	path    string
	text    string
	file    *token.File
	parsed  *ast.File
	inserts map[int]string // by offset
	end     string
}

func parse(t *testing.T, path string) *source {
	text, err := os.ReadFile(path)
	expect.NoError(t, err)
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	expect.NoError(t, err)
	s := &source{path: path, text: string(text), file: files.File(parsed.Pos()), parsed: parsed}
	s.inserts = map[int]string{s.file.Offset(parsed.Name.End()): "; import mutantos \"os\""}
	return s
}

// add puts a whole body with the fault before the body of the function around it, for runs that
// choose that fault. One compilation then serves all faults.
func (s *source) add(id int, old, broken string) error {
	at := strings.Index(s.text, old)
	if n := strings.Count(s.text, old); n != 1 {
		return fmt.Errorf("the list is out of date: the file has %q %d times", old, n)
	}
	for _, d := range s.parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		from, to := s.file.Offset(f.Body.Lbrace)+1, s.file.Offset(f.Body.Rbrace)
		if at < from || at+len(old) > to {
			continue
		}
		end := "\n"
		if f.Type.Results == nil {
			end = "\nreturn\n"
		}
		s.inserts[from] += fmt.Sprintf("\nif mutantos.Getenv(%q) == \"%d\" {%s%s%s}\n", chosen, id, s.text[from:at], broken, s.text[at+len(old):to]+end)
		return nil
	}
	return fmt.Errorf("no function contains %q", old)
}

// String is the file with all its faults.
func (s *source) String() string {
	var b strings.Builder
	done := 0
	for _, at := range slices.Sorted(maps.Keys(s.inserts)) {
		b.WriteString(s.text[done:at])
		b.WriteString(s.inserts[at])
		done = at
	}
	b.WriteString(s.text[done:])
	b.WriteString(s.end)
	return b.String()
}

// build compiles the tests of packages, and notes in the map where each binary is.
func build(t *testing.T, root string, sources map[string]*source, packages map[string]string) {
	dir := t.TempDir()
	replace := map[string]string{}
	for name, s := range sources {
		replace[s.path] = filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		expect.NoError(t, os.WriteFile(replace[s.path], []byte(s.String()), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	expect.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	expect.NoError(t, os.WriteFile(list, overlay, 0o600))
	for pkg := range packages {
		packages[pkg] = filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(pkg, "./"), "/", "_")+".test")
		cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", list, "-ldflags=-w", "-o", packages[pkg], pkg)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("the faults of %s do not compile:\n%s", pkg, out)
		}
	}
}

// try runs tests of a package with one fault.
func try(t *testing.T, root, binary string, id int, pkg, tests string) (string, error) {
	args := []string{"-test.timeout", "60s", "-test.run", tests}
	if !strings.HasPrefix(pkg, "./internal/") && pkg != "./adapters/langchaingo/store" { // whose tests do not link rapid
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=1s")
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(pkg))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chosen, id))
	out, err := cmd.CombinedOutput()
	return string(out), err
}
