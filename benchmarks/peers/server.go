package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	latency  = 50 * time.Millisecond // of a call to /slow
	slower   = 5                     // every tenth call to /tenth takes this many times as long
	modelID  = "text-embedding-v4"
	usageEnd = `],"model":"` + modelID + `","object":"list","usage":{"prompt_tokens":100,"total_tokens":100},"id":"73591b79-d194-9bca-8bb5-000000000000"}`
)

// mock answers as DashScope's compatible API does, with vectors that were encoded before, so that
// its own time is the same for every client. It finds texts by their markers, so that reading a
// request costs little too.
//
//	/plain/v1/embeddings    answers at once
//	/slow/v1/embeddings     after 50 ms
//	/tenth/v1/embeddings    after 50 ms, every tenth call after 250 ms
type mock struct {
	floats, base64 [][]byte // encoded vectors
	calls, tenth   atomic.Int64
	buffers        sync.Pool
}

func newMock() *mock {
	m := &mock{buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	for _, row := range vectors() {
		m.floats = append(m.floats, printed(row))
		var raw []byte
		for _, f := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
		}
		m.base64 = append(m.base64, []byte(`"`+base64.StdEncoding.EncodeToString(raw)+`"`))
	}
	return m
}

// printed encodes a vector as DashScope does: each float32 widened to float64.
func printed(row []float32) []byte {
	b := []byte{'['}
	for i, f := range row {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'f', -1, 64)
	}
	return append(b, ']')
}

func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	m.calls.Add(1)
	mode, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	in := m.buffers.Get().(*bytes.Buffer)
	out := m.buffers.Get().(*bytes.Buffer)
	defer m.buffers.Put(in)
	defer m.buffers.Put(out)
	in.Reset()
	out.Reset()
	if _, err := in.ReadFrom(r.Body); err != nil {
		return // the client has gone
	}
	rows := m.floats
	if bytes.Contains(in.Bytes(), []byte(`"base64"`)) {
		rows = m.base64
	}
	if err := answer(out, in.Bytes(), rows); err != nil {
		http.Error(w, `{"error":{"message":"`+err.Error()+`"}}`, http.StatusBadRequest)
		return
	}
	switch mode {
	case "slow":
		time.Sleep(time.Until(came.Add(latency))) // includes its own work
	case "tenth":
		wait := latency
		if m.tenth.Add(1)%10 == 0 {
			wait *= slower
		}
		time.Sleep(time.Until(came.Add(wait)))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", "73591b79-d194-9bca-8bb5-000000000000")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.Write(out.Bytes())
}

// answer writes the answer to a request: the vector of each text, which it finds by its marker.
func answer(out *bytes.Buffer, request []byte, rows [][]byte) error {
	out.WriteString(`{"data":[`)
	n := 0
	for {
		at := bytes.Index(request, []byte(marker))
		if at < 0 {
			break
		}
		request = request[at+len(marker):]
		if len(request) < digits {
			return io.ErrUnexpectedEOF
		}
		number, err := strconv.Atoi(string(request[:digits]))
		if err != nil {
			return fmt.Errorf("a text without a number")
		}
		if n > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`{"embedding":`)
		out.Write(rows[number%len(rows)])
		out.WriteString(`,"index":`)
		out.WriteString(strconv.Itoa(n))
		out.WriteString(`,"object":"embedding"}`)
		n++
	}
	if n == 0 {
		return fmt.Errorf("no text was found in the request")
	}
	out.WriteString(usageEnd)
	return nil
}
