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

// Statistic is a figure over n topics or pairs. It is safe for concurrent use.
type Statistic struct {
	// of returns the figure where item i weighs weights[i]; nil means equal weights.
	of func(weights []float64) float64

	items []float64 // by item: the value, or the standard score of a correlation
	gold  []float64 // standard scores of the other side; nil for a mean

	unbiased  func(float64) float64 // takes out the bias of few items; may be nil
	low, high float64               // the figure that one more item can have
	more      int                   // items that an interval adds
}

// Mean returns the Statistic for the mean of values from 0 to 1.
func Mean(values []float64) Statistic {
	return Statistic{items: values, high: 1, more: 1, of: func(weights []float64) float64 {
		sum, n := 0.0, 0.0
		for i, v := range values {
			w := 1.0
			if weights != nil {
				w = weights[i]
			}
			sum += w * v
			n += w
		}
		return sum / max(n, math.SmallestNonzeroFloat64)
	}}
}

// PearsonOf returns the Statistic for the linear correlation. It is 0 if one side is constant.
func PearsonOf(x, y []float64) Statistic {
	return correlation(x, y, func(weights []float64) float64 {
		r, _ := correlate(x, y, weights) // 0 if it is undefined
		return r
	})
}

// SpearmanOf returns the Statistic for the rank correlation. It ranks each resample anew, and is 0
// if one side is constant.
func SpearmanOf(x, y []float64) Statistic {
	tx, ty := ties(x), ties(y)
	s := correlation(tx.ranks(nil), ty.ranks(nil), func(weights []float64) float64 {
		r, _ := correlate(tx.ranks(weights), ty.ranks(weights), weights) // 0 if it is undefined
		return r
	})
	// Ranks among n items understate a population's correlation r by 3*(r - Kendall's tau)/(n+1)
	// (Moran 1948); tau is a normal population's.
	s.unbiased = func(r float64) float64 { return r + 3*(r-2/math.Pi*math.Asin(r))/float64(len(x)+1) }
	return s
}

func correlation(x, y []float64, of func([]float64) float64) Statistic {
	return Statistic{of: of, items: standard(x), gold: standard(y), low: -1, high: 1, more: 2}
}

// standard returns values with a mean of 0 and a mean square of 1, or zeros for a constant.
func standard(v []float64) []float64 {
	n, mean, square := float64(len(v)), 0.0, 0.0
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		square += (x - mean) * (x - mean) / n
	}
	out := make([]float64, len(v))
	for i, x := range v {
		if square > 0 {
			out[i] = (x - mean) / math.Sqrt(square)
		}
	}
	return out
}

// less returns what each item contributes to the difference of two statistics. A contribution
// changes its sign if the two swap their answers to the item.
func (a Statistic) less(b Statistic) []float64 {
	out := make([]float64, len(a.items))
	for i := range out {
		out[i] = a.items[i] - b.items[i]
	}
	if a.gold == nil {
		return out
	}
	// The influence of an item on a correlation r is x*y - r*(x*x + y*y)/2. The part with y*y falls
	// out of the difference.
	r := (a.of(nil) + b.of(nil)) / 2
	for i := range out {
		out[i] *= a.gold[i] - r*(a.items[i]+b.items[i])/2
	}
	return out
}

// Resampled holds the values of statistics in the same resamples of a bootstrap.
type Resampled struct {
	Values  []float64    // of the original data, by statistic
	samples [][]float64  // by statistic, then resample
	added   [3][]float64 // by items added, then resample: their share of the weight
	stats   []Statistic
	seed    uint64
}

// Bootstrap weighs n items by chance, resamples times, and computes every statistic for each draw.
// The weights are exponential: a Bayesian bootstrap. The same seed and n give the same draws. It is
// an error if n is below 1 or resamples below 100.
func Bootstrap(n, resamples int, seed uint64, stats ...Statistic) (*Resampled, error) {
	if n < 1 || n > math.MaxUint16*256 {
		return nil, errors.New("metrics: the number of items to resample must be from 1 to 16,776,960")
	}
	if resamples < 100 {
		return nil, errors.New("metrics: fewer than 100 resamples say nothing about a 95 % interval")
	}
	r := &Resampled{Values: make([]float64, len(stats)), samples: make([][]float64, len(stats)), stats: stats, seed: seed}
	for s, stat := range stats {
		r.Values[s] = stat.of(nil)
		r.samples[s] = make([]float64, resamples)
	}
	for k := range r.added {
		r.added[k] = make([]float64, resamples)
	}
	spread(func(worker, workers int) {
		weights := make([]float64, n)
		for b := worker; b < resamples; b += workers {
			// Every draw has its own generator, so that the result does not depend on the number of cores.
			random := rand.New(rand.NewPCG(seed, uint64(b)))
			sum, added := 0.0, 0.0
			for i := range weights {
				weights[i] = random.ExpFloat64()
				sum += weights[i]
			}
			for k := range r.added {
				r.added[k][b] = added / (sum + added)
				added += random.ExpFloat64()
			}
			for s, stat := range stats {
				r.samples[s][b] = stat.of(weights)
				if stat.unbiased != nil {
					r.samples[s][b] = stat.unbiased(r.samples[s][b])
				}
			}
		}
	})
	return r, nil
}

