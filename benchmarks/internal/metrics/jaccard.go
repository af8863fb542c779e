package metrics

import "strings"

// Jaccard returns the similarity of two texts by their sets of character n-grams, from 0 to 1: the
// floor that a model must beat. It compares lower case; every run of white space becomes one space,
// and one is added at both ends.
func Jaccard(a, b string, n int) float64 {
	x, y := grams(a, n), grams(b, n)
	both := 0
	for g := range x {
		if _, ok := y[g]; ok {
			both++
		}
	}
	if all := len(x) + len(y) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}

func grams(s string, n int) map[string]struct{} {
	runes := []rune(" " + strings.Join(strings.Fields(strings.ToLower(s)), " ") + " ")
	set := make(map[string]struct{}, len(runes))
	for i := 0; i+n <= len(runes); i++ {
		set[string(runes[i:i+n])] = struct{}{}
	}
	return set
}
