package dashscope_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// openNative returns an Embedder for text-embedding-v4 at an emulator's native API, and the
// emulator.
func openNative(t *testing.T, o dashscope.Options, faults ...emulator.Fault) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s, base := emulate(t, faults...)
	o.Native = true
	return s, open(t, strings.TrimSuffix(base, dashscopetest.BasePath)+"/api/v1", o)
}

func TestNativeLaws(t *testing.T) {
	emulate := func(t *testing.T, o dashscope.Options) (*vendortest.Emulator, embedding.Embedder) {
		return openNative(t, o)
	}
	vendortest.Laws(t, emulate, map[string]dashscope.Options{
		"plain":    {Model: "text-embedding-v4", Dimensions: 64},
		"instruct": {Model: "text-embedding-v4", Dimensions: 64, Instruct: "find it"},
	})
}

// wire is the native API's format.
var wire = embedtest.Wire{
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		if !strings.HasSuffix(r.URL.Path, "/v1/services/embeddings/text-embedding/text-embedding") {
			return nil, fmt.Errorf("%s was asked", r.URL.Path)
		}
		var req struct {
			Input struct{ Texts []string }
		}
		err := json.Unmarshal(body, &req)
		return req.Input.Texts, err
	},
	Answer: func(items []embedtest.WireItem, tokens int) []byte {
		var list []string
		for _, it := range items {
			if it.Vector == "" {
				list = append(list, "null")
				continue
			}
			list = append(list, fmt.Sprintf(`{"text_index":%d,"embedding":%s}`, it.Index, it.Vector))
		}
		return fmt.Appendf(nil, `{"output":{"embeddings":[%s]},"usage":{"total_tokens":%d},"request_id":"r"}`, strings.Join(list, ","), tokens)
	},
}

func TestNativeHTTP(t *testing.T) {
	embedtest.TestHTTPWire(t, wire, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(dashscope.New(dashscope.Options{Model: "text-embedding-v4", Native: true, BaseURL: baseURL, Key: embedtest.TestKey, HTTPClient: client, AllowHTTP: true}))
	})
}

// TestNativeTakesEffect: in the native API a query has a vector of its own, and another one with an
// instruction; documents have the compatible API's. What differs in vectors differs in Variant, and
// the space is one.
func TestNativeTakesEffect(t *testing.T) {
	s, base := emulate(t)
	root := strings.TrimSuffix(base, dashscopetest.BasePath)
	models := map[string]embedding.Model{}
	vector := func(name string, o dashscope.Options, task embedding.Task) []float32 {
		at := base
		if o.Native {
			at = root + "/api/v1"
		}
		e := open(t, at, o)
		models[name] = e.Model()
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"how do cats sleep"}, Task: task})
		if err != nil || len(res.ID) != 36 {
			t.Fatalf("%s: got %v, %v, want an id of 36 characters", name, res.ID, err)
		}
		return res.Vectors[0]
	}
	compatible := vector("compatible", dashscope.Options{}, embedding.TaskQuery)
	document := vector("native", dashscope.Options{Native: true}, embedding.TaskDocument)
	query := vector("native", dashscope.Options{Native: true}, embedding.TaskQuery)
	instructed := vector("instructed", dashscope.Options{Native: true, Instruct: "find it"}, embedding.TaskQuery)
	vector("typed", dashscope.Options{TextType: true}, embedding.TaskQuery)
	if !slices.Equal(compatible, document) || slices.Equal(document, query) || slices.Equal(query, instructed) {
		t.Error("text_type and instruct do not take effect where they should")
	}
	variants := map[string]bool{}
	for name, m := range models {
		if m.Space != models["compatible"].Space || m.Symmetric != (name == "compatible") {
			t.Errorf("%s: got %+v, want Space %v, Symmetric %v", name, m, models["compatible"].Space, name == "compatible")
		}
		variants[m.Variant] = true
	}
	expect.Equal(t, fmt.Sprint("number of variants ", variants), len(variants), len(models))
	expect.Equal(t, "billed", s.Ledger().Billed, 5)
}

