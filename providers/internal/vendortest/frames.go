package vendortest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/ref"
)

// frames checks that vectors are read in whatever frame they come: as servers and proxies indent
// it, compress it, mark it, count in it, and call it a success.
func (v Emulated) frames(t *testing.T) {
	s, err := v.New(emulator.Options{Embedder: cheap{}, Keys: []string{Key}})
	expect.NoError(t, err)
	var frame frame
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("got Accept-Encoding %q, want identity", got)
		}
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		for name, value := range answer.Header() {
			w.Header()[name] = value
		}
		w.Header().Del("Content-Length")
		status, body := frame(w.Header(), answer.Code, answer.Body.Bytes())
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	defer srv.Close()
	t.Setenv(variable, Key)
	r, err := ref.Parse(fmt.Sprintf("%s:%s?base_url=%s%s&key_env=%s", v.Name, v.Model, srv.URL, v.Path, variable))
	expect.NoError(t, err)
	e, err := v.Open(r)
	expect.NoError(t, err)
	for name, f := range frames() {
		frame = f
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
		if err != nil || len(res.Vectors) != 1 || len(res.Vectors[0]) == 0 || res.Usage.Requests != 1 || res.Usage.Tokens < 0 || res.Usage.Tokens > 100 {
			t.Errorf("%s: got %d vectors, %+v and %v, want one", name, len(res.Vectors), res.Usage, err)
		}
		if strings.Contains(res.ID, Key) || len(res.ID) > 200 {
			t.Errorf("%s: got the id %q, want it short and without the key", name, res.ID)
		}
	}
}

// frame changes an answer.
type frame func(header http.Header, status int, body []byte) (int, []byte)

// compressed is a frame in a coding.
func compressed(coding string, open func(io.Writer) io.WriteCloser) frame {
	return func(h http.Header, status int, body []byte) (int, []byte) {
		h.Set("Content-Encoding", coding)
		var b bytes.Buffer
		w := open(&b)
		_, _ = w.Write(body)
		_ = w.Close()
		return status, b.Bytes()
	}
}

func frames() map[string]frame {
	all := map[string]frame{
		"as it is":          func(_ http.Header, status int, body []byte) (int, []byte) { return status, body },
		"created":           func(_ http.Header, _ int, body []byte) (int, []byte) { return 201, body },
		"accepted":          func(_ http.Header, _ int, body []byte) (int, []byte) { return 202, body },
		"of another server": func(_ http.Header, _ int, body []byte) (int, []byte) { return 203, body },
		"a byte order mark": func(_ http.Header, status int, body []byte) (int, []byte) {
			return status, append([]byte("\ufeff"), body...)
		},
		"blanks before it": func(_ http.Header, status int, body []byte) (int, []byte) {
			return status, append(bytes.Repeat([]byte(" \n"), 500), body...)
		},
		"gzip":    compressed("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"deflate": compressed("deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"a coding that is none": func(h http.Header, status int, body []byte) (int, []byte) {
			h.Set("Content-Encoding", "utf-8")
			return status, body
		},
		"an echo as the id": func(h http.Header, status int, body []byte) (int, []byte) {
			h.Set("X-Request-Id", "Bearer "+Key+" "+strings.Repeat("x", 9_000))
			return status, body
		},
		"a success beside it": func(_ http.Header, status int, body []byte) (int, []byte) {
			if bytes.HasPrefix(body, []byte("{")) {
				body = append([]byte(`{"error":{"code":0,"message":"success"},"code":0,"message":"OK",`), body[1:]...)
			}
			return status, body
		},
	}
	for _, indent := range []string{"  ", "    ", "\t", "        "} {
		all[fmt.Sprintf("indented by %q", indent)] = func(_ http.Header, status int, body []byte) (int, []byte) {
			var b bytes.Buffer
			_ = json.Indent(&b, body, "", indent)
			return status, b.Bytes()
		}
	}
	for _, other := range []string{`[]`, `"x"`, `{}`, `7.0`, `7e0`, `"7"`, `-1`, `1e20`, `9223372036854775807`, `1e400`, `true`, `null`, `[{"x":[]}]`} {
		all["members that are "+other] = func(_ http.Header, status int, body []byte) (int, []byte) {
			d := json.NewDecoder(bytes.NewReader(body))
			d.UseNumber()
			var v any
			_ = d.Decode(&v)
			body, _ = json.Marshal(replaced(v, json.RawMessage(other)))
			return status, body
		}
	}
	return all
}

// replaced is v with other in place of what counts, names or describes.
func replaced(v, other any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if slices.Contains([]string{"usage", "usageMetadata", "meta", "model", "object", "prompt_eval_count", "inputTextTokenCount", "total_duration", "load_duration"}, name) {
				v[name] = other
				continue
			}
			v[name] = replaced(v[name], other)
		}
	case []any:
		for i := range v {
			v[i] = replaced(v[i], other)
		}
	}
	return v
}
