package embedtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// Wire is a format that a provider speaks over HTTP. [TestHTTPWire] uses it to read requests and
// to write answers in JSON. It has no error format, because a provider has to cope with errors it
// does not expect.
type Wire struct {
	// Texts returns the texts of a request with the given body. Its error says what is wrong with the
	// request.
	Texts func(r *http.Request, body []byte) ([]string, error)
	// Answer returns an answer with the items in the given order and the number of tokens.
	Answer func(items []WireItem, tokens int) []byte

	Positional bool // items have no index, so the faults of order and index are left out
	Keyless    bool // requests have no key
	// Relayed says that a server of yours stands between the provider and the suite's, such as a
	// gateway that is tested too. An error's Status is then that server's, any from 400 on. Everything
	// else stays: the Kind, RetryAfter, one request, nothing of the key or of the texts.
	Relayed bool
}

// WireItem is one item of an answer. Both fields may be wrong on purpose.
type WireItem struct {
	Index int
	// Vector is the vector as it is sent: "[0.5,-1]", "null", or something that is not JSON. ""
	// makes the whole item null.
	Vector string
}

// OpenAIWire returns the format of POST {base}/embeddings that OpenAI defined and many others
// serve. Vectors are lists of numbers whatever encoding_format says, as many servers have it.
func OpenAIWire() Wire { return Wire{Texts: openAITexts, Answer: openAIAnswer} }

func openAITexts(r *http.Request, body []byte) ([]string, error) {
	if r.Method != http.MethodPost || r.URL.Path != wirePath+"/embeddings" {
		return nil, fmt.Errorf("got %s %s, want POST {base}/embeddings", r.Method, r.URL.Path)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, fmt.Errorf("the Content-Type is %q, want application/json", r.Header.Get("Content-Type"))
	}
	var req struct {
		Model string          `json:"model"`
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, fmt.Errorf("the body is not the JSON of a request: %w", err)
	}
	if req.Model == "" {
		return nil, errors.New("the request names no model")
	}
	var texts []string
	if json.Unmarshal(req.Input, &texts) == nil {
		return texts, nil
	}
	var text string
	if err := json.Unmarshal(req.Input, &text); err != nil {
		return nil, errors.New("the input is neither a list of texts nor one text")
	}
	return []string{text}, nil
}

func openAIAnswer(items []WireItem, tokens int) []byte {
	var b strings.Builder
	b.WriteString(`{"object":"list","data":[`)
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		if item.Vector == "" {
			b.WriteString("null")
			continue
		}
		fmt.Fprintf(&b, `{"object":"embedding","index":%d,"embedding":%s}`, item.Index, item.Vector)
	}
	fmt.Fprintf(&b, `],"model":"embedtest","usage":{"prompt_tokens":%d,"total_tokens":%d}}`, tokens, tokens)
	return []byte(b.String())
}
