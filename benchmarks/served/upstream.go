package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/vecspace/embedding/providers/dialect"
)

const dimensions = 1024

// vector is stored vector i of the upstream.
func vector(i int) []float32 {
	v := make([]float32, dimensions)
	state := uint32(i + 1)
	for k := range v {
		state = state*1664525 + 1013904223
		v[k] = (float32(state>>8)/(1<<24) - 0.5) / 16
	}
	return v
}

// body is a request of ten texts, or of one.
func body(model, format, text string, n int) []byte {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(text, " of about eight words to embed, number ", i)
	}
	return dialect.JSON(map[string]any{"model": model, "input": texts, "encoding_format": format})
}

// upstream answers with ten vectors, encoded beforehand. A request for one vector, which nobody but
// the proxies' own checks sends, gets one.
func upstream() http.Handler {
	encoded := map[string][]byte{}
	for _, format := range []string{"base64", "float"} {
		for _, n := range []int{1, 10} {
			a := dialect.Answer{Model: "m", Tokens: 10 * n}
			for i := range n {
				a.Rows = append(a.Rows, dialect.Row{Index: i, Vector: vector(i)})
			}
			encoded[fmt.Sprint(format, n)] = dialect.AppendList(nil, a, format == "base64", `{"prompt_tokens":100,"total_tokens":100}`)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n := 10
		if !bytes.Contains(in, []byte("number 9")) {
			n = 1
		}
		format := "float"
		if bytes.Contains(in, []byte(`"base64"`)) {
			format = "base64"
		}
		out := encoded[fmt.Sprint(format, n)]
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(out)))
		_, _ = w.Write(out)
	})
}
