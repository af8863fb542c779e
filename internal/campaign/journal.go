package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
)

// journal records each embedding request when it arrives and when it ends, because the emulator's
// ledger dies with its process. A record is one write, so the file is complete up to a SIGKILL.
//
//	> process.number digest digest...
//	< process.number status
type journal struct {
	next http.Handler
	to   io.Writer
	n    atomic.Int64
}

func (j *journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != dashscopetest.CompatiblePath {
		j.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller left halfway
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var call struct {
		Input []string `json:"input"`
	}
	_ = json.Unmarshal(body, &call) // the emulator refuses what cannot be decoded and does not bill it
	id := fmt.Sprintf("%d.%d", os.Getpid(), j.n.Add(1))
	var b strings.Builder
	b.WriteString("> " + id)
	for _, text := range call.Input {
		sum := sha256.Sum256([]byte(text))
		b.WriteString(" " + hex.EncodeToString(sum[:12]))
	}
	j.write(b.String())
	s := &statusWriter{ResponseWriter: w}
	defer func() { j.write(fmt.Sprintf("< %s %d", id, s.status)) }()
	j.next.ServeHTTP(s, r)
}

func (j *journal) write(line string) {
	if _, err := io.WriteString(j.to, line+"\n"); err != nil {
		fmt.Fprintln(os.Stderr, "campaign: the journal:", err)
		os.Exit(1) // without its journal a campaign proves nothing
	}
}

// statusWriter records the status. The emulator uses Unwrap to reset the connection.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// bill counts billed texts: every time, and distinct ones.
type bill struct{ texts, distinct int }

func (b bill) twice() int { return b.texts - b.distinct }

// readJournals returns the most that the journaled requests can have been billed for: those
// answered with 200, and those without an end or an answer because their process or connection
// died.
func readJournals(journals ...io.Reader) (bill, error) {
	open := map[string]string{} // digests by request
	times := map[string]int{}   // by digest
	add := func(digests string) {
		for d := range strings.FieldsSeq(digests) {
			times[d]++
		}
	}
	for _, r := range journals {
		in := bufio.NewScanner(r)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			mark, rest, _ := strings.Cut(in.Text(), " ")
			id, more, _ := strings.Cut(rest, " ")
			switch mark {
			case ">":
				open[id] = more
			case "<":
				if more == "200" || more == "0" {
					add(open[id])
				}
				delete(open, id)
			}
		}
		if err := in.Err(); err != nil {
			return bill{}, err
		}
	}
	for _, digests := range open {
		add(digests)
	}
	b := bill{distinct: len(times)}
	for _, n := range times {
		b.texts += n
	}
	return b, nil
}
