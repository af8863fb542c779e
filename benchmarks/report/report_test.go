package report

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// sample is a report with every part, and with text that tries to be markup.
func sample() *Report {
	score := func(v float64, best bool) Score { return Score{Value: v, Low: v - .05, High: v + .05, Best: best} }
	speed := func(batch int, p50, per float64) Speed {
		return Speed{
			Loop: "closed", Batch: batch, Requests: 3, Warmup: 1, P50: p50, P90: p50 * 2, P95: p50 * 2, P99: p50 * 3, Max: p50 * 3,
			TextsPerSecond: per, TokensPerSecond: 9 * per, Metered: true, ECDF: [][2]float64{{p50, .5}, {p50 * 2, .9}, {p50 * 3, 1}},
		}
	}
	open := speed(1, .02, 10)
	open.Loop, open.Rate, open.Errors, open.FailedP50, open.Metered = "open", 10, map[string]int{"rate limited": 2, "service unavailable": 1}, .3, false
	return &Report{
		Schema: Schema,
		Run: Run{
			Date: "2026-11-24T04:00:00Z", Command: "vecspace compare 'a|b' `x`", Version: "v0.1.0", Go: "go1.26", Machine: "linux/amd64",
			Seed: 7, Resamples: 10000, Seconds: 1.5, Offline: true, Complete: true,
		},
		Candidates: []Candidate{
			{
				Name: "cheap", Reference: "a:b", Query: "a:q", Provider: "a", Model: "b", Endpoint: "h", Space: "s", Variant: "v", Dimensions: 64, VectorBytes: 256, IndexBytes: 256e6,
				Refused: 1, Speed: []Speed{speed(1, .001, 100), speed(10, .004, 900)}, Attempts: Attempts{Sent: 3, Failed: map[string]int{"rate limited": 1}},
				Costs: []TaskCost{{Task: "set", Texts: 10, Tokens: 55, Local: true}},
			},
			{
				Name: "dear </script><b>", Reference: "c:d", Dimensions: 64, VectorBytes: 256, IndexBytes: 256e6, Speed: []Speed{speed(1, .01, 50), open},
				Costs: []TaskCost{{Task: "set", Texts: 10, Tokens: 55, Estimated: true, Currency: "USD", AsOf: "2026-10-01", Spent: .000125, Million: 12.5, Monthly: 3, Volume: 240000}},
			},
			{
				Name: "poor", Dimensions: 64, VectorBytes: 256, IndexBytes: 256e6, Speed: []Speed{speed(1, .02, 40)},
				Costs: []TaskCost{{Task: "set", Texts: 10, Tokens: 55, Currency: "CNY", AsOf: "2026-10-01", Spent: .0009, Million: 90}},
			},
			{Name: "gone", Failure: "no key *here*"},
		},
		Tasks: []Task{{
			Name: "set", Kind: "retrieval", Documents: 5, Queries: 10, Blank: 1, Metrics: []string{"nDCG@10", "MAP"},
			Rows: []Row{
				{Name: "cheap", Candidate: "cheap", Kind: Model, Scores: map[string]Score{"nDCG@10": score(.5, false), "MAP": score(.4, false)}},
				{Name: "dear </script><b>", Candidate: "dear </script><b>", Kind: Model, Scores: map[string]Score{"nDCG@10": score(.7, true), "MAP": score(.6, false)}},
				{Name: "poor", Candidate: "poor", Kind: Model, Scores: map[string]Score{"nDCG@10": score(.3, false), "MAP": score(.2, false)}},
				{Name: "gone", Candidate: "gone", Kind: Model, Failure: "no key"},
				{Name: "BM25 + cheap (scores)", Candidate: "cheap", Kind: Fused, Fusion: ByScores, Weight: 2, Scores: map[string]Score{"nDCG@10": score(.55, false), "MAP": score(.5, false)}},
				{Name: "BM25 + cheap (ranks)", Candidate: "cheap", Kind: Fused, Fusion: ByRanks, Scores: map[string]Score{"nDCG@10": score(.48, false), "MAP": score(.4, false)}},
				{Name: "BM25", Kind: Floor, Scores: map[string]Score{"nDCG@10": score(.45, false), "MAP": score(.4, false)}},
			},
			Pairs: []Difference{
				{Metric: "nDCG@10", A: "cheap", B: "dear </script><b>", Value: -.2, Low: -.3, High: -.1, Differ: 9, P: .0002, Holm: .0006, Distinct: true},
				{Metric: "nDCG@10", A: "cheap", B: "BM25", Value: .05, Low: -.01, High: .11, Differ: 8, P: .2, Holm: .2},
				{Metric: "nDCG@10", A: "cheap", B: "BM25 + cheap (scores)", Value: -.05, Low: -.11, High: .01, Differ: 8, P: .2, Holm: .2},
				{Metric: "nDCG@10", A: "dear </script><b>", B: "BM25 + cheap (scores)", Value: .15, Low: .11, High: .21, Differ: 8, P: .2, Holm: .2},
				{Metric: "nDCG@10", A: "cheap", B: "BM25 + cheap (ranks)", Value: .02, Low: -.11, High: .12, Differ: 8, P: .2, Holm: .2},
				{Metric: "nDCG@10", A: "BM25 + cheap (scores)", B: "BM25 + cheap (ranks)", Value: .07, Low: .01, High: .12, Differ: 8, P: .004, Holm: .02, Distinct: true},
				{Metric: "nDCG@10", A: "BM25 + cheap (scores)", B: "BM25", Value: .1, Low: .01, High: .19, Differ: 8, P: .004, Holm: .02, Distinct: true},
				{Metric: "nDCG@10", A: "BM25 + cheap (ranks)", B: "BM25", Value: .03, Low: -.01, High: .12, Differ: 8, P: .2, Holm: .2},
			},
			Dimensions: []Point{
				{Candidate: "cheap", Dimensions: 64, Storage: "float32", Bytes: 256, Metric: "nDCG@10", Value: .5, Low: .4, High: .6},
				{Candidate: "cheap", Dimensions: 32, Storage: "float32", Bytes: 128, Metric: "nDCG@10", Value: .45, Low: .4, High: .6},
				{Candidate: "cheap", Dimensions: 64, Storage: "binary", Bytes: 8, Metric: "nDCG@10", Value: .4, Low: .3, High: .5},
			},
			Disagreed: []Disagreed{{
				A: "cheap", B: "poor", ID: "q1", Text: "why </script><script>alert(1)</script> | pipes?", ScoreA: 1, ScoreB: 0,
				FirstA: "d1: this", FirstB: "d2: that", RightA: true,
			}},
		}},
		Notes: []string{"Read this."},
	}
}

