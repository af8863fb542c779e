package dashscope_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
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

func TestOverriddenLimits(t *testing.T) {
	m, err := build(t, dashscope.Options{Model: "text-embedding-v4", Limits: embedding.Limits{Texts: 6, Tokens: 9000, Bytes: 7}})
	if want := (embedding.Limits{Texts: 6, Tokens: 9000, Bytes: 7, TextTokens: 8192}); err != nil || m.Limits != want {
		t.Errorf("got %+v, %v, want Limits %v", m.Limits, err, want)
	}
}

func TestUnlisted(t *testing.T) {
	m, err := build(t, dashscope.Options{Model: "text-embedding-v5", Dimensions: 4096, Unlisted: true})
	if err != nil || m.ID != "text-embedding-v5" || m.Dimensions != 4096 || m.Limits != (embedding.Limits{Texts: 10}) || m.Normalized || m.Space != "dashscope/text-embedding-v5@4096" {
		t.Errorf("got %+v, %v, want ID text-embedding-v5, Dimensions 4096, Limits %v, Normalized false, Space dashscope/text-embedding-v5@4096",
			m, err, embedding.Limits{Texts: 10})
	}
	if m, err = build(t, dashscope.Options{Model: "text-embedding-v4", Dimensions: 3072, Unlisted: true}); err != nil || m.Dimensions != 3072 || m.Limits.TextTokens != 8192 {
		t.Errorf("got %+v, %v, want Dimensions 3072, TextTokens 8192", m, err)
	}
	if m, err = build(t, dashscope.Options{Model: "text-embedding-v2", Region: "intl", Unlisted: true}); err != nil || m.Dimensions != 1536 {
		t.Errorf("got %+v, %v, want Dimensions 1536", m, err)
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
		_, err := dashscope.New(tc.o)
		vendortest.Refused(t, fmt.Sprintf("%+v", tc.o), err, embedding.Auth, tc.want)
	}
}
