package main

import (
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

// TestCheck: a wrong, missing or foreign vector does not pass for the right one.
func TestCheck(t *testing.T) {
	want := vectors()
	for name, got := range map[string]answered{
		"swapped": {f32: [][]float32{want[1], want[0]}},
		"short":   {f32: want[:1]},
		"f64":     {f64: [][]float64{make([]float64, dimensions), make([]float64, dimensions)}},
		"cut":     {f32: [][]float32{want[0], want[1][:dimensions-1]}},
	} {
		if check(got, 0, 2, want) == nil {
			t.Errorf("%s: the check lets it pass", name)
		}
	}
	if err := check(answered{f32: want[3:5]}, 3, 2, want); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
}

func TestMedianAndIdeal(t *testing.T) {
	expect.Equal(t, "the median of 1, 3, 5, 9", median([]float64{9, 1, 5, 3}), 4)
	if got := (series{{Wall: 4}, {Wall: 30}, {Wall: 6}}).against(series{{Wall: 2}, {Wall: 10}, {Wall: 6}}, wall); got != 2 {
		t.Errorf("the median of the ratios 2, 3 and 1 is %v", got)
	}
	if plain, tenth := ideal(jobTexts, false), ideal(jobTexts, true); plain != 6250*time.Millisecond || tenth != 8750*time.Millisecond {
		t.Errorf("the ideals are %v and %v", plain, tenth)
	}
}
