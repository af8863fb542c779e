package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

const (
	dimensions = 1024
	different  = 256   // vectors of the server; text i has vector i modulo this
	textCount  = 20000 // number of texts
	textBytes  = 500
	marker     = `"#` // begins each text in a request's JSON
	digits     = 7
)

// texts returns n numbered texts of 500 bytes without characters that JSON escapes.
func texts(n int) []string {
	words := strings.Fields("the quick brown fox jumps over a lazy dog while seven wizards quietly brew jam for the vexed king of zinc")
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]string, n)
	for i := range all {
		var b strings.Builder
		fmt.Fprintf(&b, "#%0*d", digits, i)
		for b.Len() < textBytes {
			b.WriteString(" " + words[random.IntN(len(words))])
		}
		all[i] = strings.TrimSpace(b.String()[:textBytes-1]) + "."
	}
	return all
}

// vectors returns the unit vectors that the server answers with, the same in every process.
func vectors() [][]float32 {
	random := rand.New(rand.NewPCG(5, 6))
	all := make([][]float32, different)
	for i := range all {
		row := make([]float64, dimensions)
		sum := 0.0
		for k := range row {
			row[k] = random.NormFloat64()
			sum += row[k] * row[k]
		}
		all[i] = make([]float32, dimensions)
		for k, f := range row {
			all[i][k] = float32(f / math.Sqrt(sum))
		}
	}
	return all
}
