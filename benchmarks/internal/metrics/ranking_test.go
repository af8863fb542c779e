package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestJudgeRefuses(t *testing.T) {
	for name, hits := range map[string][]Hit{
		"a document twice": {{"a", 1}, {"b", 2}, {"a", 3}},
		"a NaN score":      {{"a", 1}, {"b", math.NaN()}},
	} {
		_, err := Judge(hits, nil)
		expect.Says(t, name, err, `"`)
	}
}

func TestJudgeLeavesTheRankingAlone(t *testing.T) {
	hits := []Hit{{"a", 1}, {"b", 2}}
	if _, err := Judge(hits, nil); err != nil || hits[0].Doc != "a" {
		t.Errorf("the caller's ranking was sorted (%v)", err)
	}
}

func TestFuse(t *testing.T) {
	a := []Hit{{"x", 9}, {"y", 8}, {"z", 7}}
	b := []Hit{{"y", .3}, {"w", .2}}
	got := Fuse(60, a, b)
	want := []Hit{{"y", 1.0/62 + 1.0/61}, {"x", 1.0 / 61}, {"w", 1.0 / 62}, {"z", 1.0 / 63}}
	near := func(a, b Hit) bool { return a.Doc == b.Doc && math.Abs(a.Score-b.Score) < 1e-15 }
	if !slices.EqualFunc(got, want, near) {
		t.Errorf("%v, want %v", got, want)
	}
}

// BenchmarkMetrics measures 300 topics of 1,000 documents, sorting included.
func BenchmarkMetrics(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	runs := make([][]Hit, 300)
	for q := range runs {
		for d := range 1000 {
			runs[q] = append(runs[q], Hit{strconv.Itoa(d), random.Float64()})
		}
	}
	judged := map[string]int{"1": 1, "77": 2, "5000": 1}
	b.ReportAllocs()
	for b.Loop() {
		for _, run := range runs {
			topic, err := Judge(run, judged)
			expect.NoError(b, err)
			for _, m := range measures {
				m(topic)
			}
		}
	}
}

func ExampleJudge() {
	topic, err := Judge([]Hit{{"b", .9}, {"a", .9}, {"c", .1}}, map[string]int{"a": 2, "d": 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("nDCG@10 %.4f, recall@10 %.1f, reciprocal rank %.1f\n", topic.NDCG(10), topic.Recall(10), topic.ReciprocalRank(10))
	// Output: nDCG@10 0.4796, recall@10 0.5, reciprocal rank 0.5
}
