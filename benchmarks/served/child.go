package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/server"
)

// childVariable makes the program one of the servers that it measures: ours, json or full, or a
// proxy of an address.
const childVariable = "VECSPACE_SERVED_CHILD"

const addressVariable = "VECSPACE_SERVED_ADDRESS"

// stored is an embedder with its vectors at hand.
type stored struct {
	rows [][]float32
	hold bool // a request for the text held waits until it is given up
}

func (stored) Model() embedding.Model {
	return embedding.Model{Provider: "stored", ID: "m", Dimensions: dimensions}
}
func (s stored) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if s.hold && strings.HasPrefix(req.Texts[0], "held") {
		<-ctx.Done()
		return embedding.Response{}, ctx.Err()
	}
	return embedding.Response{Vectors: s.rows[:len(req.Texts)], Usage: embedding.Usage{Requests: 1, Tokens: 10 * len(req.Texts)}}, nil
}

func (b *bench) child(how, address string) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(b.ctx, self)
	cmd.Env = append(os.Environ(), childVariable+"="+how, addressVariable+"="+address)
	return start(b.ctx, cmd, address)
}

// serveChild serves until it is interrupted.
func serveChild(how string) error {
	s := stored{hold: how == "full"}
	for i := range 10 {
		s.rows = append(s.rows, vector(i))
	}
	e := embedding.Chain(s)
	var h http.Handler
	if target, ok := strings.CutPrefix(how, "proxy "); ok {
		u, err := url.Parse(target)
		if err != nil {
			return err
		}
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			in, err := io.ReadAll(r.Body) // as any server does; passed on as it comes, it races with the answer
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(in))
			proxy.ServeHTTP(w, r)
		})
	} else if how == "json" {
		h = plain(e)
	} else {
		o := server.Options{Models: map[string]server.Model{"m": {Embedder: e}}}
		if how == "full" {
			o.Limits.InFlight = 1
		}
		var err error
		if h, err = server.New(o); err != nil {
			return err
		}
	}
	srv := &http.Server{Addr: os.Getenv(addressVariable), Handler: h, ReadHeaderTimeout: time.Minute}
	return fmt.Errorf("the server ended: %w", srv.ListenAndServe())
}

// plain is the server that one writes in a minute, with encoding/json.
func plain(e embedding.Embedder) http.Handler {
	type row struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Model string
			Input []string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		res, err := e.Embed(r.Context(), embedding.Request{Texts: in.Input})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		var rows []row
		for i, v := range res.Vectors {
			rows = append(rows, row{"embedding", i, v})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client may have left
			"object": "list", "data": rows, "model": in.Model,
			"usage": map[string]int{"prompt_tokens": res.Usage.Tokens, "total_tokens": res.Usage.Tokens},
		})
	})
}
