package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The interval of a mean of many values is the normal law's, 1.96 standard errors on both sides,
// and a little wider.
func TestBootstrapInterval(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	n := 400
	values := make([]float64, n)
	var sum, square float64
	for i := range values {
		values[i] = random.Float64()
		sum += values[i]
	}
	mean := sum / float64(n)
	for _, v := range values {
		square += (v - mean) * (v - mean)
	}
	half := 1.96 * math.Sqrt(square/float64(n)) / math.Sqrt(float64(n))
	r, err := Bootstrap(n, 10000, 7, Mean(values))
	expect.NoError(t, err)
	in := r.Interval(0)
	if low, high := mean-half-in.Low, in.High-mean-half; low < 0 || low > .005 || high < 0 || high > .005 || math.Abs(r.Values[0]-mean) > 1e-12 {
		t.Errorf("[%.4f %.4f] around %.4f, the normal law says [%.4f %.4f]", in.Low, in.High, r.Values[0], mean-half, mean+half)
	}
}

// The interval of a share is Clopper and Pearson's; the wanted figures are scipy's.
func TestIntervalOfShare(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{5, 5, .4782, 1}, {0, 5, 0, .5218}, {1, 1, .025, 1}, {8, 10, .4439, .9748}, {19, 20, .7513, .9987}, {97, 100, .9148, .9938}} {
		values := make([]float64, c.n)
		for i := range c.hits {
			values[i] = 1
		}
		r, err := Bootstrap(c.n, 40_000, 1, Mean(values))
		expect.NoError(t, err)
		if in := r.Interval(0); math.Abs(in.Low-c.low) > .006 || math.Abs(in.High-c.high) > .006 {
			t.Errorf("%d of %d: got [%.4f %.4f], want [%.4f %.4f]", c.hits, c.n, in.Low, in.High, c.low, c.high)
		}
	}
}

// population draws a question: two rows' values of a mean, or a gold score and what two rows say.
type population struct {
	name  string
	draw  func(*rand.Rand) (a, b, gold float64)
	stats func(a, b, gold []float64) []Statistic
}

func means(name string, draw func(*rand.Rand) (a, b float64)) population {
	stats := func(a, b, _ []float64) []Statistic { return []Statistic{Mean(a), Mean(b)} }
	return population{name: name, stats: stats, draw: func(r *rand.Rand) (float64, float64, float64) {
		a, b := draw(r)
		return a, b, 0
	}}
}

func correlations(name string, r, other float64, rank bool, shape func(float64) float64) population {
	of := PearsonOf
	if rank {
		of = SpearmanOf
	}
	stats := func(a, b, gold []float64) []Statistic { return []Statistic{of(a, gold), of(b, gold)} }
	return population{name: name, stats: stats, draw: func(random *rand.Rand) (float64, float64, float64) {
		gold, shared := random.NormFloat64(), random.NormFloat64()
		said := func(r float64) float64 {
			return r*gold + math.Sqrt(1-r*r)*(.7*shared+math.Sqrt(.51)*random.NormFloat64())
		}
		return said(r), said(other), shape(gold)
	}}
}

func populations() []population {
	share := func(p, q float64) func(*rand.Rand) (float64, float64) {
		return func(r *rand.Rand) (a, b float64) {
			hard := r.Float64()*.6 + r.Float64()*.4
			if hard+.1*r.NormFloat64() < p {
				a = 1
			}
			if hard+.1*r.NormFloat64() < q {
				b = 1
			}
			return a, b
		}
	}
	// One relevant document at a rank that depends on how hard the question is.
	gains := func(skill, better float64) func(*rand.Rand) (float64, float64) {
		return func(r *rand.Rand) (float64, float64) {
			hard := 1.5 * r.NormFloat64()
			gain := func(skill float64) float64 {
				rank := math.Floor(math.Exp(hard+.7*r.NormFloat64()-skill)) + 1
				if rank > 10 {
					return 0
				}
				return 1 / math.Log2(rank+1)
			}
			return gain(skill), gain(skill + better)
		}
	}
	rare := func(r *rand.Rand) (float64, float64) { // b is a little better, and seldom much worse
		switch u := r.Float64(); {
		case u < .5:
			return .6, .6
		case u < .95:
			return .6, .7
		}
		return 1, 0
	}
	plain := func(v float64) float64 { return v }
	grades := func(v float64) float64 { return math.Round(min(5, max(0, 2.5+1.3*v))) }
	return []population{
		means("hits .5", share(.5, .5)), means("hits .9", share(.9, .95)), means("hits .97", share(.97, .97)),
		means("gains", gains(0, 0)), means("high gains", gains(3, .7)), means("seldom much worse", rare),
		correlations("Pearson .8", .8, .8, false, plain), correlations("Pearson .8 and .5", .8, .5, false, grades),
		correlations("Spearman .8", .8, .8, true, grades), correlations("Spearman .95 and .3", .95, .3, true, plain),
	}
}

