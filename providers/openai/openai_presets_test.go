package openai_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

// A comment above every row names its source, and the row's figures do not contradict each other.
func TestPresetsAreWhole(t *testing.T) {
	source, err := os.ReadFile("internal/models/presets.go")
	expect.NoError(t, err)
	var names []string
	for _, p := range models.Presets() {
		if p.Name == "" || p.Title == "" || p.KeyVariable == "" {
			t.Errorf("%+v has gaps", p)
		}
		if !regexp.MustCompile(`// Source: https://.*\n(\s*//.*\n)*\s*Name: "` + p.Name + `"`).Match(source) {
			t.Errorf("no comment above the row of %s in internal/models/presets.go names its source", p.Name)
		}
		if slices.Contains(names, p.Name) {
			t.Errorf("%s is there twice", p.Name)
		}
		names = append(names, p.Name)
		expect.Equal(t, p.Name+": it has no models, as a server that people run", p.Local, len(p.Models) == 0)
		if p.Local == strings.HasPrefix(p.BaseURL, "https://") {
			t.Errorf("%s: %s", p.Name, p.BaseURL)
		}
		for _, m := range p.Models {
			if m.Lengths != nil && !slices.Contains(m.Lengths, m.Dimensions) || m.Longest > 0 && m.Longest < m.Dimensions || m.Fixed && m.Lengths != nil {
				t.Errorf("%s: the lengths of %s contradict each other", p.Name, m.ID)
			}
			if m.Price.PerMillion > 0 && (len(m.Price.Currency) != 3 || len(m.Price.AsOf) != 10) {
				t.Errorf("%s: the price of %s has no currency or no day", p.Name, m.ID)
			}
			if m.Price.PerMillion == 0 && !strings.Contains(m.Unverified, "price") {
				t.Errorf("%s: %s has no price and does not say so", p.Name, m.ID)
			}
		}
	}
}