func render(t *testing.T, write func(*Report) func(*bytes.Buffer) error, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	expect.NoError(t, write(r)(&b))
	return b.String()
}

func text(r *Report) func(*bytes.Buffer) error {
	return func(b *bytes.Buffer) error { return r.Text(b) }
}
func markdown(r *Report) func(*bytes.Buffer) error {
	return func(b *bytes.Buffer) error { return r.Markdown(b) }
}
func html(r *Report) func(*bytes.Buffer) error {
	return func(b *bytes.Buffer) error { return r.HTML(b) }
}
func asJSON(r *Report) func(*bytes.Buffer) error {
	return func(b *bytes.Buffer) error { return r.JSON(b) }
}

func TestJSONRoundTrip(t *testing.T) {
	want := sample()
	got, err := ReadJSON(strings.NewReader(render(t, asJSON, want)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
	if _, err := ReadJSON(strings.NewReader(`{"schema": 99}`)); err == nil {
		t.Error("a schema of the future was read")
	}
}

// TestSchema holds SCHEMA.md against the types: every field is in it, and nothing else.
func TestSchema(t *testing.T) {
	b, err := os.ReadFile("SCHEMA.md")
	expect.NoError(t, err)
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| \\**`([^`]+)`").FindAllStringSubmatch(string(b), -1) {
		documented = append(documented, m[1])
	}
	var walk func(reflect.Type, string) []string
	walk = func(typ reflect.Type, path string) (out []string) {
		switch typ.Kind() {
		case reflect.Struct:
			for f := range typ.Fields() {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "-" {
					continue
				}
				out = append(out, walk(f.Type, strings.TrimPrefix(path+"."+name, "."))...)
			}
			return out
		case reflect.Slice:
			if typ.Elem().Kind() == reflect.Struct {
				return walk(typ.Elem(), path+"[]")
			}
			if typ.Elem().Kind() == reflect.String && path == "notes" {
				return []string{"notes[]"}
			}
		case reflect.Map:
			if typ.Elem().Kind() == reflect.Struct {
				return append([]string{path}, walk(typ.Elem(), path+".*")...)
			}
		}
		return []string{path}
	}
	fields := walk(reflect.TypeFor[Report](), "")
	for _, f := range fields {
		if !slices.Contains(documented, f) {
			t.Errorf("%s is not in SCHEMA.md", f)
		}
	}
	for _, d := range documented {
		if !slices.Contains(fields, d) && !strings.HasSuffix(d, "[]") {
			t.Errorf("SCHEMA.md has %s, which is no field", d)
		}
	}
}

// Of pairs, the table of disagreements has the gold score.
func TestPairsThatDiffer(t *testing.T) {
	r := &Report{Tasks: []Task{{Name: "sts", Kind: "pairs", Metrics: []string{"Spearman"}, Disagreed: []Disagreed{{
		A: "a", B: "b", Text: "one", ID: "other", Gold: 4.25, FirstA: "0.900, rank 1 of 9", FirstB: "0.100, rank 9 of 9", RightA: true,
	}}}}}
	if got, want := render(t, markdown, r), "| one / other | 4.25 | a | ✓ 0.900, rank 1 of 9 | b | 0.100, rank 9 of 9 |"; !strings.Contains(got, want) {
		t.Errorf("%q is missing in\n%s", want, got)
	}
}

// A sentence does not claim more than the questions show.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		d    Difference
		want string
	}{
		{Difference{Value: 1, Low: -.4, High: 1, Differ: 1, P: 1, Holm: 1}, "a and b differ by MAP on 1 question: too few to tell."},
		{Difference{Value: .1, Low: -.1, High: .3, Differ: 5, P: .06, Holm: .06}, "a and b differ by MAP on 5 questions: too few to tell."},
		{Difference{Low: -.07, High: .07, P: 1, Holm: 1}, "a and b are identical by MAP on every question."},
		{Difference{Value: .1, Low: -.01, High: .3, Differ: 6, P: .03, Holm: .03}, "too few to say by how much."},
		{Difference{Value: .1, Low: .01, High: .3, Differ: 60, P: .01, Holm: .01, Distinct: true}, "a is better than b by MAP"},
	} {
		c.d.Metric, c.d.A, c.d.B = "MAP", "a", "b"
		if got := c.d.Words(); !strings.Contains(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.d, got, c.want)
		}
	}
}

// The plot of throughput has the loops of documents, which all send the same texts. The latency is
// a query's. A 99 % quantile that was not measured is not shown.
func TestSpeedOfTexts(t *testing.T) {
	r := sample()
	r.Candidates = r.Candidates[:1]
	s := r.Candidates[0].Speed[0]
	query, one, many := s, s, s
	query.Texts, query.P50, query.TextsPerSecond, query.P99 = "queries", .5, 2, 0
	one.Texts, one.P50, one.TextsPerSecond = "documents", .7, 1
	many.Texts, many.Batch, many.TextsPerSecond = "documents", 64, 40
	r.Candidates[0].Speed = []Speed{query, one, many}
	var rates []float64
	for _, m := range r.throughput().Data {
		rates = append(rates, m.Y)
	}
	if ms, _ := r.latency(r.Candidates[0]); !slices.Equal(rates, []float64{1, 40}) || ms != 500 {
		t.Errorf("got %v texts/s and %v ms, want 1 and 40 of documents, and 500 ms of a query", rates, ms)
	}
	if row := r.speeds().rows[0]; row[1] != "1 query" || row[5] != "-" {
		t.Errorf("got the row %q, want 1 query without a 99 %% quantile", row)
	}
}
