package metrics

import (
	"errors"
	"math"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding/internal/expect"
)

func TestConstantSeries(t *testing.T) {
	if _, err := Spearman([]float64{1, 1, 1}, []float64{1, 2, 3}); !errors.Is(err, errConstant) {
		t.Errorf("error %v", err)
	}
	for _, bad := range [][2][]float64{{{1, 2}, {1}}, {{1}, {1}}, {{1, math.NaN()}, {1, 2}}, {{1, 2}, {1, math.Inf(1)}}} {
		if r, err := pearson(bad[0], bad[1]); err == nil {
			t.Errorf("Pearson(%v, %v) = %v", bad[0], bad[1], r)
		}
	}
}

func TestCorrelationsAgainstSlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		series := rapid.SliceOfN(rapid.Float64Range(-8, 8), n, n)
		coarse := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 4), func(i int) float64 { return float64(i) }), n, n)
		x := rapid.OneOf(series, coarse).Draw(t, "x")
		y := rapid.OneOf(series, coarse).Draw(t, "y")
		spread := func(v []float64) bool {
			s := append([]float64(nil), v...)
			sort.Float64s(s)
			return s[n-1]-s[0] > 1e-3 // below, a double holds too few digits of the spread for 1e-12
		}
		if !spread(x) || !spread(y) {
			return
		}
		r, err := pearson(x, y)
		expect.NoError(t, err)
		near(t, "Pearson", r, slowPearson(x, y))
		rho, err := Spearman(x, y)
		expect.NoError(t, err)
		near(t, "Spearman", rho, slowPearson(slowRanks(x), slowRanks(y)))

		// A resample is the same as the series written out.
		times := make([]float64, n)
		var xs, ys []float64
		for i := range times {
			times[i] = float64(rapid.IntRange(0, 3).Draw(t, "times"))
			for range int(times[i]) {
				xs, ys = append(xs, x[i]), append(ys, y[i])
			}
		}
		want, err := Spearman(xs, ys)
		if err == nil {
			near(t, "resampled Spearman", SpearmanOf(x, y).of(times), want)
		}
		if want, err = pearson(xs, ys); err == nil {
			got := PearsonOf(x, y).of(times)
			if !(math.Abs(got-want) <= 1e-9) {
				t.Errorf("resampled Pearson %v, written out %v", got, want)
			}
		}
	})
}

// pearson is the linear correlation, with Spearman's errors.
func pearson(x, y []float64) (float64, error) {
	if err := usable(x, y); err != nil {
		return 0, err
	}
	return correlate(x, y, nil)
}
