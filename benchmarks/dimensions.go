package benchmarks

import (
	"github.com/vecspace/embedding/benchmarks/flat"
	"github.com/vecspace/embedding/benchmarks/metrics"
)

var storages = []flat.Storage{flat.Float32, flat.Int8, flat.Binary}

// point is the main metric of vectors that are cut or stored coarsely.
type point struct {
	candidate string
	dims      int
	storage   flat.Storage
	stat      metrics.Statistic
}

// halves are the lengths that vectors are cut to: all, then half as many as long as that is at least 32.
func halves(dims int) []int {
	out := []int{dims}
	for d := dims / 2; d >= 32; d /= 2 {
		out = append(out, d)
	}
	return out
}

func (t pairsTask) point(said []float64) point {
	return point{stat: metrics.SpearmanOf(said, t.Gold)}
}
