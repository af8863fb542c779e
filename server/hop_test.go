package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chromem "github.com/philippgille/chromem-go"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/embeddings"
	langchainopenai "github.com/tmc/langchaingo/llms/openai"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/openai"
)

// The laws of an Embedder hold with a hop: our provider in front of the server.
func TestLaws(t *testing.T) {
	for _, format := range []string{"float", "base64"} {
		t.Run(format, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 16, Limits: embedding.Limits{Texts: 10}}})
				srv := httptest.NewServer(open(t, e, Options{}))
				t.Cleanup(srv.Close)
				client, err := openai.New(openai.Options{
					Model: "m", BaseURL: srv.URL + "/v1", NativeDimensions: 16, EncodingFormat: format, Limits: embedding.Limits{Texts: 2048},
				})
				expect.NoError(t, err)
				return embedtest.Subject{Embedder: client}
			})
		})
	}
}

// Go programs reach the server with the clients of go-openai, langchaingo and chromem-go, and get
// the vectors of the model behind it.
func TestGoClients(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 16}})
	srv := httptest.NewServer(open(t, e, Options{}))
	defer srv.Close()
	var texts []string
	for i := range 1000 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	want, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)

	llm, err := langchainopenai.New(langchainopenai.WithBaseURL(srv.URL+"/v1"), langchainopenai.WithToken("none"), langchainopenai.WithEmbeddingModel("m"))
	expect.NoError(t, err)
	embedder, err := embeddings.NewEmbedder(llm)
	expect.NoError(t, err)
	got, err := embedder.EmbedDocuments(t.Context(), texts)
	expect.NoError(t, err)
	expect.Equal(t, "langchaingo's vectors", got, want.Vectors)

	goOpenAI := goopenai.DefaultConfig("none")
	goOpenAI.BaseURL = srv.URL + "/v1"
	res, err := goopenai.NewClientWithConfig(goOpenAI).CreateEmbeddings(t.Context(), goopenai.EmbeddingRequestStrings{Input: texts, Model: "m"})
	expect.NoError(t, err)
	for i, d := range res.Data {
		expect.Equal(t, "go-openai's vector", d.Embedding, want.Vectors[i])
	}

	ask := chromem.NewEmbeddingFuncOpenAICompat(srv.URL+"/v1", "none", "m", nil)
	for i, text := range texts[:20] {
		v, err := ask(t.Context(), text)
		expect.NoError(t, err)
		if embedding.Cosine(v, want.Vectors[i]) < 0.999999 { // it normalizes
			t.Errorf("chromem-go, text %d: got %v, want %v", i, v, want.Vectors[i])
		}
	}
}

// discard is the answer of a test that only counts.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// hit is a request for one text that the cache has.
func hit(tb testing.TB) (do func()) {
	c, err := cache.New(cache.Options{MaxBytes: 16 << 20})
	expect.NoError(tb, err)
	tb.Cleanup(c.Close)
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 1024}})
	s := open(tb, c.Wrap(e), Options{})
	const hitBody = `{"model":"m","input":"a text of some words","encoding_format":"base64"}`
	body := strings.NewReader(hitBody)
	r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/embeddings", body)
	return func() {
		body.Reset(hitBody)
		s.ServeHTTP(discard{http.Header{}}, r)
	}
}

// A hit of the cache allocates little besides headers and the decoded request.
func TestAllocations(t *testing.T) {
	do := hit(t)
	most := 90.0
	if race.Enabled {
		most *= 1.5
	}
	if got := testing.AllocsPerRun(500, do); got > most {
		t.Errorf("got %v allocations for a hit of the cache, want at most %v", got, most)
	}
}

func BenchmarkHit(b *testing.B) {
	do := hit(b)
	b.ReportAllocs()
	for b.Loop() {
		do()
	}
}

// Answers of both formats, of ten vectors.
func BenchmarkAnswer(b *testing.B) {
	for _, format := range []string{"float", "base64"} {
		b.Run(format, func(b *testing.B) {
			c, err := cache.New(cache.Options{MaxBytes: 16 << 20})
			expect.NoError(b, err)
			b.Cleanup(c.Close)
			e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 1024}})
			s := open(b, c.Wrap(e), Options{})
			ten := `{"model":"m","input":["0","1","2","3","4","5","6","7","8","9"],"encoding_format":"` + format + `"}`
			body := strings.NewReader(ten)
			r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/embeddings", body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(ten)
				s.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}