func TestNativeRequest(t *testing.T) {
	for _, tc := range []struct {
		o    dashscope.Options
		task embedding.Task
		want string
	}{
		{dashscope.Options{Model: "text-embedding-v4", Dimensions: 64}, embedding.TaskDocument,
			`{"model":"text-embedding-v4","input":{"texts":["<hi>"]},"parameters":{"text_type":"document","dimension":64}}`},
		{dashscope.Options{Model: "text-embedding-v4", Instruct: "find it"}, embedding.TaskQuery,
			`{"model":"text-embedding-v4","input":{"texts":["<hi>"]},"parameters":{"text_type":"query","dimension":1024,"instruct":"find it"}}`},
		{dashscope.Options{Model: "text-embedding-v4", Instruct: "find it"}, embedding.TaskClustering,
			`{"model":"text-embedding-v4","input":{"texts":["<hi>"]},"parameters":{"text_type":"document","dimension":1024}}`},
		{dashscope.Options{Model: "text-embedding-v2"}, embedding.TaskQuery,
			`{"model":"text-embedding-v2","input":{"texts":["<hi>"]},"parameters":{"text_type":"query"}}`},
	} {
		var path, body string
		client := &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			b := make([]byte, r.ContentLength)
			_, _ = r.Body.Read(b)
			path, body = r.URL.String(), string(b)
			return nil, errors.New("no network here")
		})}
		tc.o.Native, tc.o.Key, tc.o.Region, tc.o.HTTPClient = true, "sk-test", "cn", client
		e := vendortest.Opened(t)(dashscope.New(tc.o))
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"<hi>"}, Task: tc.task})
		if !errors.Is(err, embedding.Unavailable) || body != tc.want ||
			path != "https://dashscope.aliyuncs.com/api/v1/services/embeddings/text-embedding/text-embedding" {
			t.Errorf("%v\nasked %s\nsent %s\nwant %s", err, path, body, tc.want)
		}
	}
}

func TestNativeAddresses(t *testing.T) {
	t.Setenv(dashscope.BaseURLVariable, "https://proxy.example/compatible-mode/v1")
	t.Setenv(dashscope.NativeBaseURLVariable, "")
	for _, tc := range []struct {
		env  string
		o    dashscope.Options
		want string // the endpoint, or what the error says
	}{
		{"", dashscope.Options{}, "dashscope.aliyuncs.com"},
		{"", dashscope.Options{Region: "intl"}, "dashscope-intl.aliyuncs.com"},
		{"", dashscope.Options{Region: "intl", Workspace: "llm-x1"}, "llm-x1.ap-southeast-1.maas.aliyuncs.com"},
		{"", dashscope.Options{Region: "eu"}, "give the workspace"},
		{"https://other.example/api/v1", dashscope.Options{}, "other.example"},
		{"", dashscope.Options{BaseURL: "https://dashscope.aliyuncs.com/api/v1/"}, "dashscope.aliyuncs.com"},
		{"", dashscope.Options{BaseURL: "https://dashscope.aliyuncs.com"}, "does not end in /api/v1"},
		{"", dashscope.Options{BaseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1"}, "does not end in /api/v1"},
		{"", dashscope.Options{BaseURL: "https://proxy.example/compatible-mode/v1"}, "does not end in /api/v1"},
	} {
		t.Setenv(dashscope.NativeBaseURLVariable, tc.env)
		tc.o.Model, tc.o.Native, tc.o.Key = "text-embedding-v4", true, "sk-test"
		e, err := dashscope.New(tc.o)
		got := fmt.Sprint(err)
		if err == nil {
			got = e.Model().Endpoint
		}
		if err == nil && got != tc.want || !strings.Contains(got, tc.want) {
			t.Errorf("%+v: got %s, want %s", tc.o, got, tc.want)
		}
	}
}

// TestNativeFaults: every fault of the emulator's ends as it says it should, through the native API
// too.
func TestNativeFaults(t *testing.T) {
	for _, info := range dashscopetest.Catalog() {
		switch info.Name {
		case "slow", "hang", "overlength-hang", "drift", "answer", "kill", "bad-text", "base64-400", "base64-ignore":
			continue // not about one answer's form, or about what the test would have to send
		}
		t.Run(info.Name, func(t *testing.T) {
			_, e := openNative(t, dashscope.Options{}, emulator.Fault{Name: info.Name})
			res, err := e.Embed(t.Context(), embedding.Request{Texts: numbered(3)})
			if info.Kind == embedding.Unknown {
				if err != nil || len(res.Vectors) != 3 {
					t.Errorf("got %v, want 3 vectors", err)
				}
				return
			}
			if !errors.Is(err, info.Kind) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want: %v", err, info.Kind)
			}
		})
	}
	_, e := openNative(t, dashscope.Options{Limits: embedding.Limits{Texts: 100}})
	expect.Equal(t, "allowed texts", refused(t, e, embedding.TooLarge, numbered(11)...).Allowed.Texts, 10)
}
