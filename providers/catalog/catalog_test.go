package catalog

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestDimensions(t *testing.T) {
	for _, tc := range []struct{ got, want Dimensions }{
		{OneOf(), Dimensions{}},
		{OneOf(512), Dimensions{Default: 512, Min: 512, Max: 512, OneOf: []int{512}}},
		{OneOf(1024, 256, 2048), Dimensions{Default: 1024, Min: 256, Max: 2048, OneOf: []int{256, 1024, 2048}}},
		{Range(1, 1536), Dimensions{Default: 1536, Min: 1, Max: 1536}},
	} {
		expect.Equal(t, "dimensions", tc.got, tc.want)
	}
	lengths := []int{1024, 256}
	OneOf(lengths...).OneOf[0] = 1
	expect.Equal(t, "the caller's lengths", lengths, []int{1024, 256})
}

func TestPriced(t *testing.T) {
	price := embedding.Price{PerMillion: 0.1, Currency: "USD", AsOf: "2026-11-24"}
	expect.Equal(t, "a price", Entry{Unverified: "limits"}.Priced(price), Entry{Unverified: "limits", Prices: []Price{{Price: price}}})
	expect.Equal(t, "no price", Entry{}.Priced(embedding.Price{}).Unverified, "price (none is listed)")
	expect.Equal(t, "no price", Entry{Unverified: "limits"}.Priced(embedding.Price{}).Unverified, "price (none is listed); limits")
}
