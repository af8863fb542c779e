package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Hit is one document of a ranking.
type Hit struct {
	Doc   string
	Score float64
}

// Order compares two hits of a ranking: higher scores first, equal scores by document ID
// descending.
func Order(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(b.Doc, a.Doc))
}

// Topic is one judged ranking.
type Topic struct {
	gains    []int // by rank; 0 for unjudged and negative ones
	ideal    []int // positive judgments, highest first
	relevant int   // number of positive judgments
}

// Judge orders hits by [Order] and looks up their judgments. It does not edit hits. It is an error
// if a document occurs twice or a score is NaN.
func Judge(hits []Hit, judged map[string]int) (*Topic, error) {
	order := make([]int32, len(hits)) // sorted instead of the hits, which are costlier to move
	for i := range order {
		order[i] = int32(i)
	}
	if !slices.IsSortedFunc(hits, Order) {
		slices.SortFunc(order, func(a, b int32) int { return Order(hits[a], hits[b]) })
	}
	t := &Topic{gains: make([]int, len(hits))}
	seen := make(map[string]struct{}, len(hits))
	for rank, at := range order {
		h := hits[at]
		if math.IsNaN(h.Score) {
			return nil, fmt.Errorf("metrics: the score of document %q is NaN", h.Doc)
		}
		if _, twice := seen[h.Doc]; twice {
			return nil, fmt.Errorf("metrics: document %q is ranked twice", h.Doc)
		}
		seen[h.Doc] = struct{}{}
		t.gains[rank] = max(judged[h.Doc], 0)
	}
	for _, g := range judged {
		if g > 0 {
			t.ideal = append(t.ideal, g)
		}
	}
	slices.SortFunc(t.ideal, func(a, b int) int { return b - a })
	t.relevant = len(t.ideal)
	return t, nil
}

// Relevant returns the number of documents judged 1 or more, ranked or not.
func (t *Topic) Relevant() int { return t.relevant }

// Ranked returns the number of documents in the ranking.
func (t *Topic) Ranked() int { return len(t.gains) }

// top returns the ranking down to rank k; 0 is all of it.
func (t *Topic) top(k int) []int {
	if k <= 0 {
		return t.gains
	}
	return t.gains[:min(k, len(t.gains))]
}

func (t *Topic) found(k int) (n int) {
	for _, g := range t.top(k) {
		if g > 0 {
			n++
		}
	}
	return n
}

func dcg(gains []int) (sum float64) {
	for i, g := range gains {
		if g > 0 {
			sum += float64(g) / math.Log2(float64(i+2))
		}
	}
	return sum
}

// NDCG returns the discounted gain down to rank k over that of the best possible ranking. A k of 0
// is the whole ranking.
func (t *Topic) NDCG(k int) float64 {
	ideal := t.ideal
	if k > 0 {
		ideal = ideal[:min(k, len(ideal))]
	}
	if len(ideal) == 0 {
		return 0
	}
	return dcg(t.top(k)) / dcg(ideal)
}

// Recall returns the share of relevant documents that are ranked k or better. It cannot reach 1 if
// there are more than k.
func (t *Topic) Recall(k int) float64 {
	if t.relevant == 0 {
		return 0
	}
	return float64(t.found(k)) / float64(t.relevant)
}

// Precision returns the share of relevant documents in the first k places, even if fewer were
// ranked. It panics if k < 1.
func (t *Topic) Precision(k int) float64 {
	if k < 1 {
		panic("metrics: Precision needs a k of at least 1")
	}
	return float64(t.found(k)) / float64(k)
}

// Hit returns 1 if a relevant document is ranked k or better, else 0.
func (t *Topic) Hit(k int) float64 {
	if t.found(k) > 0 {
		return 1
	}
	return 0
}

// ReciprocalRank returns 1/rank of the first relevant document if that rank is at most k, else 0. A
// k of 0 means no limit.
func (t *Topic) ReciprocalRank(k int) float64 {
	for i, g := range t.top(k) {
		if g > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// AveragePrecision returns the mean, over all relevant documents, of the precision at their ranks;
// 0 for those below k or not ranked. A k of 0 means no limit.
func (t *Topic) AveragePrecision(k int) float64 {
	if t.relevant == 0 {
		return 0
	}
	sum, found := 0.0, 0
	for i, g := range t.top(k) {
		if g > 0 {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	return sum / float64(t.relevant)
}

// Fuse merges rankings by reciprocal rank: a document's score is the sum of 1/(k+rank) over the
// rankings that hold it. It takes each ranking in the given order, best first. k is usually 60. The
// result is in [Order].
func Fuse(k float64, rankings ...[]Hit) []Hit {
	size := 0
	for _, r := range rankings {
		size = max(size, len(r))
	}
	at := make(map[string]int, 2*size)
	out := make([]Hit, 0, 2*size)
	for _, ranking := range rankings {
		for rank, h := range ranking {
			i, known := at[h.Doc]
			if !known {
				i = len(out)
				at[h.Doc] = i
				out = append(out, Hit{Doc: h.Doc})
			}
			out[i].Score += 1 / (k + float64(rank+1))
		}
	}
	slices.SortFunc(out, Order)
	return out
}
