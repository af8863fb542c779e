package providers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/ref"
)

// keyless gives a test an environment in which no provider finds a key or an address.
func keyless(t *testing.T) {
	for _, e := range providers.Catalog() {
		if e.Key != "" {
			t.Setenv(e.Key, "")
		}
	}
	for _, name := range []string{"DASHSCOPE_COMPATIBLE_BASE_URL", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "OLLAMA_HOST", "TEI_BASE_URL",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
}

// Open opens what the vendors' packages open; their own tests cover the options.
func TestOpen(t *testing.T) {
	for reference, want := range map[string]embedding.Space{
		"static:base?space=mine": "mine",
		"openai:nomic-embed-text:latest?base_url=http://localhost:11434/v1&native_dimensions=768": "localhost:11434/nomic-embed-text:latest@768",
		"vllm:BAAI/bge-m3?native_dimensions=1024":                                                 "127.0.0.1:8000/BAAI/bge-m3@1024",
	} {
		e, err := providers.Open(reference)
		expect.NoError(t, err)
		expect.Equal(t, "the space of "+reference, e.Model().Space, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	keyless(t)
	for _, tc := range []struct {
		reference string
		kind      embedding.Kind
		want      string
	}{
		{"", embedding.Invalid, "the reference is empty"},
		{"nobody:large", embedding.Invalid, `there is no provider "nobody"; there are ` + names(providers.Builtin())},
		{"http://localhost/v1", embedding.Invalid, `there is no provider "http"`},
		{"static:large", embedding.Invalid, `there is no model "large": there are "base" and "base1"`},
		{"dashscope:text-embedding-v4", embedding.Auth, "DASHSCOPE_API_KEY"},
	} {
		e, err := providers.Open(tc.reference)
		if !errors.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.want) || e != nil {
			t.Errorf("%s: got %v, want %q", tc.reference, err, tc.want)
		}
	}
}

// A key in the environment is in no error of Open, whatever else is wrong.
func TestOpenShowsNoKey(t *testing.T) {
	const key = "not-in-the-usual-form-4711"
	for _, name := range []string{"DASHSCOPE_API_KEY", "OPENAI_API_KEY"} {
		t.Setenv(name, key)
	}
	for _, reference := range []string{
		"dashscope:text-embedding-v9", "dashscope:text-embedding-v4?dimensions=5", "dashscope:text-embedding-v4?base_url=http://host.example/v1",
		"openai:text-embedding-3-small?dimensions=5000", "dashscope:text-embedding-v4?base_url=https://" + key + "@host.example/v1",
		"openai:m?base_url=https://" + key + ":x@host.example/v1", "openai:m?base_url=https://host.example/v1?key=" + key,
		"openai:m?base_url=https://host.example/%25zz" + key, "dashscope:text-embedding-v4?key=" + key, "dashscope:text-embedding-v4?dimensions=" + key,
	} {
		if _, err := providers.Open(reference); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", strings.ReplaceAll(reference, key, "KEY"), err)
		}
	}
}

func names(t providers.Table) string { return strings.Join(slices.Sorted(maps.Keys(t)), ", ") }

func TestBuiltinIsFresh(t *testing.T) {
	table := providers.Builtin()
	table["acme"] = func(ref.Ref) (embedding.Embedder, error) { return nil, errors.New("acme is closed") }
	delete(table, "static")
	if _, err := table.Open("acme:large"); err == nil || err.Error() != "acme is closed" {
		t.Errorf("got the error %v, want acme is closed", err)
	}
	_, err := table.Open("static:base")
	vendortest.Refused(t, "no such provider", err, nil, "there are "+names(table))
	if providers.Builtin()["acme"] != nil || providers.Builtin()["static"] == nil {
		t.Error("a caller's edit is seen by others")
	}
	if _, err := providers.Open("static:base"); err != nil {
		t.Errorf("a caller's edit is seen by Open: %v", err)
	}
}

// unguarded answers with no vectors at all.
type unguarded struct{}

func (unguarded) Model() embedding.Model { return embedding.Model{Provider: "acme", ID: "large"} }
func (unguarded) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, nil
}

func TestOpenGuards(t *testing.T) {
	table := providers.Table{"acme": func(ref.Ref) (embedding.Embedder, error) { return unguarded{}, nil }}
	e := vendortest.Opened(t)(table.Open("acme:large"))
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello"}})
	vendortest.Refused(t, "a provider that is not in Builtin, which is guarded too", err, embedding.Malformed)
}

func ExampleOpen() {
	e, err := providers.Open("static:base?dimensions=64")
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"How do I compress a file?"})
	fmt.Println(len(vectors[0]), err)
	// Output: 64 <nil>
}

func ExampleTable() {
	table := providers.Builtin()
	table["acme"] = func(r ref.Ref) (embedding.Embedder, error) {
		var options struct {
			Region string `ref:"region"`
		}
		if err := r.Decode(&options); err != nil { // refuses options that no tag names
			return nil, err
		}
		return nil, fmt.Errorf("acme's %s in %s is not built yet", r.Model, options.Region)
	}
	_, err := table.Open("acme:large?region=moon")
	fmt.Println(err)
	_, err = table.Open("acme:large?regoin=moon")
	fmt.Println(err)
	// Output:
	// acme's large in moon is not built yet
	// embedding: acme:large: invalid request: there is no option "regoin"; there are region
}
