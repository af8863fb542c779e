// Package models has the tables of DashScope's models and regions, for the provider and its
// emulator.
package models

import (
	"slices"

	"github.com/vecspace/embedding"
)

// Info describes one model, as documented or measured. Vendors change these figures: Options
// override each of them, and Options.Unlisted allows what the table does not have.
type Info struct {
	ID         string
	Dimensions []int                      // the lengths on offer, longest first
	Regional   map[string][]int           // the lengths in a region with fewer
	Default    int                        // the length without a request for one
	Fixed      bool                       // "dimensions" is not sent: the service ignores it
	Normalized bool                       // unit length was measured, not promised
	Instruct   bool                       // takes an instruction for queries
	Limits     embedding.Limits           // of one request; 0 means unknown
	Regions    []string                   // where it is documented; nil means everywhere
	Prices     map[string]embedding.Price // by region, where known
	Batch      bool                       // Beijing's batch API takes it
}

// What the batch API in Beijing takes and costs. In Singapore it takes chat models only, and other
// regions have none.
//
// Source: https://help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai (half the
// price; text-embedding-v1 to v4; v4 alone in its copy of January 2026),
// https://help.aliyun.com/zh/dashscope/developer-reference/openai-batch-interface (50,000 requests,
// 100 MB, of an older edition).
const (
	BatchRegion     = "cn"
	BatchShare      = 0.5
	BatchLines      = 50_000
	BatchBytes      = 100_000_000
	BatchUnverified = "the limits of a batch's file (an old page's), and that the model is taken (its card of 2026 says it is not)"
)

// DimensionsIn returns the lengths that the model offers in a region, longest first. A region
// outside the table, such as "", has all of them: the service has the last word.
func (m Info) DimensionsIn(region string) []int {
	if dims, ok := m.Regional[region]; ok {
		return dims
	}
	return m.Dimensions
}

// In reports whether the model may be in a region. It is false only if the documentation lists
// regions without this one. The region "" has every model.
func (m Info) In(region string) bool {
	return region == "" || m.Regions == nil || slices.Contains(m.Regions, region)
}

// All returns the text models of the service, newest first. The caller owns the result.
//
// Sources: https://www.alibabacloud.com/help/en/model-studio/text-embedding-synchronous-api and its
// Chinese, English and Spanish translations; for qwen3.7-text-embedding-flash
// https://help.aliyun.com/en/model-studio/qwen3-7-text-embedding-flash.
//
// The limits of texts date from October 2026. For text-embedding-v3 the same page said 6, then 20,
// then 10, and one endpoint was measured with 20 and with 10. A TooLarge answer carries the limit
// that holds (Allowed of [embedding.Error]).
func All() []Info {
	const asOf = "2026-10-12"
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: asOf}
	}
	cny := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "CNY", AsOf: asOf}
	}
	return []Info{
		{
			ID:         "qwen3.7-text-embedding",
			Batch:      true,
			Dimensions: []int{2560, 2048, 1536, 1024, 768, 512, 256},
			Default:    1024,
			Instruct:   true,
			Limits:     embedding.Limits{Texts: 20, TextTokens: 128_000},
			Prices:     map[string]embedding.Price{"intl": usd(0.07)},
		},
		{
			ID:         "qwen3.7-text-embedding-flash",
			Batch:      true,
			Dimensions: []int{1024, 768, 512, 256},
			Default:    1024,
			Instruct:   true,
			// Texts and Tokens are not documented. A project uses these two after it measured that calls
			// with more than about 4,500 tokens hang without an error. middleware.Batch keeps to them.
			// Put middleware.Timeout below it, since a single long text may still hang.
			Limits: embedding.Limits{Texts: 32, Tokens: 3_200, TextTokens: 131_072},
		},
		{
			ID:         "text-embedding-v4",
			Batch:      true,
			Dimensions: []int{2048, 1536, 1024, 768, 512, 256, 128, 64},
			Default:    1024,
			Normalized: true, // 0.99 < length < 1.01 at 1024 and at 512
			Instruct:   true,
			Limits:     embedding.Limits{Texts: 10, TextTokens: 8_192},
			Prices:     map[string]embedding.Price{"cn": cny(0.5), "intl": usd(0.07), "hk": usd(0.07)},
		},
		{
			ID:         "text-embedding-v3",
			Batch:      true,
			Dimensions: []int{1024, 768, 512, 256, 128, 64},
			Regional:   map[string][]int{"intl": {1024, 768, 512}},
			Default:    1024,
			Limits:     embedding.Limits{Texts: 10, TextTokens: 8_192},
			Prices:     map[string]embedding.Price{"cn": cny(0.5), "intl": usd(0.07)},
		},
		{
			ID:         "text-embedding-v2",
			Batch:      true,
			Dimensions: []int{1536},
			Default:    1536,
			Fixed:      true,
			Limits:     embedding.Limits{Texts: 25, TextTokens: 2_048},
			Regions:    []string{"cn", "finance"},
			Prices:     map[string]embedding.Price{"cn": cny(0.7)},
		},
		{
			ID:         "text-embedding-v1",
			Batch:      true,
			Dimensions: []int{1536},
			Default:    1536,
			Fixed:      true,
			Limits:     embedding.Limits{Texts: 25, TextTokens: 2_048},
			Regions:    []string{"cn", "finance"},
			Prices:     map[string]embedding.Price{"cn": cny(0.7)},
		},
	}
}

// Region is one site of the service. A key belongs to one region; every other region refuses it
// like a wrong key.
type Region struct {
	Name    string // as in Options.Region and ?region=
	Label   string // for messages
	BaseURL string // of the OpenAI-compatible API; "" if only workspaces' hosts reach it
	Zone    string // in a workspace's host, {workspace}.{zone}.maas.aliyuncs.com
}

// Regions returns the service's regions. The first is the default, as in the vendor's own SDKs. The
// caller owns the result.
//
// Sources: https://help.aliyun.com/zh/model-studio/text-embedding-synchronous-api (cn, intl,
// finance, workspace hosts), its Japanese translation (hk),
// https://www.alibabacloud.com/help/en/model-studio/error-code (token-plan). The host of us is
// real, but no embedding model is documented for it.
func Regions() []Region {
	return []Region{
		{Name: "cn", Label: "China (Beijing)", BaseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1", Zone: "cn-beijing"},
		{Name: "intl", Label: "International (Singapore)", BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", Zone: "ap-southeast-1"},
		{Name: "hk", Label: "China (Hong Kong)", BaseURL: "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1"},
		{Name: "finance", Label: "China (finance cloud)", BaseURL: "https://dashscope-finance.aliyuncs.com/compatible-mode/v1"},
		{Name: "us", Label: "US (Virginia)", BaseURL: "https://dashscope-us.aliyuncs.com/compatible-mode/v1"},
		{Name: "eu", Label: "Germany (Frankfurt), by workspace host", Zone: "eu-central-1"},
		{Name: "token-plan", Label: "token plan (Singapore)", BaseURL: "https://token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1"},
	}
}
