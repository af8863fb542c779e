package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// direct is a transport without a network, so that time is virtual. A handler that ends its
// connection is a connection that was reset, once what was written has arrived.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	done := make(chan bool, 1)
	go func() {
		defer func() { done <- recover() == nil }()
		d.h.ServeHTTP(w, in)
	}()
	select {
	case whole := <-done:
		if !whole && w.Body.Len() == 0 {
			return nil, errors.New("connection reset by peer")
		}
		res := w.Result()
		if !whole {
			res.Body = io.NopCloser(io.MultiReader(res.Body, cut{}))
		}
		return res, nil
	case <-r.Context().Done():
		<-done // the handler sees it too
		return nil, r.Context().Err()
	}
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Each fault of a service behind the server ends in the right vectors, or in an error of OpenAI's
// form, and is over with the fault. No vector is ever wrong.
func TestFaultsBehind(t *testing.T) {
	plain, err := openaitest.New(emulator.Options{})
	expect.NoError(t, err)
	for _, f := range plain.Catalog() {
		if slices.Contains([]string{"kill", "restart", "answer", "drift", "base64-ignore", "overlength-hang"}, f.Name) {
			continue // they last, say anything, need a longer text, or nobody could notice them
		}
		if strings.HasPrefix(f.Name, "batch-") {
			continue // the server asks for no batches
		}
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, err := openaitest.New(emulator.Options{})
				expect.NoError(t, err)
				provider, err := openai.New(openai.Options{Model: "text-embedding-3-small", BaseURL: "http://127.0.0.1/v1", Key: emulator.DefaultKey,
					Dimensions: 64, EncodingFormat: "base64", HTTPClient: &http.Client{Transport: direct{service}}})
				expect.NoError(t, err)
				e := embedding.Chain(provider, middleware.Standard(middleware.StandardOptions{Timeout: 30 * time.Second}))
				s := open(t, e, Options{})
				client, err := openai.New(openai.Options{Model: "m", BaseURL: "http://localhost/v1", NativeDimensions: 64, HTTPClient: &http.Client{Transport: direct{s}}})
				expect.NoError(t, err)
				var texts []string
				for i := range 20 {
					texts = append(texts, fmt.Sprint("text ", i))
				}
				texts[7] = emulator.BadText
				ask := func() (embedding.Response, error) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					return client.Embed(ctx, embedding.Request{Texts: texts})
				}
				want, err := ask()
				expect.NoError(t, err)
				expect.NoError(t, service.SetFaults(emulator.Fault{Name: f.Name, Next: 1}))
				got, err := ask()
				if err != nil {
					e, ok := errors.AsType[*embedding.Error](err)
					if !ok || e.Status < 400 || e.Code == "" {
						t.Errorf("got %v, want an error with a status and a code", err)
					}
					if mends := slices.Contains([]embedding.Kind{embedding.RateLimited, embedding.Unavailable, embedding.Malformed}, f.Kind); mends {
						t.Errorf("got %v for what a second attempt mends, want vectors", err)
					}
				} else if !same(got, want) {
					t.Error("got other vectors than without the fault")
				}
				expect.Equal(t, "times that the fault struck", service.Ledger().Faults[f.Name], 1)
				expect.NoError(t, service.SetFaults())
				time.Sleep(time.Hour) // an open circuit
				if got, err := ask(); err != nil || !same(got, want) {
					t.Errorf("once the fault is over: got %v, want the vectors", err)
				}
			})
		})
	}
}

func same(a, b embedding.Response) bool {
	return slices.EqualFunc(a.Vectors, b.Vectors, func(v, w []float32) bool { return slices.EqualFunc(v, w, sameBits) })
}
