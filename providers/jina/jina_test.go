package jina_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/internal/jsonhttp/vendortest"
	"github.com/vecspace/embedding/providers/jina"
)

// emulator is Jina's /v1/embeddings with jina-embeddings-v3: 8,194 tokens a text and 2,048 texts.
type emulator struct {
	vendortest.Meter
}

func (s *emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		vendortest.JSON(w, status, map[string]any{"detail": map[string]string{"message": message, "request_id": "r", "code": code}})
	}
	if r.Header.Get("Authorization") != "Bearer "+vendortest.Key {
		refuse(401, "AUTH_INVALID_API_KEY", "Invalid API key")
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/embeddings" {
		vendortest.JSON(w, 404, map[string]string{"detail": "Not Found"})
		return
	}
	body := s.Body(r)
	req := struct {
		Model      string
		Input      []string
		Task       string
		Dimensions int
		Normalized bool
		Type       string `json:"embedding_type"`
		Truncate   bool
	}{Dimensions: 1024}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&req); err != nil {
		vendortest.JSON(w, 422, map[string]any{"detail": []any{map[string]string{"msg": err.Error()}}})
		return
	}
	switch {
	case req.Model != "jina-embeddings-v3":
		refuse(400, "INPUT_MODEL_NOT_FOUND", "Model '"+req.Model+"' not found")
		return
	case len(req.Input) > 2048:
		vendortest.JSON(w, 400, map[string]string{"detail": fmt.Sprintf("\"input\" length %d is larger than the largest allowed size 2048", len(req.Input))})
		return
	case !slices.Contains([]string{"", "retrieval.query", "retrieval.passage", "text-matching", "classification", "separation"}, req.Task):
		vendortest.JSON(w, 422, map[string]any{"detail": []any{map[string]string{"msg": "Input should be 'retrieval.query'"}}})
		return
	}
	items, tokens := []any{}, 0
	for i, text := range req.Input {
		words := strings.Fields(text)
		if len(words) > 8194 && !req.Truncate {
			refuse(400, "INPUT_TOKEN_LIMIT_EXCEEDED", "Input text exceeds the model's maximum of 8194 tokens. Use 'truncate: true' to automatically truncate, or split into smaller chunks.")
			return
		}
		if len(words) > 8194 {
			words = words[:8194]
			text = strings.Join(words, " ")
		}
		tokens += max(1, len(words))
		items = append(items, map[string]any{"object": "embedding", "index": i, "embedding": vector(req.Type, vendortest.Vector(req.Dimensions, req.Task, text))})
	}
	s.Add(tokens)
	slices.Reverse(items) // nobody promises an order
	vendortest.JSON(w, 200, map[string]any{"object": "list", "data": items, "model": req.Model, "usage": map[string]int{"total_tokens": tokens, "prompt_tokens": tokens}})
}

func vector(format string, v []float32) any {
	if format != "base64" {
		return v
	}
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func emulate(t *testing.T, o jina.Options) (*emulator, embedding.Embedder) {
	t.Helper()
	s := new(emulator)
	if o.Model == "" {
		o.Model = "jina-embeddings-v3"
	}
	if o.Key == "" {
		o.Key = vendortest.Key
	}
	o.BaseURL = vendortest.Serve(t, s.ServeHTTP) + "/v1"
	e, err := jina.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

func TestLaws(t *testing.T) {
	for name, o := range map[string]jina.Options{
		"tasks":    {Dimensions: 256},
		"plain":    {Plain: true, Truncate: true},
		"unlisted": {Unlisted: true},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				s, e := emulate(t, o)
				return embedtest.Subject{Embedder: e, Ledger: s.Usage}
			})
		})
	}
}

