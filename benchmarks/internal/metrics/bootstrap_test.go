package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The interval of a mean of many normal values is known: 1.96 standard errors on both sides.
func TestBootstrapInterval(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	n := 400
	values := make([]float64, n)
	var sum, square float64
	for i := range values {
		values[i] = random.NormFloat64()
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
	if math.Abs(in.Low-(mean-half)) > .004 || math.Abs(in.High-(mean+half)) > .004 || r.Values[0] != mean {
		t.Errorf("[%.4f %.4f] around %.4f, the normal law says [%.4f %.4f]", in.Low, in.High, r.Values[0], mean-half, mean+half)
	}
}

// Two candidates that differ by a constant on every topic are told apart for certain, however wide
// each one's interval is; two that differ by noise are not.
func TestBootstrapIsPaired(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	n := 100
	a, better, noisy := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range a {
		a[i] = random.Float64()
		better[i] = a[i] + .02
		noisy[i] = a[i] + .1*math.Pow(-1, float64(i))
	}
	r, err := Bootstrap(n, 2000, 1, Mean(a), Mean(better), Mean(noisy), Mean(a))
	expect.NoError(t, err)
	if d := r.Difference(1, 0); d.Low < .0199 || d.High > .0201 || d.P > .002 {
		t.Errorf("better by .02: %+v", d)
	}
	if d := r.Difference(0, 1); d.High > -.0199 || d.Value > -.0199 {
		t.Errorf("the other way round: %+v", d)
	}
	if d := r.Difference(2, 0); d.Low > 0 || d.High < 0 || d.P < .05 {
		t.Errorf("noise: %+v", d)
	}
	if d := r.Difference(3, 0); d.Value != 0 || d.P != 1 {
		t.Errorf("the same twice: %+v", d)
	}
}

func TestBootstrapRepeats(t *testing.T) {
	v := []float64{1, 2, 3, 4, 8}
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
