package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// sample is the result of one measurement per unit (a vector or a call), in nanoseconds, bytes and
// objects.
type sample struct {
	Wall, CPU, Bytes, Allocs float64
	Units, Errors            int
	Dials                    int64
}

// series holds one sample per round.
type series []sample

func (s series) median(of func(sample) float64) float64 {
	all := make([]float64, len(s))
	for i, x := range s {
		all[i] = of(x)
	}
	return median(all)
}

// against returns the median of the rounds' ratios. Both sides of a ratio are from the same round.
func (s series) against(floor series, of func(sample) float64) float64 {
	all := make([]float64, 0, len(s))
	for i := range min(len(s), len(floor)) {
		all = append(all, of(s[i])/of(floor[i]))
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	all = slices.Sorted(slices.Values(all))
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

func wall(s sample) float64   { return s.Wall }
func cpu(s sample) float64    { return s.CPU }
func bytes_(s sample) float64 { return s.Bytes }
func allocs(s sample) float64 { return s.Allocs }

// meter measures what happens between start and stop. start collects older garbage first.
type meter struct {
	at  time.Time
	cpu time.Duration
	mem runtime.MemStats
}

func start() *meter {
	m := &meter{}
	runtime.GC()
	runtime.ReadMemStats(&m.mem)
	m.cpu = processor()
	m.at = time.Now()
	return m
}

func (m *meter) stop(units int) sample {
	wall := time.Since(m.at)
	used := processor() - m.cpu
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	n := float64(units)
	return sample{
		Wall: float64(wall.Nanoseconds()) / n, CPU: float64(used.Nanoseconds()) / n,
		Bytes: float64(after.TotalAlloc-m.mem.TotalAlloc) / n, Allocs: float64(after.Mallocs-m.mem.Mallocs) / n,
		Units: units,
	}
}

// check compares every number of an answer with the vectors that the server sent for n texts from
// number from.
func check(got answered, from, n int, want [][]float32) error {
	if got.raw > 0 { // the floor: nothing was read
		return nil
	}
	if max(len(got.f32), len(got.f64)) != n {
		return fmt.Errorf("%d vectors for %d texts", max(len(got.f32), len(got.f64)), n)
	}
	for i := range n {
		row := want[(from+i)%len(want)]
		if got.f32 != nil {
			if !slices.Equal(got.f32[i], row) {
				return fmt.Errorf("text %d has another vector than the server's", from+i)
			}
			continue
		}
		if len(got.f64[i]) != len(row) {
			return fmt.Errorf("text %d has %d dimensions", from+i, len(got.f64[i]))
		}
		for k, f := range row {
			if float32(got.f64[i][k]) != f {
				return fmt.Errorf("text %d has another vector than the server's", from+i)
			}
		}
	}
	return nil
}

// glance checks as much of an answer as costs nothing. Every measured call does it.
func glance(got answered, from, n int, want [][]float32) bool {
	if got.raw > 0 {
		return true
	}
	first := want[from%len(want)][0]
	if got.f32 != nil {
		return len(got.f32) == n && len(got.f32[n-1]) == dimensions && got.f32[0][0] == first
	}
	return len(got.f64) == n && len(got.f64[n-1]) == dimensions && float32(got.f64[0][0]) == first
}

// calls sends n texts at a time to c for about d, never the same text twice, and returns the means
// per vector.
func calls(ctx context.Context, server *child, c client, all []string, want [][]float32, n int, d time.Duration) (sample, error) {
	got, err := c.embed(ctx, all[:n]) // dials, warms up, and shows that the answers are right
	if err == nil {
		err = check(got, 0, n, want)
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s, %d texts: %w", c.name, n, err)
	}
	if c.reset != nil {
		c.reset()
	}
	before, err := server.counts()
	if err != nil {
		return sample{}, err
	}
	m := start()
	end := m.at.Add(d)
	done, bad := 0, 0
	for from := 0; from+n <= len(all) && (done < 3*n || time.Now().Before(end)); from += n {
		got, err := c.embed(ctx, all[from:from+n])
		if err != nil || !glance(got, from, n, want) {
			bad++
		}
		done += n
	}
	s := m.stop(done)
	after, err := server.counts()
	s.Errors, s.Dials = bad, after.Dials-before.Dials
	return s, err
}
