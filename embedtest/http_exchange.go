package embedtest

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vecspace/embedding"
)

// httpTexts are the texts of the calls. No honest error message shares 16 bytes with one.
var httpTexts = [...]string{
	`quince "marmalade" simmers on a slow brass stove until dusk`,
	"春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。",
	"seven lanterns drift beyond the weir while herons keep still",
}

// httpExchange is the call of one fault, as the server sees it.
type httpExchange struct {
	fault   httpFault
	wire    Wire
	host    string
	virtual bool          // only the call takes time, and no network buffers bytes
	hanging func()        // called when the server has begun to hang
	giveUp  chan struct{} // closed to end a call that would not end

	texts   []string
	vectors [][]float32
	bound   int64 // most bytes of an answer

	mu       sync.Mutex
	requests int
	strayed  bool // a request came to the target of a redirect
	keyAlong bool // and it had the key
	wrote    int64
	problems []string
}

// prepare makes the texts and their vectors for a model.
func (x *httpExchange) prepare(m embedding.Model) {
	n, dims := len(httpTexts), m.Dimensions
	if most := m.Limits.Texts; most > 0 {
		n = min(n, most)
	}
	x.bound = int64(n)*int64(dims)*32 + 1<<20
	if dims == 0 {
		dims, x.bound = 8, 64<<20
	}
	x.texts = slices.Clone(httpTexts[:n])
	for i := range n {
		x.vectors = append(x.vectors, httpVector(uint64(i), dims))
	}
}

// sent returns the caller's slice of texts, which the provider may have damaged.
func (x *httpExchange) sent() []string { return slices.Clone(x.texts) }

func (x *httpExchange) items() []WireItem {
	items := make([]WireItem, len(x.vectors))
	for i, v := range x.vectors {
		items[i] = WireItem{Index: i, Vector: httpNumbers(v)}
	}
	return items
}

func (x *httpExchange) tokens() int { return 7 * len(x.texts) }

// right returns the body of the right answer.
func (x *httpExchange) right() []byte { return x.wire.Answer(x.items(), x.tokens()) }

func (x *httpExchange) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, movedPath) {
		x.elsewhere(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		x.problem("the request's body breaks off: %v", err)
	}
	texts, err := x.wire.Texts(r, body)
	switch {
	case err != nil:
		x.problem("the request cannot be read: %v", err)
	case !slices.Equal(texts, x.texts):
		x.problem("the request's %d texts are not the %d of the call", len(texts), len(x.texts))
	}
	if !x.wire.Keyless && !carriesKey(r) {
		x.problem("the request does not carry embedtest.TestKey: the provider has to be opened with it")
	}
	x.mu.Lock()
	x.requests++
	x.mu.Unlock()
	x.fault.answer(x, w, r)
}

// elsewhere serves the target of redirects.
func (x *httpExchange) elsewhere(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.strayed = true
	x.keyAlong = x.keyAlong || carriesKey(r)
	x.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(x.right())
}

func (x *httpExchange) problem(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.problems = append(x.problems, fmt.Sprintf(format, args...))
}

func carriesKey(r *http.Request) bool {
	for _, values := range r.Header {
		for _, v := range values {
			if strings.Contains(v, TestKey) {
				return true
			}
		}
	}
	return strings.Contains(r.URL.RawQuery, TestKey)
}

// write sends a part of an answer and reports whether the client still listens.
func (x *httpExchange) write(w http.ResponseWriter, part []byte) bool {
	n, err := w.Write(part)
	x.mu.Lock()
	x.wrote += int64(n)
	x.mu.Unlock()
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	return err == nil
}

// hang holds the answer back until the client has left.
func (x *httpExchange) hang(r *http.Request) {
	x.hanging()
	select {
	case <-r.Context().Done():
	case <-x.giveUp:
	}
	panic(http.ErrAbortHandler)
}

// httpVector returns the vector of text i, always the same.
func httpVector(i uint64, dims int) []float32 {
	r := rand.New(rand.NewPCG(i, 1))
	v := make([]float64, dims)
	sum := 0.0
	for k := range v {
		v[k] = r.NormFloat64()
		sum += v[k] * v[k]
	}
	out := make([]float32, dims)
	for k := range v {
		out[k] = float32(v[k] / math.Sqrt(sum))
	}
	return out
}

func httpNumbers(v []float32) string {
	b := []byte{'['}
	for k, f := range v {
		if k > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'g', -1, 32)
	}
	return string(append(b, ']'))
}
