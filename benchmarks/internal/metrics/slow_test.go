package metrics

import (
	"math"
	"sort"
	"strconv"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"pgregory.net/rapid"
)

// The second implementation: written from the definitions, without a look at speed, and in other
// ways than the first.

func slowRank(hits []Hit) []string {
	left := append([]Hit(nil), hits...)
	var out []string
	for len(left) > 0 {
		best := 0
		for i, h := range left {
			if h.Score > left[best].Score || h.Score == left[best].Score && h.Doc > left[best].Doc {
				best = i
			}
		}
		out = append(out, left[best].Doc)
		left = append(left[:best:best], left[best+1:]...)
	}
	return out
}

func slowNDCG(ranking []string, judged map[string]int, k int) float64 {
	sum := func(gains []int) (s float64) {
		for i, g := range gains {
			if i < k {
				s += float64(max(g, 0)) * math.Ln2 / math.Log(float64(i)+2)
			}
		}
		return s
	}
	var got, best []int
	for _, d := range ranking {
		got = append(got, judged[d])
	}
	for _, g := range judged {
		best = append(best, g)
	}
	sort.Sort(sort.Reverse(sort.IntSlice(best)))
	if sum(best) == 0 {
		return 0
	}
	return sum(got) / sum(best)
}

// slowCounts returns, for each cut, how many of the first k are relevant.
func slowRelevant(ranking []string, judged map[string]int, k int) (n float64) {
	for i, d := range ranking {
		if i < k && judged[d] >= 1 {
			n++
		}
	}
	return n
}

func slowAP(ranking []string, judged map[string]int, k int) float64 {
	sum, all := 0.0, 0.0
	for d, g := range judged {
		if g < 1 {
			continue
		}
		all++
		for i, r := range ranking {
			if r == d && i < k {
				sum += slowRelevant(ranking, judged, i+1) / float64(i+1)
			}
		}
	}
	if all == 0 {
		return 0
	}
	return sum / all
}

func slowRR(ranking []string, judged map[string]int, k int) float64 {
	for i := range ranking {
		if i < k && slowRelevant(ranking, judged, i+1) > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// slowRanks counts, for each value, those below it and those equal to it.
func slowRanks(x []float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		below, equal := 0.0, 0.0
		for j := range x {
			if x[j] < x[i] {
				below++
			} else if x[j] == x[i] {
				equal++
			}
		}
		out[i] = below + (equal+1)/2
	}
	return out
}

// slowPearson is the mean product of the standardized values.
func slowPearson(x, y []float64) float64 {
	n := float64(len(x))
	standard := func(v []float64) []float64 {
		mean, square := 0.0, 0.0
		for _, a := range v {
			mean += a / n
		}
		for _, a := range v {
			square += (a - mean) * (a - mean) / n
		}
		out := make([]float64, len(v))
		for i, a := range v {
			out[i] = (a - mean) / math.Sqrt(square)
		}
		return out
	}
	sx, sy, r := standard(x), standard(y), 0.0
	for i := range sx {
		r += sx[i] * sy[i] / n
	}
	return r
}

func near(t *rapid.T, what string, got, want float64) {
	if !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%s: %.15f, the slow way %.15f", what, got, want)
	}
}

func TestMeasuresAgainstSlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs := rapid.SliceOfNDistinct(rapid.IntRange(0, 60), 0, 40, rapid.ID).Draw(t, "docs")
		var hits []Hit
		for _, d := range docs {
			hits = append(hits, Hit{strconv.Itoa(d), float64(rapid.IntRange(0, 6).Draw(t, "score")) / 4})
		}
		judged := map[string]int{}
		for _, d := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 20).Draw(t, "judged") {
			judged[strconv.Itoa(d)] = rapid.IntRange(-1, 3).Draw(t, "judgment")
		}
		topic, err := Judge(hits, judged)
		expect.NoError(t, err)
		ranking := slowRank(hits)
		relevant := 0.0
		for _, g := range judged {
			if g >= 1 {
				relevant++
			}
		}
		for _, k := range []int{1, 3, 10, 20, 1000} {
			near(t, "nDCG", topic.NDCG(k), slowNDCG(ranking, judged, k))
			near(t, "AP", topic.AveragePrecision(k), slowAP(ranking, judged, k))
			near(t, "RR", topic.ReciprocalRank(k), slowRR(ranking, judged, k))
			found := slowRelevant(ranking, judged, k)
			near(t, "P", topic.Precision(k), found/float64(k))
			near(t, "hit", topic.Hit(k), min(found, 1))
			if relevant > 0 {
				near(t, "recall", topic.Recall(k), found/relevant)
			} else {
				near(t, "recall", topic.Recall(k), 0)
			}
		}
		near(t, "nDCG, uncut", topic.NDCG(0), slowNDCG(ranking, judged, math.MaxInt))
		near(t, "AP, uncut", topic.AveragePrecision(0), slowAP(ranking, judged, math.MaxInt))
		near(t, "RR, uncut", topic.ReciprocalRank(0), slowRR(ranking, judged, math.MaxInt))
	})
}