func TestPresets(t *testing.T) {
	t.Setenv(openai.KeyVariable, "")
	t.Setenv(openai.BaseURLVariable, "")
	for _, name := range []string{"MISTRAL_API_KEY", "SILICONFLOW_API_KEY", "ZHIPUAI_API_KEY", "ARK_API_KEY", "TOGETHER_API_KEY"} {
		t.Setenv(name, "sk-"+name)
	}
	for _, tc := range []struct {
		o        openai.Options
		provider string
		space    embedding.Space
		texts    int
		price    string
	}{
		{o: openai.Options{Preset: "mistral", Model: "mistral-embed"}, provider: "mistral", space: "mistral/mistral-embed@1024", texts: 0, price: "USD"},
		{o: openai.Options{Preset: "mistral", Model: "mistral-embed", Dimensions: 1024}, provider: "mistral", space: "mistral/mistral-embed@1024", texts: 0, price: "USD"},
		{o: openai.Options{Preset: "mistral", Model: "codestral-embed", Dimensions: 3072}, provider: "mistral", space: "mistral/codestral-embed@3072", texts: 0, price: "USD"},
		{o: openai.Options{Preset: "siliconflow", Model: "BAAI/bge-m3"}, provider: "siliconflow", space: "siliconflow/BAAI/bge-m3@1024", texts: 64, price: ""},
		{o: openai.Options{Preset: "siliconflow", Model: "Qwen/Qwen3-Embedding-8B", Dimensions: 2560}, provider: "siliconflow", space: "siliconflow/Qwen/Qwen3-Embedding-8B@2560", texts: 64, price: ""},
		{o: openai.Options{Preset: "zhipu", Model: "embedding-3", Dimensions: 256}, provider: "zhipu", space: "zhipu/embedding-3@256", texts: 64, price: "CNY"},
		{o: openai.Options{Preset: "volcengine", Model: "doubao-embedding-large-text-250515"}, provider: "volcengine", space: "", texts: 0, price: ""},
		{o: openai.Options{Preset: "together", Model: "tomorrow's", NativeDimensions: 8}, provider: "together", space: "together/tomorrow's@8", texts: 0, price: ""},
		// What a vendor's own address says is the same, whether the preset is named or not. The key is
		// not sent unasked.
		{o: openai.Options{BaseURL: "https://api.mistral.ai/v1", Model: "mistral-embed"}, provider: "mistral", space: "mistral/mistral-embed@1024", texts: 0, price: "USD"},
		// An emulator or a proxy may serve anything under the name.
		{o: openai.Options{Preset: "mistral", BaseURL: "http://127.0.0.1:1/v1", Model: "mistral-embed"}, provider: "mistral@127.0.0.1", space: "mistral@127.0.0.1:1/mistral-embed@1024", texts: 0, price: "USD"},
		// Servers that people run are named by their host.
		{o: openai.Options{Preset: "vllm", Model: "m", Dimensions: 64}, provider: "127.0.0.1", space: "127.0.0.1:8000/m@64", texts: 0, price: ""},
		{o: openai.Options{Preset: "llamacpp", BaseURL: "http://lab.example/v1", Model: "m", NativeDimensions: 64}, provider: "lab.example", space: "lab.example:80/m@64", texts: 0, price: ""},
	} {
		m, err := build(t, tc.o)
		if err != nil || m.Provider != tc.provider || m.Space != tc.space || m.Limits.Texts != tc.texts || m.Price.Currency != tc.price {
			t.Errorf("%+v: got %+v, %v, want Provider %v, Space %v, Texts %v, Currency %v",
				tc.o, m, err, tc.provider, tc.space, tc.texts, tc.price)
		}
	}
	for want, o := range map[string]openai.Options{
		`there is no preset "acme"; there are openai, mistral, siliconflow`:               {Preset: "acme", Model: "m"},
		"mistral-embed has no 512 dimensions, it has 1024 only":                           {Preset: "mistral", Model: "mistral-embed", Dimensions: 512},
		"codestral-embed has no 3073 dimensions, it has 1 to 3072":                        {Preset: "mistral", Model: "codestral-embed", Dimensions: 3073},
		"BAAI/bge-m3 has no 512 dimensions, it has 1024 only":                             {Preset: "siliconflow", Model: "BAAI/bge-m3", Dimensions: 512},
		"embedding-3 has no 768 dimensions; it has 2048, 1024, 512, 256":                  {Preset: "zhipu", Model: "embedding-3", Dimensions: 768},
		"Volcengine Ark has no option for the length of vectors":                          {Preset: "volcengine", Model: "doubao-embedding-text-240715", Dimensions: 512},
		"llama.cpp has no option for the length of vectors: leave dimensions out":         {Preset: "llamacpp", Model: "m", Dimensions: 512},
		"no API key: set the variable OPENROUTER_API_KEY":                                 {Preset: "openrouter", Model: "m"},
		"no API key for proxy.example: name its variable in Options.KeyEnv":               {Preset: "mistral", BaseURL: "https://proxy.example/v1", Model: "mistral-embed"},
		"no API key for api.mistral.ai.evil.example: name its variable in Options.KeyEnv": {Preset: "mistral", BaseURL: "https://api.mistral.ai.evil.example/v1", Model: "mistral-embed"},
		`there is no encoding format "int8"`:                                              {Preset: "mistral", Model: "mistral-embed", EncodingFormat: "int8"},
		"embedding-2 has 1024 dimensions, not 512":                                        {Preset: "zhipu", Model: "embedding-2", NativeDimensions: 512},
	} {
		t.Setenv("OPENROUTER_API_KEY", "")
		if _, err := build(t, o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sk-") {
			t.Errorf("%+v: got %v, want %q", o, err, want)
		}
	}
}

// What a vendor refuses is not sent to it.
func TestWhatIsSentToPresets(t *testing.T) {
	for want, o := range map[string]openai.Options{
		`{"model":"codestral-embed","input":["hi"],"encoding_format":"float","output_dimension":256}`: {Preset: "mistral", Model: "codestral-embed", Dimensions: 256},
		`{"model":"mistral-embed","input":["hi"],"encoding_format":"float"}`:                          {Preset: "mistral", Model: "mistral-embed", Dimensions: 1024},
		`{"model":"Qwen/Qwen3-Embedding-4B","input":["hi"],"encoding_format":"float","dimensions":64}`: {
			Preset: "siliconflow", Model: "Qwen/Qwen3-Embedding-4B", Dimensions: 64},
		`{"model":"embedding-3","input":["hi"],"dimensions":512}`:                  {Preset: "zhipu", Model: "embedding-3", Dimensions: 512},
		`{"model":"embedding-2","input":["hi"]}`:                                   {Preset: "zhipu", Model: "embedding-2", Dimensions: 1024},
		`{"model":"BAAI/bge-base-en-v1.5","input":["hi"]}`:                         {Preset: "together", Model: "BAAI/bge-base-en-v1.5"},
		`{"model":"doubao","input":["hi"],"encoding_format":"float"}`:              {Preset: "volcengine", Model: "doubao", NativeDimensions: 8},
		`{"model":"codestral-embed","input":["hi"],"encoding_format":"base64"}`:    {BaseURL: "https://api.mistral.ai/v1", Model: "codestral-embed", EncodingFormat: "base64"},
		`{"model":"m","input":["hi"],"encoding_format":"float","dimensions":1024}`: {Preset: "vllm", Model: "m", Dimensions: 1024},
	} {
		expect.Equal(t, "sent", offline(t, o), want)
	}
}

