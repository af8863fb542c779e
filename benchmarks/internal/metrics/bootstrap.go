package metrics

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Statistic is a figure over n topics or pairs. Item i counts times[i] times; nil means once each.
// It must be safe for concurrent use.
type Statistic func(times []uint16) float64

// Mean returns the Statistic for the mean of values.
func Mean(values []float64) Statistic {
	return func(times []uint16) float64 {
		sum, n := 0.0, 0
		if times == nil {
			for _, v := range values {
				sum += v
			}
			n = len(values)
		} else {
			for i, c := range times {
				sum += float64(c) * values[i]
				n += int(c)
			}
		}
		if n == 0 {
			return 0
		}
		return sum / float64(n)
	}
}

// PearsonOf returns the Statistic for the linear correlation. It is 0 for a resample in which one
// side is constant.
func PearsonOf(x, y []float64) Statistic {
	return func(times []uint16) float64 {
		r, _ := correlate(x, y, times) // 0 if it is undefined
		return r
	}
}

// SpearmanOf returns the Statistic for the rank correlation. It ranks each resample anew, and is 0
// if one side is constant.
func SpearmanOf(x, y []float64) Statistic {
	tx, ty := ties(x), ties(y)
	return func(times []uint16) float64 {
		r, _ := correlate(tx.ranks(times), ty.ranks(times), times) // 0 if it is undefined
		return r
	}
}

// Resampled holds the values of statistics in the same resamples of a bootstrap.
type Resampled struct {
	Values  []float64   // of the original data, by statistic
	samples [][]float64 // by statistic, then resample
}

// Bootstrap draws n items with replacement, resamples times, and computes every statistic for each
// draw. The same seed and n give the same draws. It is an error if n is below 1 or resamples below
// 100.
func Bootstrap(n, resamples int, seed uint64, stats ...Statistic) (*Resampled, error) {
	if n < 1 || n > math.MaxUint16*256 {
		return nil, errors.New("metrics: the number of items to resample must be from 1 to 16,776,960")
	}
	if resamples < 100 {
		return nil, errors.New("metrics: fewer than 100 resamples say nothing about a 95 % interval")
	}
	r := &Resampled{Values: make([]float64, len(stats)), samples: make([][]float64, len(stats))}
	for s, stat := range stats {
		r.Values[s] = stat(nil)
		r.samples[s] = make([]float64, resamples)
	}
	// Every draw has its own generator, so that the result does not depend on the number of cores.
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			times := make([]uint16, n)
			for b := w; b < resamples; b += workers {
				clear(times)
				random := rand.New(rand.NewPCG(seed, uint64(b)))
				for range n {
					times[random.IntN(n)]++
				}
				for s, stat := range stats {
					r.samples[s][b] = stat(times)
				}
			}
		})
	}
	wg.Wait()
	return r, nil
}

// Interval is a 95 % percentile interval.
type Interval struct{ Low, High float64 }

// Interval returns the 95 % interval of statistic s.
func (r *Resampled) Interval(s int) Interval { return middle(slices.Clone(r.samples[s])) }

// Difference is a paired comparison of two statistics.
type Difference struct {
	Value float64 // a - b
	Interval
	// P is the two-sided probability of a difference at least this far from 0 if there were none:
	// twice the share of resamples on the other side of 0. Resamples at 0 count on both sides.
	P float64
}

// Difference returns statistic a minus statistic b.
func (r *Resampled) Difference(a, b int) Difference {
	d := Difference{Value: r.Values[a] - r.Values[b]}
	delta := make([]float64, len(r.samples[a]))
	above, below := 0, 0
	for i := range delta {
		delta[i] = r.samples[a][i] - r.samples[b][i]
		if delta[i] >= 0 {
			above++
		}
		if delta[i] <= 0 {
			below++
		}
	}
	// Add one to both sides: no finite number of draws shows that something never happens.
	d.P = min(1, 2*float64(min(above, below)+1)/float64(len(delta)+1))
	d.Interval = middle(delta)
	return d
}

// middle sorts v and returns its 2.5 % and 97.5 % quantiles, interpolated.
func middle(v []float64) Interval {
	slices.Sort(v)
	return Interval{quantile(v, .025), quantile(v, .975)}
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Holm corrects p-values for testing several hypotheses at once (Holm 1979), so that all results
// may be compared with .05. It keeps the order.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	most := 0.0
	for rank, i := range order {
		most = max(most, min(1, p[i]*float64(len(p)-rank)))
		out[i] = most
	}
	return out
}
