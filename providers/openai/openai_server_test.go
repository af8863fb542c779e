package openai_test

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
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
)

// server answers with vectors of 3 dimensions whatever it is asked for, as many local servers do,
// and keeps the request.
func server(t *testing.T) (base string, body *string) {
	body = new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*body = string(b)
		var asked struct{ Input []string }
		_ = json.Unmarshal(b, &asked)
		items := make([]string, len(asked.Input))
		for i := range items {
			items[i] = fmt.Sprintf(`{"embedding":[1,0,%d],"index":%d,"object":"embedding"}`, i, i)
		}
		io.WriteString(w, `{"model":"m","object":"list","usage":{"prompt_tokens":3,"total_tokens":3},"data":[`+strings.Join(items, ",")+`]}`)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1", body
}

func TestWhatIsSent(t *testing.T) {
	base, body := server(t)
	for want, o := range map[string]openai.Options{
		`{"model":"m","input":["hi"],"encoding_format":"float"}`:                {},
		`{"model":"m","input":["hi"],"encoding_format":"float","dimensions":3}`: {Dimensions: 3},
		`{"model":"m","input":["hi"],"encoding_format":"base64"}`:               {EncodingFormat: "base64", NativeDimensions: 3},
		`{"model":"m","input":["hi"]}`:                                          {EncodingFormat: "none"},
	} {
		o.Model, o.BaseURL = "m", base
		e := vendortest.Opened(t)(openai.New(o))
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hi"}, Task: embedding.TaskQuery})
		if err != nil || fmt.Sprint(res.Vectors) != "[[1 0 0]]" || res.Usage != (embedding.Usage{Requests: 1, Tokens: 3}) {
			t.Errorf("got %+v, %v, want Vectors [[1 0 0]], Usage %v", res, err, embedding.Usage{Requests: 1, Tokens: 3})
		}
		expect.Equal(t, "sent", *body, want)
	}
}

// offline returns the body that a query would send if there were a network.
func offline(t *testing.T, o openai.Options) (body string) {
	t.Helper()
	o.Key = "sk-test"
	o.HTTPClient = &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		body = string(b)
		return nil, errors.Join(err, errors.New("no network here"))
	})}
	_, err := embedding.Query(t.Context(), vendortest.Opened(t)(openai.New(o)), "hi")
	vendortest.Refused(t, "no network", err, embedding.Unavailable)
	return body
}

func TestWhatIsSentToOpenAI(t *testing.T) {
	for want, o := range map[string]openai.Options{
		`{"model":"text-embedding-3-small","input":["hi"],"encoding_format":"base64"}`:                  {Model: "text-embedding-3-small"},
		`{"model":"text-embedding-3-small","input":["hi"],"encoding_format":"base64","dimensions":512}`: {Model: "text-embedding-3-small", Dimensions: 512},
		`{"model":"text-embedding-ada-002","input":["hi"],"encoding_format":"base64"}`:                  {Model: "text-embedding-ada-002", Dimensions: 1536},
		`{"model":"text-embedding-3-large","input":["hi"],"encoding_format":"float"}`:                   {Model: "text-embedding-3-large", EncodingFormat: "float"},
	} {
		o.BaseURL = openai.BaseURL
		expect.Equal(t, "sent", offline(t, o), want)
	}
}