// spread calls work once per core and waits.
func spread(work func(worker, workers int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() { work(w, workers) })
	}
	wg.Wait()
}

// Interval is a 95 % interval.
type Interval struct{ Low, High float64 }

// Interval returns the 95 % interval of statistic s. Each end has the worst on its side among the
// resampled items: one more for a mean, two more for a correlation. The interval of a share is
// Clopper and Pearson's.
func (r *Resampled) Interval(s int) Interval {
	x := r.stats[s]
	return r.interval(r.samples[s], x.more, x.low, x.high)
}

func (r *Resampled) interval(samples []float64, more int, worst, best float64) Interval {
	low, high := make([]float64, len(samples)), make([]float64, len(samples))
	for b, v := range samples {
		w := r.added[more][b]
		low[b], high[b] = v+w*(worst-v), v+w*(best-v)
	}
	slices.Sort(low)
	slices.Sort(high)
	return Interval{max(worst, quantile(low, .025)), min(best, quantile(high, .975))}
}

// Difference is a paired comparison of two statistics.
type Difference struct {
	Value float64 // a - b
	Interval
	Differ int // items on which a and b differ
	// P is the two-sided probability of a difference at least this far from 0 if the two were equally
	// good, by a sign-flip test: each item could as well have favored the other one.
	P float64
}

// Difference returns statistic a minus statistic b, which must be of the same kind.
func (r *Resampled) Difference(a, b int) Difference {
	d := Difference{Value: r.Values[a] - r.Values[b]}
	d.Differ, d.P = signFlip(r.stats[a].less(r.stats[b]), len(r.samples[a]), r.seed)
	delta := make([]float64, len(r.samples[a]))
	for i := range delta {
		delta[i] = r.samples[a][i] - r.samples[b][i]
	}
	far := r.stats[a].high - r.stats[a].low
	d.Interval = r.interval(delta, 1, -far, far)
	return d
}

// exact is the largest number of items for which signFlip enumerates every choice of signs.
const exact = 16

// signFlip returns how many values are not 0, and which share of all choices of their signs gives a
// sum as far from 0 as theirs. Above exact values it draws the choices.
func signFlip(values []float64, draws int, seed uint64) (n int, p float64) {
	const rounding = 1e-12
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.Abs(v) <= rounding })
	n = len(values)
	// sums[g][bits] is the sum of the g-th eight values with the signs in bits.
	sums := make([][256]float64, (n+7)/8)
	sum, size := 0.0, 0.0
	for i, v := range values {
		for bits := range sums[i/8] {
			if bits>>(i%8)&1 == 0 {
				sums[i/8][bits] += v
			} else {
				sums[i/8][bits] -= v
			}
		}
		sum += v
		size += math.Abs(v)
	}
	far := math.Abs(sum) - rounding*max(size, 1)
	count := 0
	if n <= exact {
		for signs := range 1 << n {
			s := 0.0
			for g := range sums {
				s += sums[g][signs>>(8*g)&255]
			}
			if math.Abs(s) >= far {
				count++
			}
		}
		return n, float64(count) / float64(int(1)<<n)
	}
	random := rand.New(rand.NewPCG(seed, 0x51))
	for range draws {
		s, signs := 0.0, uint64(0)
		for g := range sums {
			if g%8 == 0 {
				signs = random.Uint64()
			}
			s += sums[g][signs&255]
			signs >>= 8
		}
		if math.Abs(s) >= far {
			count++
		}
	}
	// The values themselves are one of the choices: no finite number of draws shows that something
	// never happens.
	return n, float64(count+1) / float64(draws+1)
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
