package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestReadJournals(t *testing.T) {
	for _, tc := range []struct {
		name     string
		journals []string
		want     bill
	}{
		{"nothing", []string{""}, bill{}},
		{"each once", []string{"> 1.1 a b\n< 1.1 200\n> 1.2 c\n< 1.2 200\n"}, bill{3, 3}},
		{"one twice", []string{"> 1.1 a b\n> 1.2 b\n< 1.2 200\n< 1.1 200\n"}, bill{3, 2}},
		{"refused, then taken", []string{"> 1.1 a b\n< 1.1 429\n> 1.2 a b\n< 1.2 200\n"}, bill{2, 2}},
		{"no answer", []string{"> 1.1 a\n< 1.1 0\n> 1.2 a\n< 1.2 200\n"}, bill{2, 1}},
		{"killed under way, started again", []string{"> 1.1 a b\n> 1.2 c\n> 2.1 a b c\n< 2.1 200\n"}, bill{6, 3}},
		{"two emulators", []string{"> 1.1 a\n< 1.1 200\n", "> 2.1 a\n< 2.1 200\n"}, bill{2, 1}},
	} {
		var readers []io.Reader
		for _, j := range tc.journals {
			readers = append(readers, strings.NewReader(j))
		}
		got, err := readJournals(readers...)
		if err != nil || got != tc.want {
			t.Errorf("%s: %+v (%v), want %+v", tc.name, got, err, tc.want)
		}
	}
}

// TestJournalAgreesWithTheLedger: the same requests, counted by both, refusals and an answer cut
// off among them.
func TestJournalAgreesWithTheLedger(t *testing.T) {
	emulator, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{
		{Name: "overloaded", At: 2}, {Name: "cut-off", At: 2, Next: 1},
	}}})
	expect.NoError(t, err)
	book, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	expect.NoError(t, err)
	defer book.Close()
	var under sync.WaitGroup // the server does not wait for a request whose connection was cut off
	j := &journal{next: emulator, to: book}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Done()
		j.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := server.Client()
	e, err := stack{}.provider(server.URL+dashscopetest.BasePath, client)
	expect.NoError(t, err)
	failed := 0
	for _, texts := range [][]string{{"a", "b"}, {"refused"}, {"c"}, {"a"}} {
		if _, err := e.Embed(context.Background(), embedding.Request{Texts: texts}); err != nil {
			failed++
		}
	}
	server.Close()
	under.Wait()
	_, err = book.Seek(0, io.SeekStart)
	expect.NoError(t, err)
	got, err := readJournals(book)
	l := emulator.Ledger()
	if err != nil || failed != 2 || got != (bill{l.Texts, l.Distinct}) || got != (bill{4, 3}) {
		t.Errorf("the journal has %+v (%v), the ledger %d texts, %d different; %d calls failed", got, err, l.Texts, l.Distinct, failed)
	}
}
