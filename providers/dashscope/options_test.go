package dashscope_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// build returns what New makes of o, with a key and without a network.
func build(t *testing.T, o dashscope.Options) (embedding.Model, error) {
	t.Helper()
	t.Setenv(dashscope.BaseURLVariable, "")
	if o.Key == "" {
		o.Key = "sk-test"
	}
	o.HTTPClient = vendortest.NoNetwork(t)
	e, err := dashscope.New(o)
	if err != nil {
		return embedding.Model{}, err
	}
	return e.Model(), nil
}

func TestModels(t *testing.T) {
	cny := func(p float64) embedding.Price {
		return embedding.Price{PerMillion: p, Currency: "CNY", AsOf: "2026-10-12"}
	}
	usd := func(p float64) embedding.Price {
		return embedding.Price{PerMillion: p, Currency: "USD", AsOf: "2026-10-12"}
	}
	for _, tc := range []struct {
		model, region string
		def           int
		dims          []int
		limits        embedding.Limits
		price         embedding.Price
	}{
		{model: "text-embedding-v4", region: "cn", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: cny(0.5)},
		{model: "text-embedding-v4", region: "intl", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: usd(0.07)},
		{model: "text-embedding-v4", region: "us", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: embedding.Price{}},
		{model: "text-embedding-v3", region: "cn", def: 1024, dims: []int{1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: cny(0.5)},
		{model: "text-embedding-v3", region: "intl", def: 1024, dims: []int{1024, 768, 512}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: usd(0.07)},
		{model: "text-embedding-v2", region: "cn", def: 1536, dims: []int{1536}, limits: embedding.Limits{Texts: 25, TextTokens: 2048}, price: cny(0.7)},
		{model: "text-embedding-v1", region: "finance", def: 1536, dims: []int{1536}, limits: embedding.Limits{Texts: 25, TextTokens: 2048}, price: embedding.Price{}},
		{model: "qwen3.7-text-embedding", region: "intl", def: 1024, dims: []int{2560, 2048, 1536, 1024, 768, 512, 256}, limits: embedding.Limits{Texts: 20, TextTokens: 128_000}, price: usd(0.07)},
		{model: "qwen3.7-text-embedding-flash", region: "cn", def: 1024, dims: []int{1024, 768, 512, 256}, limits: embedding.Limits{Texts: 32, Tokens: 3200, TextTokens: 131_072}, price: embedding.Price{}},
	} {
		m, err := build(t, dashscope.Options{Model: tc.model, Region: tc.region})
		if err != nil {
			t.Errorf("%s in %s: %v", tc.model, tc.region, err)
			continue
		}
		if m.Provider != "dashscope" || m.ID != tc.model || m.Dimensions != tc.def || m.Limits != tc.limits || m.Price != tc.price || !m.Symmetric || m.Variant != "" {
			t.Errorf("%s in %s: %+v", tc.model, tc.region, m)
		}
		for _, d := range []int{0, 1, 32, 63, 64, 65, 128, 256, 384, 512, 768, 1000, 1024, 1025, 1536, 2048, 2560, 3072, 4096} {
			m, err := build(t, dashscope.Options{Model: tc.model, Region: tc.region, Dimensions: d})
			if d == 0 {
				d = tc.def
			}
			if ok := slices.Contains(tc.dims, d); ok != (err == nil) || ok && m.Dimensions != d {
				t.Errorf("%s in %s at %d dimensions: %+v, %v", tc.model, tc.region, d, m, err)
			}
		}
	}
}

func TestModelsAreTheCallersOwn(t *testing.T) {
	dashscope.Models()[0].Dimensions[0] = 1
	dashscope.Regions()[0].Name = "moon"
	if dashscope.Models()[0].Dimensions[0] == 1 || dashscope.Regions()[0].Name == "moon" {
		t.Error("a caller's edit is seen by others")
	}
}

func TestTablesAgree(t *testing.T) {
	var regions []string
	for _, r := range dashscope.Regions() {
		regions = append(regions, r.Name)
		if r.BaseURL == "" && r.Zone == "" {
			t.Errorf("region %s cannot be reached", r.Name)
		}
	}
	for _, m := range dashscope.Models() {
		if !slices.Contains(m.Dimensions, m.Default) {
			t.Errorf("%s has no %d dimensions, its default", m.ID, m.Default)
		}
		for region, dims := range m.Regional {
			if !slices.Contains(regions, region) || !slices.Contains(dims, m.Default) {
				t.Errorf("%s in %s: %v", m.ID, region, dims)
			}
		}
		for region := range m.Prices {
			if !slices.Contains(regions, region) || !m.In(region) {
				t.Errorf("%s has a price in %s and is not served there", m.ID, region)
			}
		}
	}
}

func TestWhomToAsk(t *testing.T) {
	const variable = "https://variable.example/compatible-mode/v1"
	for _, tc := range []struct {
		name     string
		variable string
		o        dashscope.Options
		endpoint string
		price    string // the currency tells which region holds
		space    embedding.Space
	}{
		{name: "nothing said", variable: "", o: dashscope.Options{}, endpoint: "dashscope.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "region", variable: "", o: dashscope.Options{Region: "intl"}, endpoint: "dashscope-intl.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "Hong Kong", variable: "", o: dashscope.Options{Region: "hk"}, endpoint: "cn-hongkong.dashscope.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "finance", variable: "", o: dashscope.Options{Region: "finance"}, endpoint: "dashscope-finance.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "US", variable: "", o: dashscope.Options{Region: "us"}, endpoint: "dashscope-us.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "token plan", variable: "", o: dashscope.Options{Region: "token-plan"}, endpoint: "token-plan.ap-southeast-1.maas.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "workspace", variable: "", o: dashscope.Options{Workspace: "llm-1"}, endpoint: "llm-1.cn-beijing.maas.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "workspace in a region", variable: "", o: dashscope.Options{Workspace: "llm-1", Region: "eu"}, endpoint: "llm-1.eu-central-1.maas.aliyuncs.com", price: "", space: "dashscope/text-embedding-v4@1024"},
		{name: "variable", variable: variable, o: dashscope.Options{}, endpoint: "variable.example", price: "", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "variable with blanks", variable: " " + variable + "\n", o: dashscope.Options{}, endpoint: "variable.example", price: "", space: "dashscope@variable.example/text-embedding-v4@1024"},
		{name: "region wins over the variable", variable: variable, o: dashscope.Options{Region: "intl"}, endpoint: "dashscope-intl.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "workspace wins over the variable", variable: variable, o: dashscope.Options{Workspace: "w"}, endpoint: "w.cn-beijing.maas.aliyuncs.com", price: "CNY", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL wins over all", variable: variable, o: dashscope.Options{Region: "intl", BaseURL: "http://127.0.0.1:8089/compatible-mode/v1/"}, endpoint: "127.0.0.1:8089", price: "USD", space: "dashscope@127.0.0.1/text-embedding-v4@1024"},
		{name: "base URL with a blank before it", variable: "", o: dashscope.Options{BaseURL: " http://localhost/v1"}, endpoint: "localhost", price: "", space: "dashscope@localhost/text-embedding-v4@1024"},
		{name: "base URL of a region", variable: "", o: dashscope.Options{BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"}, endpoint: "dashscope-intl.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL in capitals", variable: "", o: dashscope.Options{BaseURL: "https://DASHSCOPE-INTL.aliyuncs.com/compatible-mode/v1"}, endpoint: "DASHSCOPE-INTL.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "base URL of a workspace", variable: "", o: dashscope.Options{BaseURL: "https://w.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1"}, endpoint: "w.ap-southeast-1.maas.aliyuncs.com", price: "USD", space: "dashscope/text-embedding-v4@1024"},
		{name: "a host that only looks like the service", variable: "", o: dashscope.Options{BaseURL: "https://aliyuncs.com.evil.example/v1"}, endpoint: "aliyuncs.com.evil.example", price: "", space: "dashscope@aliyuncs.com.evil.example/text-embedding-v4@1024"},
		{name: "another that only looks like it", variable: "", o: dashscope.Options{BaseURL: "https://notaliyuncs.com/v1"}, endpoint: "notaliyuncs.com", price: "", space: "dashscope@notaliyuncs.com/text-embedding-v4@1024"},
		{name: "a space of the user's", variable: variable, o: dashscope.Options{Space: "mine"}, endpoint: "variable.example", price: "", space: "mine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(dashscope.BaseURLVariable, tc.variable)
			tc.o.Model, tc.o.Key = "text-embedding-v4", "sk-test"
			e, err := dashscope.New(tc.o)
			expect.NoError(t, err)
			if m := e.Model(); m.Endpoint != tc.endpoint || m.Price.Currency != tc.price || m.Space != tc.space {
				t.Errorf("endpoint %q, price in %q, space %q", m.Endpoint, m.Price.Currency, m.Space)
			}
		})
	}
}

func TestVariants(t *testing.T) {
	for _, tc := range []struct {
		o         dashscope.Options
		variant   string
		symmetric bool
	}{
		{dashscope.Options{}, "", true},
		{dashscope.Options{TextType: true}, "text_type", false},
		{dashscope.Options{Instruct: "find it"}, "text_type,instruct=find it", false},
		{dashscope.Options{Instruct: "find it", TextType: true}, "text_type,instruct=find it", false},
	} {
		tc.o.Model = "text-embedding-v4"
		m, err := build(t, tc.o)
		if err != nil || m.Variant != tc.variant || m.Symmetric != tc.symmetric || m.Space != "dashscope/text-embedding-v4@1024" {
			t.Errorf("%+v: %+v, %v", tc.o, m, err)
		}
	}
}

func TestOverriddenLimits(t *testing.T) {
	m, err := build(t, dashscope.Options{Model: "text-embedding-v4", Limits: embedding.Limits{Texts: 6, Tokens: 9000, Bytes: 7}})
	if want := (embedding.Limits{Texts: 6, Tokens: 9000, Bytes: 7, TextTokens: 8192}); err != nil || m.Limits != want {
		t.Errorf("%+v, %v", m.Limits, err)
	}
}

func TestUnlisted(t *testing.T) {
	m, err := build(t, dashscope.Options{Model: "text-embedding-v5", Dimensions: 4096, Unlisted: true})
	if err != nil || m.ID != "text-embedding-v5" || m.Dimensions != 4096 || m.Limits != (embedding.Limits{Texts: 10}) || m.Normalized || m.Space != "dashscope/text-embedding-v5@4096" {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err = build(t, dashscope.Options{Model: "text-embedding-v4", Dimensions: 3072, Unlisted: true}); err != nil || m.Dimensions != 3072 || m.Limits.TextTokens != 8192 {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err = build(t, dashscope.Options{Model: "text-embedding-v2", Region: "intl", Unlisted: true}); err != nil || m.Dimensions != 1536 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBadOptions(t *testing.T) {
	const models = "qwen3.7-text-embedding, qwen3.7-text-embedding-flash, text-embedding-v4, text-embedding-v3, text-embedding-v2, text-embedding-v1"
	for _, tc := range []struct {
		name string
		o    dashscope.Options
		want string
	}{
		{"no model", dashscope.Options{}, "no model is named; there are " + models},
		{"unknown model", dashscope.Options{Model: "text-embedding-4"}, `there is no model "text-embedding-4" in the table; there are ` + models},
		{"unlisted without dimensions", dashscope.Options{Model: "v9", Unlisted: true}, `"v9" is not in the table, so its dimensions have to be given`},
		{"unknown dimensions", dashscope.Options{Model: "text-embedding-v4", Dimensions: 1000}, "text-embedding-v4 has no 1000 dimensions in region cn; it has 2048, 1536, 1024, 768, 512, 256, 128, 64"},
		{"dimensions of another region", dashscope.Options{Model: "text-embedding-v3", Region: "intl", Dimensions: 256}, "text-embedding-v3 has no 256 dimensions in region intl; it has 1024, 768, 512"},
		{"unknown dimensions, no region", dashscope.Options{Model: "text-embedding-v4", Dimensions: 3, BaseURL: "http://localhost"}, "has no 3 dimensions; it has 2048"},
		{"negative dimensions", dashscope.Options{Model: "text-embedding-v4", Dimensions: -1}, "dimensions are -1; a vector has at least 1"},
		{"fixed dimensions", dashscope.Options{Model: "text-embedding-v2", Dimensions: 1024}, "text-embedding-v2 has no 1024 dimensions, it has 1536 only"},
		{"fixed dimensions, unlisted", dashscope.Options{Model: "text-embedding-v1", Dimensions: 64, Unlisted: true}, "it has 1536 only"},
		{"model of another region", dashscope.Options{Model: "text-embedding-v2", Region: "intl"}, `text-embedding-v2 is not served in region "intl"; it is in cn, finance`},
		{"unknown region", dashscope.Options{Model: "text-embedding-v4", Region: "mars"}, `there is no region "mars"; there are cn, intl, hk, finance, us, eu, token-plan`},
		{"region by workspace only", dashscope.Options{Model: "text-embedding-v4", Region: "eu"}, "reached through a workspace's host only"},
		{"workspace where none are known", dashscope.Options{Model: "text-embedding-v4", Region: "hk", Workspace: "w"}, `no workspace hosts are known in region "hk"; they are in cn, intl, eu`},
		{"workspace with a slash", dashscope.Options{Model: "text-embedding-v4", Workspace: "evil.example/"}, "letters, digits and hyphens only"},
		{"workspace and base URL", dashscope.Options{Model: "text-embedding-v4", Workspace: "w", BaseURL: "http://localhost"}, "leave one out"},
		{"instruction for a model without", dashscope.Options{Model: "text-embedding-v3", Instruct: "find it"}, "text-embedding-v3 takes no instruction; models that do are qwen3.7-text-embedding, qwen3.7-text-embedding-flash, text-embedding-v4"},
		{"the native API's base URL", dashscope.Options{Model: "text-embedding-v4", BaseURL: "https://dashscope.aliyuncs.com/api/v1"}, "does not end in /compatible-mode/v1"},
		{"a doubled path", dashscope.Options{Model: "text-embedding-v4", BaseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1/compatible-mode/v1"}, "does not end in /compatible-mode/v1"},
		{"the whole URL", dashscope.Options{Model: "text-embedding-v4", BaseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1/embeddings"}, "ends in /embeddings, which is added to it"},
		{"plain http", dashscope.Options{Model: "text-embedding-v4", BaseURL: "http://proxy.example/v1"}, "the key would travel to"},
		{"no URL", dashscope.Options{Model: "text-embedding-v4", BaseURL: "localhost"}, "not of the form https://host/v1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := build(t, tc.o)
			if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "embedding: dashscope:"+tc.o.Model) && tc.o.Model != "" {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestNoKey(t *testing.T) {
	t.Setenv(dashscope.KeyVariable, "  ")
	t.Setenv("SINGAPORE", "")
	client := vendortest.NoNetwork(t)
	for _, tc := range []struct {
		o    dashscope.Options
		want string
	}{
		{dashscope.Options{Region: "intl"}, "no API key: set the variable DASHSCOPE_API_KEY to a key of region intl, International (Singapore), at dashscope-intl.aliyuncs.com"},
		{dashscope.Options{KeyEnv: "SINGAPORE"}, "set the variable SINGAPORE to a key of region cn, China (Beijing)"},
		{dashscope.Options{BaseURL: "http://127.0.0.1:1/v1"}, "set the variable DASHSCOPE_API_KEY to a key of 127.0.0.1"},
	} {
		tc.o.Model, tc.o.HTTPClient = "text-embedding-v4", client
		if _, err := dashscope.New(tc.o); !errors.Is(err, embedding.Auth) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
}
