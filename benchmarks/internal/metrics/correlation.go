package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

var errConstant = errors.New("metrics: all values are equal, so the correlation is undefined")

// Spearman returns the rank correlation of x and y. Equal values have the mean of their ranks. It
// is an error if the lengths differ or are below 2, if a value is not finite, or if all values of
// one side are equal.
func Spearman(x, y []float64) (float64, error) {
	if err := usable(x, y); err != nil {
		return 0, err
	}
	return correlate(ties(x).ranks(nil), ties(y).ranks(nil), nil)
}

func usable(x, y []float64) error {
	if len(x) != len(y) || len(x) < 2 {
		return fmt.Errorf("metrics: a correlation needs two series of equal length, at least 2: got %d and %d values", len(x), len(y))
	}
	for i := range x {
		if v := x[i] - x[i] + y[i] - y[i]; v != 0 { // NaN for every value that is not finite
			return fmt.Errorf("metrics: pair %d has a value that is not finite", i)
		}
	}
	return nil
}

// correlate returns the linear correlation. Pair i weighs times[i]; nil means equal weights.
func correlate(x, y []float64, times []float64) (float64, error) {
	weight := func(i int) float64 {
		if times == nil {
			return 1
		}
		return times[i]
	}
	var n, mx, my float64
	for i := range x {
		w := weight(i)
		n += w
		mx += w * x[i]
		my += w * y[i]
	}
	mx, my = mx/n, my/n
	var xy, xx, yy float64
	for i := range x {
		w, dx, dy := weight(i), x[i]-mx, y[i]-my
		xy += w * dx * dy
		xx += w * dx * dx
		yy += w * dy * dy
	}
	if xx == 0 || yy == 0 {
		return 0, errConstant
	}
	return max(-1, min(1, xy/(math.Sqrt(xx)*math.Sqrt(yy)))), nil
}

// tied is the order of a series' values in groups of equal ones. It gives the ranks of any resample
// in one pass.
type tied struct {
	order []int // indexes by ascending value
	ends  []int // end of each group in order
}

func ties(x []float64) tied {
	t := tied{order: make([]int, len(x))}
	for i := range t.order {
		t.order[i] = i
	}
	slices.SortFunc(t.order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	for k := 1; k <= len(x); k++ {
		if k == len(x) || x[t.order[k]] != x[t.order[k-1]] {
			t.ends = append(t.ends, k)
		}
	}
	return t
}

// ranks returns the mean rank of each value, from 1. Value i occurs times[i] times; nil means once
// each.
func (t tied) ranks(times []float64) []float64 {
	out := make([]float64, len(t.order))
	below, start := 0.0, 0
	for _, end := range t.ends {
		group := t.order[start:end]
		size := float64(len(group))
		if times != nil {
			size = 0
			for _, i := range group {
				size += times[i]
			}
		}
		for _, i := range group {
			out[i] = below + (size+1)/2
		}
		below, start = below+size, end
	}
	return out
}

// Ranks returns the rank of each value, from 1 for the lowest. Equal values have the mean of their
// ranks.
func Ranks(x []float64) []float64 { return ties(x).ranks(nil) }
