package cache

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestWarm(t *testing.T) {
	c := open(t, Options{})
	p := newProvider(model("s"))
	rows := map[string][]float32{}
	for i := range 1000 {
		rows[fmt.Sprint(i)] = vector(p.m, embedding.TaskQuery, fmt.Sprint(i))
	}
	if n, err := c.Warm(p.m, embedding.TaskQuery, maps.All(rows)); n != 1000 || err != nil {
		t.Fatalf("got %d and %v, want 1000", n, err)
	}
	res, err := embedding.Chain(p, c.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{"7", "999"}, Task: embedding.TaskQuery})
	if err != nil || res.Usage.Reused != 2 || !slices.Equal(res.Vectors[0], rows["7"]) {
		t.Errorf("got %+v and %v, want two warm vectors", res, err)
	}
	_, err = c.Warm(p.m, 0, maps.All(map[string][]float32{"a": {1}}))
	expect.Says(t, "other dimensions", err, "1 dimensions")
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	unmeasured := p.m
	unmeasured.Dimensions = 0
	for name, tc := range map[string]struct {
		m    embedding.Model
		text string
		row  []float32
		want string
	}{
		"NaN":                     {p.m, "b", []float32{0, 0, nan, 1}, "dimension 2"},
		"infinite":                {p.m, "b", []float32{inf, 0, 0, 1}, "dimension 0"},
		"none":                    {p.m, "b", nil, "0 dimensions"},
		"none, of unknown length": {unmeasured, "b", []float32{}, "0 dimensions"},
		"NaN, of unknown length":  {unmeasured, "b", []float32{nan, 0, 0, 1}, "dimension 0"},
		"another length":          {unmeasured, "b", []float32{1}, "1 dimensions"},
		"a blank text":            {p.m, " ", []float32{1, 0, 0, 0}, "blank"},
	} {
		c := open(t, Options{})
		n, err := c.Warm(tc.m, 0, func(yield func(string, []float32) bool) {
			_ = yield("a", []float32{1, 2, 3, 4}) && yield(tc.text, tc.row)
		})
		if n != 1 || err == nil || !strings.Contains(err.Error(), "vector 1") || !strings.Contains(err.Error(), tc.want) || c.Stats().Stored != 1 {
			t.Errorf("%s: got %d and %v, want 1 and an error about vector 1 with %q", name, n, err, tc.want)
		}
	}
	_, err = c.Warm(embedding.Model{}, 0, maps.All(rows))
	expect.Says(t, "an unknown Space", err, "Probe")
}
