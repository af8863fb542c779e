package cache

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
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
	if _, err := c.Warm(p.m, 0, maps.All(map[string][]float32{"a": {1}})); err == nil || !strings.Contains(err.Error(), "1 dimensions") {
		t.Errorf("other dimensions: got %v", err)
	}
	if _, err := c.Warm(embedding.Model{}, 0, maps.All(rows)); err == nil || !strings.Contains(err.Error(), "Probe") {
		t.Errorf("an unknown Space: got %v", err)
	}
}
