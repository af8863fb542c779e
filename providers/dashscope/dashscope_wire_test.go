package dashscope_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// sent returns the body of the request that o makes of one text.
func sent(t *testing.T, o dashscope.Options, task embedding.Task) string {
	t.Helper()
	var body, auth string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, auth = string(b), r.Header.Get("Authorization")
		var asked struct{ Dimensions int }
		_ = json.Unmarshal(b, &asked)
		if asked.Dimensions == 0 {
			asked.Dimensions = 1536
		}
		io.WriteString(w, `{"data":[{"embedding":[1`+strings.Repeat(",0", asked.Dimensions-1)+`],"index":0,"object":"embedding"}],`+
			`"model":"m","object":"list","usage":{"prompt_tokens":3,"total_tokens":3},"id":"73591b79-d194-9bca-8bb5-000000000000"}`)
	}))
	defer server.Close()
	o.BaseURL, o.Key = server.URL, "sk-test"
	e := vendortest.Opened(t)(dashscope.New(o))
	res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hi"}, Task: task})
	expect.NoError(t, err)
	if res.ID != "73591b79-d194-9bca-8bb5-000000000000" || res.Usage != (embedding.Usage{Requests: 1, Tokens: 3}) || auth != "Bearer sk-test" {
		t.Errorf("got id %q, usage %+v, Authorization %q, want ID 73591b79-d194-9bca-8bb5-000000000000, Usage %v, auth Bearer sk-test",
			res.ID, res.Usage, auth, embedding.Usage{Requests: 1, Tokens: 3})
	}
	return body
}

func TestWhatIsSent(t *testing.T) {
	v4 := dashscope.Options{Model: "text-embedding-v4", Dimensions: 64}
	with := func(edit func(*dashscope.Options)) dashscope.Options {
		o := v4
		edit(&o)
		return o
	}
	typed := with(func(o *dashscope.Options) { o.TextType = true })
	instructed := with(func(o *dashscope.Options) { o.Instruct = `say "hi"` })
	for _, tc := range []struct {
		name string
		o    dashscope.Options
		task embedding.Task
		want string
	}{
		{"plain", v4, embedding.TaskDocument, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64}`},
		{"plain query", v4, embedding.TaskQuery, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64}`},
		{"the default is sent too, since defaults move", dashscope.Options{Model: "text-embedding-v3"}, embedding.TaskDocument,
			`{"model":"text-embedding-v3","input":["hi"],"encoding_format":"float","dimensions":1024}`},
		{"v2 ignores dimensions", dashscope.Options{Model: "text-embedding-v2", Dimensions: 1536}, embedding.TaskDocument,
			`{"model":"text-embedding-v2","input":["hi"],"encoding_format":"float"}`},
		{"document", typed, embedding.TaskDocument, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64,"text_type":"document"}`},
		{"query", typed, embedding.TaskQuery, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64,"text_type":"query"}`},
		{"other tasks are documents", typed, embedding.TaskClustering, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64,"text_type":"document"}`},
		{"instructed document", instructed, embedding.TaskDocument, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64,"text_type":"document"}`},
		{"instructed query", instructed, embedding.TaskQuery, `{"model":"text-embedding-v4","input":["hi"],"encoding_format":"float","dimensions":64,"text_type":"query","instruct":"say \"hi\""}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			expect.Equal(t, "sent", sent(t, tc.o, tc.task), tc.want)
		})
	}
}
