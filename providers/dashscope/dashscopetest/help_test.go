package dashscopetest_test

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// words is a small base model: a text's vector is the normalised sum of its words' seeded vectors.
type words struct{}

func (words) Model() embedding.Model {
	return embedding.Model{Provider: "words", ID: "sum", Dimensions: 256, Normalized: true, Symmetric: true}
}

func (words) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	res := embedding.Response{}
	for _, text := range req.Texts {
		v := make([]float32, 256)
		for _, w := range strings.Fields(text) {
			h := fnv.New64a()
			h.Write([]byte(w))
			r := rand.New(rand.NewPCG(7, h.Sum64()))
			for i := range v {
				v[i] += float32(r.NormFloat64())
			}
		}
		var sum float64
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		for i := range v {
			v[i] = float32(float64(v[i]) / math.Sqrt(sum))
		}
		res.Vectors = append(res.Vectors, v)
	}
	return res, ctx.Err()
}

func open(t testing.TB, o dashscopetest.Options) *emulator.Server {
	t.Helper()
	if o.Embedder == nil {
		o.Embedder = words{}
	}
	s, err := dashscopetest.New(o)
	expect.NoError(t, err)
	return s
}

// call is one request; zero fields are a good one.
type call struct {
	method, path, key, body string
}

func (c call) request(ctx context.Context, base string) *http.Request {
	or := func(a, b string) string {
		if a == "" {
			return b
		}
		return a
	}
	r, err := http.NewRequestWithContext(ctx, or(c.method, "POST"), base+or(c.path, dashscopetest.CompatiblePath),
		strings.NewReader(or(c.body, `{"model":"text-embedding-v4","input":"one text"}`)))
	if err != nil {
		panic(err)
	}
	if c.key != "-" {
		r.Header.Set("Authorization", "Bearer "+or(c.key, emulator.DefaultKey))
	}
	return r
}

// do serves the request without a network.
func do(t testing.TB, s http.Handler, c call) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, c.request(t.Context(), "http://emulator"))
	return w
}

// refused checks an answer's status and whole body; in body, ID stands for the request's id.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	id := w.Header().Get("X-Request-Id")
	expect.Equal(t, "length of the request id "+id, len(id), 36)
	if want := strings.ReplaceAll(body, "ID", id); w.Code != status || w.Body.String() != want {
		t.Errorf("%d %s\nwant %d %s", w.Code, w.Body, status, want)
	}
}

type answer struct {
	Data []struct {
		Embedding []float32
		Index     int
		Object    string
	}
	Model, Object, ID string
	Usage             map[string]int
}

func vectors(t testing.TB, s http.Handler, body string) [][]float32 {
	t.Helper()
	w := do(t, s, call{body: body})
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
		t.Fatalf("got %d, %s and the error %v, want status 200 and an answer", w.Code, w.Body, err)
	}
	out := make([][]float32, len(a.Data))
	for i, d := range a.Data {
		out[i] = d.Embedding
	}
	return out
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func many(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = "text number " + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
	}
	return texts
}