// A vendor's key goes to the vendor and to this machine, and nowhere else unless it is said by
// name.
func TestWhoGetsThePresetsKey(t *testing.T) {
	t.Setenv(openai.KeyVariable, "sk-openai")
	t.Setenv(openai.BaseURLVariable, "https://variable.example/v1")
	t.Setenv("MISTRAL_API_KEY", "sk-mistral")
	t.Setenv("VLLM_API_KEY", "sk-vllm")
	t.Setenv("GIVEN_KEY", "sk-given")
	for _, tc := range []struct {
		o          openai.Options
		host, sent string
	}{
		{openai.Options{Preset: "mistral"}, "api.mistral.ai", "sk-mistral"},
		{openai.Options{Preset: "mistral", BaseURL: "http://127.0.0.1:9/v1"}, "127.0.0.1:9", "sk-mistral"},
		{openai.Options{Preset: "mistral", BaseURL: "https://proxy.example/v1", KeyEnv: "GIVEN_KEY"}, "proxy.example", "sk-given"},
		{openai.Options{BaseURL: "https://api.mistral.ai/v1"}, "api.mistral.ai", ""},
		{openai.Options{Preset: "openai"}, "api.openai.com", "sk-openai"},
		{openai.Options{Preset: "vllm"}, "127.0.0.1:8000", "sk-vllm"},
		{openai.Options{Preset: "vllm", BaseURL: "https://lab.example/v1"}, "lab.example", ""},
		{openai.Options{Preset: "vllm", BaseURL: "https://lab.example/v1", KeyEnv: "VLLM_API_KEY"}, "lab.example", "sk-vllm"},
		{openai.Options{Preset: "lmstudio"}, "127.0.0.1:1234", ""},
	} {
		tc.o.Model = "m"
		getsKey(t, tc.o, tc.host, tc.sent, "")
	}
}

// The laws hold for every preset over its own emulator: Mistral's refuses every field that is not
// Mistral's.
func TestLawsOfPresets(t *testing.T) {
	type subject struct {
		o    openai.Options
		open func() (*emulator.Server, error)
		path string
	}
	mistral := func(o openai.Options) subject {
		return subject{o, func() (*emulator.Server, error) { return presettest.New("mistral", emulator.Options{}) }, presettest.BasePath("mistral")}
	}
	of := func(o openai.Options) subject {
		o.Model = cmp.Or(o.Model, presettest.Model(o.Preset))
		return subject{o, func() (*emulator.Server, error) { return presettest.New(o.Preset, emulator.Options{}) }, presettest.BasePath(o.Preset)}
	}
	all := []subject{
		mistral(openai.Options{Preset: "mistral", Model: "mistral-embed", Dimensions: 1024}),
		mistral(openai.Options{Preset: "mistral", Model: "codestral-embed", Dimensions: 64}),
		of(openai.Options{Preset: "siliconflow", Model: "Qwen/Qwen3-Embedding-0.6B", Dimensions: 64, EncodingFormat: "base64"}),
		of(openai.Options{Preset: "zhipu", Dimensions: 256}),
		of(openai.Options{Preset: "openrouter", Dimensions: 64}),
		of(openai.Options{Preset: "llamacpp", NativeDimensions: 1024, EncodingFormat: "base64"}),
	}
	for _, name := range presettest.Names() {
		if !slices.ContainsFunc(all, func(s subject) bool { return s.o.Preset == name }) {
			all = append(all, of(openai.Options{Preset: name}))
		}
	}
	for _, tc := range all {
		o := tc.o
		t.Run(fmt.Sprint(o.Preset, " ", o.Model, " ", o.Dimensions, o.EncodingFormat), func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s := vendortest.Serve(t)(tc.open())
				o.BaseURL, o.Key = s.URL+tc.path, emulator.DefaultKey
				e := vendortest.Opened(t)(openai.New(o))
				return embedtest.Subject{Embedder: e, Ledger: s.Usage}
			})
		})
	}
}

// Every preset passes the faults of servers and networks, with its own requests and models.
func TestHTTPOfPresets(t *testing.T) {
	for _, p := range models.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			embedtest.TestHTTP(t, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
				return vendortest.Opened(t)(openai.New(openai.Options{Preset: p.Name, Model: "m", NativeDimensions: 16, BaseURL: baseURL, Key: embedtest.TestKey, HTTPClient: client, AllowHTTP: true}))
			})
		})
	}
}
