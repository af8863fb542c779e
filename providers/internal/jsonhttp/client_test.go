package jsonhttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// decode reads {"vectors":[[...]],"tokens":n}.
func decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Vectors json.RawMessage
		Tokens  int
	}
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is no JSON object")
	}
	rows, err := jsonhttp.Vectors(body.Vectors, a.Texts, a.Dims)
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Tokens: body.Tokens}}, err
}

func config(base string) wire.Config {
	return wire.Config{Model: embedding.Model{Provider: "acme", ID: "m", Dimensions: 8}, BaseURL: base, Path: "/embed"}
}

var format = jsonhttp.Format{
	Encode: func(r embedding.Request) any { return map[string]any{"texts": r.Texts} },
	Decode: decode,
}

var vendor = embedtest.Wire{
	Positional: true,
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		var req struct{ Texts []string }
		if r.URL.Path != "/v1/embed" || r.Header.Get("Content-Type") != "application/json" {
			return nil, fmt.Errorf("%s, %s", r.URL.Path, r.Header.Get("Content-Type"))
		}
		return req.Texts, json.Unmarshal(body, &req)
	},
	Answer: func(items []embedtest.WireItem, tokens int) []byte {
		rows := make([]string, len(items))
		for i, item := range items {
			if rows[i] = item.Vector; rows[i] == "" {
				rows[i] = "null"
			}
		}
		return fmt.Appendf(nil, `{"vectors":[%s],"tokens":%d}`, strings.Join(rows, " , "), tokens)
	},
}

func TestWire(t *testing.T) {
	for name, edit := range map[string]func(*wire.Config){
		"bearer":             func(*wire.Config) {},
		"header":             func(c *wire.Config) { c.KeyHeader = "X-Api-Key" },
		"unknown dimensions": func(c *wire.Config) { c.Model.Dimensions = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, vendor, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
				c := config(base)
				c.Key, c.HTTPClient, c.AllowHTTP = embedtest.TestKey, client, true
				edit(&c)
				return vendortest.Opened(t)(jsonhttp.New(c, format))
			})
		})
	}
}

func TestBadKeysAndURLs(t *testing.T) {
	for _, tc := range []struct {
		base, key string
		kind      embedding.Kind
		want      string
	}{
		{"https://host.example", "two\nlines", embedding.Auth, "no key has"},
		{"http://host.example", "k", embedding.Invalid, "in the clear"},
		{"host.example", "", embedding.Invalid, "https://host"},
		{"https://host.example/embed/", "", embedding.Invalid, "ends in /embed"},
	} {
		c := config(tc.base)
		c.Key = tc.key
		_, err := jsonhttp.New(c, format)
		vendortest.Refused(t, tc.base, err, tc.kind, tc.want)
	}
}

func TestGet(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("got %s with %q, want %v with Bearer k", r.Method, r.Header.Get("Authorization"), http.MethodGet)
		}
		if r.URL.Path != "/base/info" {
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, `{"model_id":"m"}`)
	}))
	defer srv.Close()
	c := config(srv.URL + "/base/")
	c.Key = "k"
	var said string
	if err := jsonhttp.Get(t.Context(), c, "/info", func(b []byte) error { said = string(b); return nil }); err != nil || said != `{"model_id":"m"}` {
		t.Errorf("got %q, %v, want %v", said, err, `{"model_id":"m"}`)
	}
	vendortest.Refused(t, "no such document", jsonhttp.Get(t.Context(), c, "/nothing", func([]byte) error { return nil }), embedding.Invalid)
	vendortest.Refused(t, "a document that is not read", jsonhttp.Get(t.Context(), c, "/info", func([]byte) error { return errors.New("odd") }), embedding.Malformed)
}
