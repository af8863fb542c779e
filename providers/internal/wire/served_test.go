package wire

import (
	"net/http"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
)

// The code of our own server decides, whatever the status, the words and the form are of; a
// gateway that drops headers leaves it in OpenAI's body.
func TestServed(t *testing.T) {
	for name, tc := range map[string]struct {
		status       int
		code, places string // headers
		body         string
		kind         embedding.Kind
		said         string
		blamed       []int
	}{
		"our server's key":    {status: 502, code: "upstream_auth", body: `{"message":"model unhealthy"}`, kind: embedding.Auth, said: "upstream_auth"},
		"only in the body":    {status: 502, body: `{"error":{"message":"x","code":"upstream_auth"}}`, kind: embedding.Auth, said: "upstream_auth"},
		"nonsense":            {status: 502, code: "upstream_malformed", kind: embedding.Malformed, said: "upstream_malformed"},
		"too slow":            {status: 504, code: "upstream_timeout", kind: embedding.Unavailable, said: "upstream_timeout"},
		"no money":            {status: 402, code: "insufficient_quota", body: `{"error":{"status":"RESOURCE_EXHAUSTED"}}`, kind: embedding.Exhausted, said: "insufficient_quota"},
		"too fast":            {status: 429, code: "rate_limit_exceeded", body: `{"detail":"maximum context length"}`, kind: embedding.RateLimited, said: "rate_limit_exceeded"},
		"a text":              {status: 400, code: "text_rejected", places: "1", body: `{"error":"x","error_type":"Validation"}`, kind: embedding.Rejected, said: "text_rejected", blamed: []int{1}},
		"no such text":        {status: 400, code: "text_rejected", places: "7", kind: embedding.Rejected, said: "text_rejected"},
		"a text, which?":      {status: 400, code: "text_rejected", kind: embedding.Rejected, said: "text_rejected"},
		"a model":             {status: 424, code: "model_not_found", body: `{"error":"x","error_type":"Backend"}`, kind: embedding.Invalid, said: "model_not_found"},
		"a key":               {status: 400, code: "invalid_api_key", kind: embedding.Auth, said: "invalid_api_key"},
		"a host":              {status: 403, code: "unknown_host", kind: embedding.Invalid, said: "unknown_host"},
		"another space":       {status: 412, code: "other_space", kind: embedding.Invalid, said: "other_space"},
		"a code of a service": {status: 502, body: `{"error":{"message":"x","code":"insufficient_funds_x"}}`, kind: embedding.Unavailable, said: "insufficient_funds_x"},
		"an unknown code":     {status: 503, code: "something_new", kind: embedding.Unavailable, said: "something_new"},
	} {
		h := http.Header{}
		h.Set(servedCode, tc.code)
		h.Set("X-Vecspace-Rejected", tc.places)
		texts := []string{"a long one", "b"}
		got := ReadFailure(tc.status, h, []byte(tc.body)).refusal(nil, "", texts)
		var blamed []int
		if b, ok := got.Err.(*blame); ok {
			blamed = b.bad
		}
		if got.Kind != tc.kind || got.Code != tc.said || !slices.Equal(blamed, tc.blamed) {
			t.Errorf("%s: got %v with the code %q and the texts %v, want %v, %q and %v", name, got.Kind, got.Code, blamed, tc.kind, tc.said, tc.blamed)
		}
	}
}
