package openai_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
)

func build(t *testing.T, o openai.Options) (embedding.Model, error) {
	t.Helper()
	o.HTTPClient = vendortest.NoNetwork(t)
	e, err := openai.New(o)
	if err != nil {
		return embedding.Model{}, err
	}
	return e.Model(), nil
}

func TestOtherServers(t *testing.T) {
	t.Setenv(openai.KeyVariable, "")
	t.Setenv(openai.BaseURLVariable, "")
	for _, tc := range []struct {
		o         openai.Options
		provider  string
		endpoint  string
		dims      int
		space     embedding.Space
		wantLimit embedding.Limits
	}{
		{o: openai.Options{Model: "nomic-embed-text:latest", BaseURL: "http://localhost:11434/v1"}, provider: "localhost", endpoint: "localhost:11434"},
		{o: openai.Options{Model: "m", BaseURL: " http://127.0.0.1:8080/v1/ ", NativeDimensions: 768}, provider: "127.0.0.1", endpoint: "127.0.0.1:8080", dims: 768, space: "127.0.0.1:8080/m@768"},
		{o: openai.Options{Model: "m", BaseURL: "http://[::1]:8080/v1", Dimensions: 64}, provider: "::1", endpoint: "[::1]:8080", dims: 64, space: "[::1]:8080/m@64"},
		{o: openai.Options{Model: "m", BaseURL: "https://Embed.Example:8443/v1", Dimensions: 64}, provider: "embed.example", endpoint: "Embed.Example:8443", dims: 64, space: "embed.example:8443/m@64"},
		// A known name at another server may be anything.
		{o: openai.Options{Model: "text-embedding-3-small", BaseURL: "https://gateway.example/v1"}, provider: "gateway.example", endpoint: "gateway.example"},
		{o: openai.Options{Model: "m", BaseURL: "https://api.openai.com.evil.example/v1", Dimensions: 8}, provider: "api.openai.com.evil.example", endpoint: "api.openai.com.evil.example", dims: 8, space: "api.openai.com.evil.example/m@8"},
		{o: openai.Options{Model: "m", BaseURL: "https://notapi.openai.com/v1", Dimensions: 8}, provider: "notapi.openai.com", endpoint: "notapi.openai.com", dims: 8, space: "notapi.openai.com/m@8"},
		{o: openai.Options{Model: "m", BaseURL: "http://localhost/v1", Space: "mine", Limits: embedding.Limits{Texts: 32}}, provider: "localhost", endpoint: "localhost", space: "mine", wantLimit: embedding.Limits{Texts: 32}},
	} {
		m, err := build(t, tc.o)
		if err != nil || m.Provider != tc.provider || m.Endpoint != tc.endpoint || m.Dimensions != tc.dims || m.Space != tc.space || m.Limits != tc.wantLimit ||
			m.Normalized || m.Price != (embedding.Price{}) {
			t.Errorf("%+v: got %+v, %v, want Provider %v, Endpoint %v, Dimensions %v, Space %v, Limits %v, Normalized false, Price %v",
				tc.o, m, err, tc.provider, tc.endpoint, tc.dims, tc.space, tc.wantLimit, embedding.Price{})
		}
	}
}

func TestBadOptions(t *testing.T) {
	t.Setenv(openai.KeyVariable, "sk-test")
	t.Setenv(openai.BaseURLVariable, "")
	for _, tc := range []struct {
		name string
		o    openai.Options
		want string
	}{
		{"no model", openai.Options{}, "no model is named"},
		{"negative dimensions", openai.Options{Model: "m", Dimensions: -1}, "a vector has at least 1 dimension"},
		{"negative native dimensions", openai.Options{Model: "m", NativeDimensions: -1}, "a vector has at least 1 dimension"},
		{"both dimensions", openai.Options{Model: "m", Dimensions: 64, NativeDimensions: 64}, "leave one out"},
		{"too many dimensions", openai.Options{Model: "text-embedding-3-small", Dimensions: 3072}, "text-embedding-3-small has no 3072 dimensions, it has 1 to 1536"},
		{"fixed dimensions", openai.Options{Model: "text-embedding-ada-002", Dimensions: 512}, "text-embedding-ada-002 has no 512 dimensions, it has 1536 only"},
		{"wrong native dimensions", openai.Options{Model: "text-embedding-3-large", NativeDimensions: 1536}, "text-embedding-3-large has 3072 dimensions, not 1536"},
		{"unknown format", openai.Options{Model: "m", EncodingFormat: "int8"}, `there is no encoding format "int8"; there are float, base64 and none`},
		{"plain http", openai.Options{Model: "m", BaseURL: "http://host.example/v1", Key: "sk-mine"}, "the key would travel to"},
		{"no URL", openai.Options{Model: "m", BaseURL: "localhost:11434"}, "not of the form https://host/v1"},
		{"the whole URL", openai.Options{Model: "m", BaseURL: "https://host.example/v1/embeddings"}, "ends in /embeddings, which is added to it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := build(t, tc.o)
			if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "sk-") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