// Intervals hold what they promise from five questions on, for values, hits and correlations, and
// all have a width.
func TestIntervalsHold(t *testing.T) {
	const trials, least = 400, .94 // the share has a standard error of .011
	for _, p := range populations() {
		sample := func(r *rand.Rand, n int) []Statistic {
			a, b, gold := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range n {
				a[i], b[i], gold[i] = p.draw(r)
			}
			return p.stats(a, b, gold)
		}
		random := rand.New(rand.NewPCG(1, 2))
		all := sample(random, 100_000)
		value, difference := all[0].of(nil), all[0].of(nil)-all[1].of(nil)
		for _, n := range []int{5, 10, 20, 50} {
			held, apart := 0, 0
			for trial := range trials {
				r, err := Bootstrap(n, 250, uint64(trial), sample(random, n)...)
				expect.NoError(t, err)
				in, d := r.Interval(0), r.Difference(0, 1)
				if in.Low <= value && value <= in.High {
					held++
				}
				if d.Low <= difference && difference <= d.High {
					apart++
				}
				if in.High-in.Low < 1e-3 || d.High-d.Low < 1e-3 {
					t.Fatalf("%s, %d questions: the intervals %v and %v have no width", p.name, n, in, d.Interval)
				}
			}
			t.Logf("%s, %d questions: %d and %d of %d", p.name, n, held, apart, trials)
			if held < least*trials || apart < least*trials {
				t.Errorf("%s, %d questions: %d intervals of the value and %d of the difference hold it, want 95 %% of %d", p.name, n, held, apart, trials)
			}
		}
	}
}

// Of two equally good rows at most one in twenty is called better, however few questions there are.
func TestNoiseIsNotSignificant(t *testing.T) {
	const trials = 1000
	for _, p := range populations() {
		// The standard scores of a correlation are only nearly exchangeable.
		most, equal := map[string]float64{"hits .5": .065, "gains": .065, "Pearson .8": .08, "Spearman .8": .065}[p.name]
		if !equal {
			continue
		}
		random := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 2, 3, 5, 6, 8, 10, 20, 50} {
			found := 0
			for range trials {
				a, b, gold := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range n {
					a[i], b[i], gold[i] = p.draw(random)
				}
				stats := p.stats(a, b, gold)
				if _, p := signFlip(stats[0].less(stats[1]), 500, 1); p < .05 {
					found++
				}
			}
			t.Logf("%s, %d questions: %d of %d", p.name, n, found, trials)
			if n < 6 && found > 0 || float64(found) > most*trials {
				t.Errorf("%s, %d questions: noise is significant in %d of %d, want 5 %% at most, and none below 6 questions", p.name, n, found, trials)
			}
		}
	}
}

// P is the exact test's: no smaller than the share of the sign choices that are as extreme.
func TestSignFlip(t *testing.T) {
	for _, c := range []struct {
		values []float64
		n      int
		p      float64
	}{
		{nil, 0, 1},
		{[]float64{1}, 1, 1},
		{[]float64{.1, .2}, 2, .5},
		{[]float64{.1, .2, .3, .1, .5}, 5, .0625},
		{[]float64{-.1, -.2, -.3, -.1, -.5, -.1}, 6, .03125},
		{append(make([]float64, 46), .3, .3, .3, .3), 4, .125},
		{[]float64{1, 1, 1, -1}, 4, .625},
		{[]float64{3, 2, -1}, 3, .5},
		{slices.Repeat([]float64{.25}, 16), 16, 2. / (1 << 16)},
	} {
		if n, p := signFlip(c.values, 1000, 1); n != c.n || math.Abs(p-c.p) > 1e-15 {
			t.Errorf("%v: got %d that differ and p = %v, want %d and %v", c.values, n, p, c.n, c.p)
		}
	}
	// The drawn test agrees with the exact one: 17 values of one size are a binomial sign test.
	values := append(slices.Repeat([]float64{.5}, 13), -.5, -.5, -.5, -.5)
	if _, p := signFlip(values, 200_000, 1); math.Abs(p-.049) > .002 {
		t.Errorf("drawn: got p = %v, want .0490 of the binomial test", p)
	}
}

// Two candidates that differ on every topic to one side are told apart for certain, however wide
// each one's interval is; two that differ by noise are not.
func TestBootstrapIsPaired(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	n := 400
	a, better, noisy := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range a {
		a[i] = .8 * random.Float64()
		better[i] = a[i] + .02
		noisy[i] = a[i] + .1*math.Pow(-1, float64(i))
	}
	r, err := Bootstrap(n, 2000, 1, Mean(a), Mean(better), Mean(noisy), Mean(a))
	expect.NoError(t, err)
	if d := r.Difference(1, 0); d.Low < .01 || d.High > .03 || d.P > .002 || d.Differ != n {
		t.Errorf("better by .02: %+v", d)
	}
	if d := r.Difference(0, 1); d.High > -.01 || d.Value > -.0199 {
		t.Errorf("the other way round: %+v", d)
	}
	if d := r.Difference(2, 0); d.Low > 0 || d.High < 0 || d.P < .05 {
		t.Errorf("noise: %+v", d)
	}
	if d := r.Difference(3, 0); d.Value != 0 || d.P != 1 || d.Differ != 0 || d.Low >= 0 || d.High <= 0 {
		t.Errorf("the same twice: %+v", d)
	}
}

func TestBootstrapRepeats(t *testing.T) {
	v := []float64{.1, .2, .3, .4, .8}
	first, err := Bootstrap(len(v), 500, 9, Mean(v))
	expect.NoError(t, err)
	again, _ := Bootstrap(len(v), 500, 9, Mean(v))
	other, _ := Bootstrap(len(v), 500, 10, Mean(v))
	if first.Interval(0) != again.Interval(0) || slices.Equal(first.samples[0], other.samples[0]) {
		t.Error("the seed does not decide the draws")
	}
	if _, err := Bootstrap(0, 500, 9); err == nil {
		t.Error("nothing was resampled")
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{.01, .04, .03, .005})
	want := []float64{.03, .06, .06, .02} // the textbook's example
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-15 {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
}
