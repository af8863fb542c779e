package cache

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{TTL: time.Hour})
		expect.NoError(t, err)
		defer c.Close()
		e := embedding.Chain(newProvider(model("s")), c.Wrap)
		embed(t, e, "a")
		time.Sleep(59 * time.Minute)
		if embed(t, e, "a").Usage.Reused != 1 {
			t.Error("gone too early")
		}
		time.Sleep(2 * time.Minute)
		if embed(t, e, "a").Usage.Reused != 0 {
			t.Error("outlived its time")
		}
	})
}

func TestPurge(t *testing.T) {
	c := open(t, Options{})
	a, b := embedding.Chain(newProvider(model("a")), c.Wrap), embedding.Chain(newProvider(model("b")), c.Wrap)
	texts := make([]string, 500)
	for i := range texts {
		texts[i] = fmt.Sprint(i)
	}
	embed(t, a, texts...)
	embed(t, b, texts...)
	full := c.Stats().Bytes
	c.PurgeSpace(t.Context(), "a")
	if got := c.Stats(); got.Bytes*2 != full || got.Evicted != 500 {
		t.Errorf("%+v of %d bytes", got, full)
	}
	if embed(t, b, texts...).Usage.Reused != 500 || embed(t, a, texts...).Usage.Reused != 0 {
		t.Error("the wrong space was purged")
	}
	c.Purge(t.Context())
	if c.Stats().Bytes != 0 || embed(t, b, texts...).Usage.Reused != 0 {
		t.Error("something is left")
	}
}

func TestPurgeHoldsForRequestsUnderWay(t *testing.T) {
	c := open(t, Options{})
	p := newProvider(model("s"))
	purge := func(string) error { c.Purge(t.Context()); return nil }
	p.fails = purge
	e := embedding.Chain(p, c.Wrap)
	embed(t, e, "a")
	p.fails = nil
	if embed(t, e, "a").Usage.Reused != 0 {
		t.Error("an answer asked for before the purge was kept")
	}
}

func TestCloseWhileInUse(t *testing.T) {
	c := open(t, Options{})
	e := embedding.Chain(newProvider(model("s")), c.Wrap)
	var wg sync.WaitGroup
	var calls atomic.Int64
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				embed(t, e, fmt.Sprint(i, g%2), fmt.Sprint(i))
				if calls.Add(1) == 500 {
					c.Close()
				}
				c.Stats()
			}
		})
	}
	wg.Wait()
	c.Close()
	c.Purge(t.Context())
	c.PurgeSpace(t.Context(), "s")
	if res := embed(t, e, "after"); res.Usage.Requests != 1 || c.Stats().Bytes != 0 {
		t.Errorf("after Close: %+v", res)
	}
}

func TestWarm(t *testing.T) {
	c := open(t, Options{})
	p := newProvider(model("s"))
	rows := map[string][]float32{}
	for i := range 1000 {
		rows[fmt.Sprint(i)] = vector(p.m, embedding.TaskQuery, fmt.Sprint(i))
	}
	if n, err := c.Warm(p.m, embedding.TaskQuery, maps.All(rows)); n != 1000 || err != nil {
		t.Fatal(n, err)
	}
	res, err := embedding.Chain(p, c.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{"7", "999"}, Task: embedding.TaskQuery})
	if err != nil || res.Usage.Reused != 2 || !slices.Equal(res.Vectors[0], rows["7"]) {
		t.Error(res, err)
	}
	if _, err := c.Warm(p.m, 0, maps.All(map[string][]float32{"a": {1}})); err == nil || !strings.Contains(err.Error(), "1 dimensions") {
		t.Error(err)
	}
	if _, err := c.Warm(embedding.Model{}, 0, maps.All(rows)); err == nil || !strings.Contains(err.Error(), "Probe") {
		t.Error(err)
	}
}
