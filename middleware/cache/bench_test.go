package cache

import (
	"strings"
	"testing"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// BenchmarkHit compares a hit of one 500-byte text with a bare ristretto Get by the same keys and
// hashes. The sub-benchmarks with -cpu 1,2 show whether two goroutines are slower than one.
func BenchmarkHit(b *testing.B) {
	text := strings.Repeat("five hundred bytes. ", 25)
	b.Run("bare", func(b *testing.B) {
		store, err := ristretto.NewCache(&ristretto.Config[uint64, *entry]{
			NumCounters: 1e5, MaxCost: 1 << 20, BufferItems: 64, KeyToHash: func(k uint64) (uint64, uint64) { return k, 0 }})
		expect.NoError(b, err)
		defer store.Close()
		keys := newKeyer()
		store.Set(keys.of(key{}, text).lo, &entry{}, 1)
		store.Wait()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, ok := store.Get(keys.of(key{}, text).lo); !ok {
					b.Error("missed")
				}
			}
		})
	})
	b.Run("cache", func(b *testing.B) {
		e := embedding.Chain(newProvider(model("s")), open(b, Options{}).Wrap)
		embed(b, e, text)
		req := embedding.Request{Texts: []string{text}}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if res, err := e.Embed(b.Context(), req); err != nil || res.Usage.Reused != 1 {
					b.Error("missed")
				}
			}
		})
	})
}
