package dashscope

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/setup"
)

// ModelInfo is what is documented or measured about one model. Vendors move these figures: every one of them can be
// overridden by Options, and Options.Unlisted passes what the table does not know.
type ModelInfo struct {
	ID         string
	Dimensions []int                      // every length a vector can have, longest first
	Regional   map[string][]int           // the lengths in a region that has fewer; a region not named has all of Dimensions
	Default    int                        // the length when none is asked for
	Fixed      bool                       // the service ignores "dimensions", so it is not sent
	Normalized bool                       // unit length was measured, not promised
	Instruct   bool                       // takes an instruction for queries
	Limits     embedding.Limits           // of one request; 0 is unknown
	Regions    []string                   // where it is documented; nil is everywhere
	Prices     map[string]embedding.Price // by region; a region not named has none that is known
}

// DimensionsIn returns every length of vector the model has in a region, longest first. A region that is not in the
// table, "" among them, has all of them: the service has the last word.
func (m ModelInfo) DimensionsIn(region string) []int {
	if dims, ok := m.Regional[region]; ok {
		return dims
	}
	return m.Dimensions
}

// In reports whether the model is documented in a region. Only what is known to be absent is absent: a region the table
// has no list for, "" among them, has every model.
func (m ModelInfo) In(region string) bool {
	return region == "" || m.Regions == nil || slices.Contains(m.Regions, region)
}

// Models returns the text models of the service, newest first. The result is the caller's own.
//
// Source: https://www.alibabacloud.com/help/en/model-studio/text-embedding-synchronous-api and its Chinese, English and
// Spanish translations; for qwen3.7-text-embedding-flash https://help.aliyun.com/en/model-studio/qwen3-7-text-embedding-flash.
//
// Limits of texts are those of October 2026. That of text-embedding-v3 was 6, then 20, then 10 on the same page; one endpoint
// was measured with 20 and with 10. A TooLarge answer carries the limit that holds (embedding.Error.Allowed).
func Models() []ModelInfo {
	const asOf = "2026-10-12"
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: asOf}
	}
	cny := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "CNY", AsOf: asOf}
	}
	return []ModelInfo{
		{
			ID:         "qwen3.7-text-embedding",
			Dimensions: []int{2560, 2048, 1536, 1024, 768, 512, 256},
			Default:    1024,
			Instruct:   true,
			Limits:     embedding.Limits{Texts: 20, TextTokens: 128_000},
			Prices:     map[string]embedding.Price{"intl": usd(0.07)},
		},
		{
			ID:         "qwen3.7-text-embedding-flash",
			Dimensions: []int{1024, 768, 512, 256},
			Default:    1024,
			Instruct:   true,
			// Texts and Tokens are not documented: a project that measured about 4,500 tokens a request, above which the
			// call hangs without an error, runs with these two. middleware.Batch keeps to them; put middleware.Timeout
			// below it, since a single long text may still hang.
			Limits: embedding.Limits{Texts: 32, Tokens: 3_200, TextTokens: 131_072},
		},
		{
			ID:         "text-embedding-v4",
			Dimensions: []int{2048, 1536, 1024, 768, 512, 256, 128, 64},
			Default:    1024,
			Normalized: true, // 0.99 < length < 1.01 at 1024 and at 512
			Instruct:   true,
			Limits:     embedding.Limits{Texts: 10, TextTokens: 8_192},
			Prices:     map[string]embedding.Price{"cn": cny(0.5), "intl": usd(0.07), "hk": usd(0.07)},
		},
		{
			ID:         "text-embedding-v3",
			Dimensions: []int{1024, 768, 512, 256, 128, 64},
			Regional:   map[string][]int{"intl": {1024, 768, 512}},
			Default:    1024,
			Limits:     embedding.Limits{Texts: 10, TextTokens: 8_192},
			Prices:     map[string]embedding.Price{"cn": cny(0.5), "intl": usd(0.07)},
		},
		{
			ID:         "text-embedding-v2",
			Dimensions: []int{1536},
			Default:    1536,
			Fixed:      true,
			Limits:     embedding.Limits{Texts: 25, TextTokens: 2_048},
			Regions:    []string{"cn", "finance"},
			Prices:     map[string]embedding.Price{"cn": cny(0.7)},
		},
		{
			ID:         "text-embedding-v1",
			Dimensions: []int{1536},
			Default:    1536,
			Fixed:      true,
			Limits:     embedding.Limits{Texts: 25, TextTokens: 2_048},
			Regions:    []string{"cn", "finance"},
			Prices:     map[string]embedding.Price{"cn": cny(0.7)},
		},
	}
}

// Region is one site of the service. API keys belong to one region: in every other one they are refused like wrong keys.
type Region struct {
	Name    string // as Options.Region and ?region= take it
	Label   string // for messages
	BaseURL string // of the OpenAI-compatible API, without a trailing slash; empty: reached through a workspace's host only
	Zone    string // the part of a workspace's host, {workspace}.{zone}.maas.aliyuncs.com, that tells the region
}

// Regions returns the service's regions. The first is the default, as in the vendor's own SDKs. The result is the
// caller's own.
//
// Sources: https://help.aliyun.com/zh/model-studio/text-embedding-synchronous-api (cn, intl, finance, workspace hosts),
// its Japanese translation (hk), https://www.alibabacloud.com/help/en/model-studio/error-code (token-plan). The host of
// us is real, but no embedding model is documented for it.
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

// regionOf returns the region that a host, in lower case, belongs to, "" for a host that is none of the service's.
func regionOf(host string) string {
	workspace, zone := "", ""
	if rest, ok := strings.CutSuffix(host, ".maas.aliyuncs.com"); ok {
		workspace, zone, _ = strings.Cut(rest, ".")
	}
	byZone := ""
	for _, r := range Regions() {
		if r.BaseURL != "" && setup.Host(r.BaseURL) == host {
			return r.Name
		}
		if workspace != "" && r.Zone != "" && r.Zone == zone {
			byZone = r.Name
		}
	}
	return byZone
}