func TestHTTP(t *testing.T) {
	embedtest.TestHTTP(t, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
		e, err := jina.New(jina.Options{Model: "jina-embeddings-v3", Dimensions: 256, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
}

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, func(base string) (embedding.Embedder, error) {
		return jina.New(jina.Options{Model: "jina-embeddings-v3", BaseURL: base, Key: vendortest.Key})
	})
}

func TestWhatIsSent(t *testing.T) {
	const rest = `"normalized":true,"embedding_type":"base64","truncate":`
	for _, tc := range []struct {
		o    jina.Options
		task embedding.Task
		want string
	}{
		{jina.Options{}, embedding.TaskDocument, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"task":"retrieval.passage"}`},
		{jina.Options{Dimensions: 512}, embedding.TaskQuery, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"dimensions":512,"task":"retrieval.query"}`},
		{jina.Options{Truncate: true}, embedding.TaskClustering, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `true,"task":"separation"}`},
		{jina.Options{}, embedding.TaskSimilarity, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"task":"text-matching"}`},
		{jina.Options{Plain: true}, embedding.TaskQuery, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false}`},
	} {
		s, e := emulate(t, tc.o)
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hi"}, Task: tc.task}); err != nil {
			t.Error(err)
		}
		if s.Last() != tc.want {
			t.Errorf("sent %s\nwant %s", s.Last(), tc.want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(jina.KeyVariable, "")
	vendortest.BadOptions(t, func(o jina.Options) (embedding.Embedder, error) { o.HTTPClient = client; return jina.New(o) },
		[]vendortest.BadOption[jina.Options]{
			vendortest.Bad("no model", jina.Options{}, embedding.Invalid, "no model is named; there are jina-embeddings-v5-text-small"),
			vendortest.Bad("unknown model", jina.Options{Model: "jina-embeddings-v9"}, embedding.Invalid, `no model "jina-embeddings-v9" in the table; there are jina-embeddings-v5`),
			vendortest.Bad("unknown dimensions", jina.Options{Model: "jina-embeddings-v4", Dimensions: 100}, embedding.Invalid, "it has 2048, 1024, 512, 256, 128"),
			vendortest.Bad("fixed dimensions", jina.Options{Model: "jina-embeddings-v2-base-en", Dimensions: 256}, embedding.Invalid, "it has 768 only"),
			vendortest.Bad("no key", jina.Options{Model: "jina-embeddings-v3"}, embedding.Auth, "set the variable JINA_API_KEY"),
			vendortest.Bad("another's host", jina.Options{Model: "jina-embeddings-v3", BaseURL: "https://proxy.example/v1"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("the whole URL", jina.Options{Model: "jina-embeddings-v3", BaseURL: jina.BaseURL + "/embeddings", Key: "k"}, embedding.Invalid, "ends in /embeddings"),
			vendortest.Bad("key in the clear", jina.Options{Model: "jina-embeddings-v3", BaseURL: "http://api.jina.ai/v1", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestModel(t *testing.T) {
	for _, tc := range []struct {
		id        string
		space     embedding.Space
		symmetric bool
		variant   string
	}{
		{"jina-embeddings-v5-text-nano", "jina/jina-embeddings-v5-text-nano@768", false, "task"},
		{"jina-embeddings-v4", "jina/jina-embeddings-v4@2048", false, "task"},
		{"jina-embeddings-v2-base-zh", "jina/jina-embeddings-v2-base-zh@768", true, ""},
	} {
		e, err := jina.New(jina.Options{Model: tc.id, Key: "jina_0123456789"})
		if err != nil {
			t.Fatal(err)
		}
		if m := e.Model(); m.Space != tc.space || m.Symmetric != tc.symmetric || m.Variant != tc.variant || m.Limits.Texts != 512 || m.Endpoint != "api.jina.ai" {
			t.Errorf("%+v", m)
		}
	}
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, jina.Options{Limits: embedding.Limits{Texts: 5000}})
	if got := vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 2049), embedding.TooLarge, "middleware.Batch"); got.Allowed.Texts != 2048 {
		t.Errorf("%+v", got.Allowed)
	}
	if got := vendortest.Failure(t, e, []string{strings.Repeat("a ", 9000)}, embedding.Rejected, "Options.Truncate"); got.Allowed.TextTokens != 8194 {
		t.Errorf("%+v", got.Allowed)
	}
	_, e = emulate(t, jina.Options{Key: "another-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong")
	_, e = emulate(t, jina.Options{Model: "jina-embeddings-v9", Unlisted: true})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "not found")
}
