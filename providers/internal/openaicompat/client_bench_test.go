package openaicompat

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// canned is a network that costs nothing: it reads the request and always gives the same answer.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	req.Body.Close()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Request-Id": {"req-1"}}, Body: io.NopCloser(bytes.NewReader(c)), Request: req}, nil
}

// BenchmarkEmbed is a call of 10 texts of 500 bytes, without the network and without numbers: what
// is left is what each call costs beside them.
func BenchmarkEmbed(b *testing.B) {
	var answer strings.Builder
	answer.WriteString(`{"data":[`)
	for i := range 10 {
		fmt.Fprintf(&answer, `%s{"embedding":[0.25,0.5,0.75,1.5],"index":%d,"object":"embedding"}`, strings.Repeat(",", min(i, 1)), i)
	}
	answer.WriteString(`],"model":"text-embedding-v4","object":"list","usage":{"prompt_tokens":184,"total_tokens":184},"id":"73591b79"}`)
	c, err := newClient(wire.Config{
		Model:      embedding.Model{Provider: "test", ID: "model", Dimensions: 4},
		BaseURL:    "https://host.example/v1",
		Key:        testKey,
		HTTPClient: &http.Client{Transport: canned(answer.String())},
	}, Format{})
	expect.NoError(b, err)
	req := embedding.Request{Texts: make([]string, 10)}
	for i := range req.Texts {
		req.Texts[i] = strings.Repeat("the quick brown fox, and so on. ", 16)[:500]
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Embed(b.Context(), req); err != nil {
			b.Fatalf("got the error %v, want none", err)
		}
	}
}
