package providers_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// TestTheTextThatAServerNames: a refusal that names the text which is to blame says so to Batch.
func TestTheTextThatAServerNames(t *testing.T) {
	keyless(t)
	t.Setenv("K", "k")
	openAI := `{"error":{"message":"Invalid 'input[1]': maximum input length is 8192 tokens.","type":"invalid_request_error","param":"input[1]","code":"invalid_value"}}`
	for _, tc := range []struct{ reference, body string }{
		{"openai:m?native_dimensions=4&key_env=K&base_url=", openAI},
		{"azure:d?native_dimensions=4&key_env=K&base_url=", openAI},
		{"voyage:voyage-4-large?key_env=K&base_url=", `{"detail":"Request to model 'voyage-4-large' failed. The example at index 1 in your batch has too many tokens and does not fit into the model's context window of 32000 tokens. Please lower the number of tokens in the listed example(s) or use truncation."}`},
		{"bedrock:cohere.embed-v4:0?key_env=K&region=us-east-1&base_url=", `{"message":"Malformed input request: #/texts/1: expected maxLength: 2048, actual: 9, please reformat your input and try again."}`},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, tc.body)
		}))
		e := vendortest.Opened(t)(providers.Open(tc.reference + srv.URL))
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "bb bb bbb", "c"}})
		named, ok := errors.AsType[interface {
			error
			Blames() []int
		}](err)
		if !ok || !errors.Is(err, embedding.Rejected) || !slices.Equal(named.Blames(), []int{1}) {
			t.Errorf("%s: got %v, want a Rejected error that blames text 1", tc.reference, err)
		}
		srv.Close()
	}
}