// A server that ignores the dimensions it is asked for is caught, and one of unknown dimensions can
// be asked.
func TestDimensions(t *testing.T) {
	base, _ := server(t)
	for _, o := range []openai.Options{{Dimensions: 2}, {Dimensions: 2, EncodingFormat: "base64"}, {NativeDimensions: 2}} {
		want, words := embedding.Invalid, "the server ignores that 2 dimensions are asked for"
		if o.Dimensions == 0 {
			want, words = embedding.Malformed, "has a vector of more than 2 numbers"
		}
		o.Model, o.BaseURL = "m", base
		e := vendortest.Opened(t)(openai.New(o))
		_, err := embedding.Query(t.Context(), e, "hi")
		vendortest.Refused(t, fmt.Sprintf("%+v: vectors of 3 dimensions", o), err, want, words)
	}
	e := vendortest.Opened(t)(openai.New(openai.Options{Model: "m", BaseURL: base}))
	if m := e.Model(); m.Dimensions != 0 || m.Space != "" {
		t.Errorf("got %+v, want Dimensions 0, Space none", m)
	}
	e = vendortest.Opened(t)(embedding.Probe(t.Context(), e))
	if m := e.Model(); m.Dimensions != 3 || m.Space != embedding.Space(m.Endpoint+"/m@3") {
		t.Errorf("got %+v, want Dimensions 3, Space %s/m@3", m, m.Endpoint)
	}
}

// emulate starts a server that takes 10 texts.
func emulate(t *testing.T) (*emulator.Server, string) {
	t.Helper()
	s := vendortest.Serve(t)(dashscopetest.New(dashscopetest.Options{}))
	return s.Server, s.URL + "/compatible-mode/v1"
}

func TestElevenTextsForAServerThatTakesTen(t *testing.T) {
	s, base := emulate(t)
	o := openai.Options{Model: "text-embedding-v4", BaseURL: base, Key: emulator.DefaultKey, Dimensions: 64}
	texts := make([]string, 11)
	for i := range texts {
		texts[i] = fmt.Sprintf("text number %d", i)
	}
	ask := func(texts []string) (embedding.Response, *embedding.Error) {
		t.Helper()
		e := vendortest.Opened(t)(openai.New(o))
		res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
		failure, _ := errors.AsType[*embedding.Error](err)
		return res, failure
	}
	if _, err := ask(texts); err == nil || err.Kind != embedding.TooLarge || err.Allowed.Texts != 10 || err.Status != 400 || !strings.Contains(err.Error(), "middleware.Batch") {
		t.Errorf("the server's own limit: %v", err)
	}
	o.Limits.Texts = 10
	if _, err := ask(texts); err == nil || err.Kind != embedding.TooLarge || err.Allowed.Texts != 10 || err.Status != 0 {
		t.Errorf("the limit that was set: %v", err)
	}
	expect.Equal(t, "requests", s.Ledger().Requests, 1)
	if res, err := ask(texts[:10]); err != nil || len(res.Vectors) != 10 || res.Usage != s.Ledger().Usage() {
		t.Errorf("got %d vectors, usage %+v, %v, want 10 and the ledger's %+v",
			len(res.Vectors), res.Usage, err, s.Ledger().Usage())
	}
}

// The answer to OpenAI's largest request can have 70 MB: 1,536 numbers of 22 characters for each of
// 2,048 texts, from a server of unknown dimensions.
func TestLargestAnswerOfUnknownDimensions(t *testing.T) {
	const size = 2048 * 1536 * 22
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []string }
		expect.Equal(t, "error", json.NewDecoder(r.Body).Decode(&asked), nil)
		blank := strings.Repeat(" ", size/len(asked.Input)) // stands for most of the numbers
		io.WriteString(w, `{"object":"list","usage":{"prompt_tokens":1,"total_tokens":1},"data":[`)
		for i := range asked.Input {
			if i > 0 {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"object":"embedding","index":%d,"embedding":[0.5,%s%d]}`, i, blank, i)
		}
		io.WriteString(w, `]}`)
	}))
	defer s.Close()
	e := vendortest.Opened(t)(openai.New(openai.Options{Model: "m", BaseURL: s.URL + "/v1"}))
	texts := strings.Split(strings.Repeat("a", 2048), "")
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	if err != nil || len(res.Vectors) != 2048 || res.Vectors[2047][1] != 2047 {
		t.Fatalf("got %v, %v, want 2048 vectors in order", len(res.Vectors), err)
	}
}
