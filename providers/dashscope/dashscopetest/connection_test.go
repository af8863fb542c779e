package dashscopetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// Over a real connection: what a client sees when there is no, or half an answer.
func TestConnectionFaults(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := server.Client()
	ask := func(ctx context.Context, c call) (*http.Response, []byte, error) {
		res, err := client.Do(c.request(ctx, server.URL))
		if err != nil {
			return nil, nil, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res, body, err
	}
	set := func(f emulator.Fault) {
		t.Helper()
		s.Reset()
		expect.NoError(t, s.SetFaults(f))
	}

	set(emulator.Fault{Name: "reset"})
	if _, _, err := ask(t.Context(), call{}); !connectionGone(err) {
		t.Errorf("reset: %v", err)
	}
	<-arrived
	set(emulator.Fault{Name: "cut-off"})
	res, body, err := ask(t.Context(), call{})
	if res == nil || res.StatusCode != http.StatusOK || !connectionGone(err) || json.Valid(body) {
		t.Errorf("cut-off: %v, %d bytes", err, len(body))
	}
	if l := s.Ledger(); l.Texts != 1 || l.Lost != 1 {
		t.Errorf("cut-off: billed and lost, but %+v", l)
	}
	<-arrived
	set(emulator.Fault{Name: "truncated"})
	res, body, err = ask(t.Context(), call{})
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), `{"data":[{"embedding":[`) || json.Valid(body) || int64(len(body)) != res.ContentLength {
		t.Errorf("truncated: %v, %d bytes", err, len(body))
	}
	<-arrived

	long := `{"model":"text-embedding-v4","input":"` + strings.Repeat("a ", 9000) + `"}`
	for _, c := range []struct {
		name string
		call call
	}{{"hang", call{}}, {"overlength-hang", call{body: long}}, {"slow=delay:100h", call{}}} {
		f, err := dashscopetest.ParseFault(c.name)
		expect.NoError(t, err)
		set(f)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, _, err := ask(ctx, c.call)
			ended <- err
		}()
		<-arrived
		cancel()
		vendortest.Refused(t, c.name, <-ended, context.Canceled)
	}
	set(emulator.Fault{Name: "overlength-hang"})
	if res, _, err := ask(t.Context(), call{}); err != nil || res.StatusCode != http.StatusOK {
		t.Error("a text of a good length hangs", err)
	}
	<-arrived
}

func connectionGone(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Without a connection to take over, the handler ends as net/http's do.
func TestAbort(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "reset"}}}})
	defer func() {
		if r := recover(); r != http.ErrAbortHandler {
			t.Errorf("got the panic %v, want %v", r, http.ErrAbortHandler)
		}
		if l := s.Ledger(); l.Answers[0] != 1 || l.Billed != 0 {
			t.Errorf("%+v", l)
		}
	}()
	do(t, s, call{})
}

func TestKill(t *testing.T) {
	killed := 0
	s := open(t, dashscopetest.Options{Options: emulator.Options{Control: true, Killed: func() { killed++ }, Faults: []emulator.Fault{{Name: "kill", At: 3}}}})
	server := httptest.NewServer(s)
	defer server.Close()
	ask := func() error {
		res, err := server.Client().Do(call{}.request(t.Context(), server.URL))
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	for i := range 6 {
		if err := ask(); i < 2 && err != nil || i >= 2 && !connectionGone(err) {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if l := s.Ledger(); killed != 1 || l.Requests != 3 || l.Billed != 2 || l.Faults["kill"] != 1 {
		t.Errorf("%d times killed: %+v", killed, l)
	}
	// The control path stays, and brings it back.
	w := do(t, s, call{method: "DELETE", path: emulator.ControlPath + "faults"})
	if err := ask(); w.Code != 200 || err != nil {
		t.Errorf("got status %d and the error %v, want 200 and none", w.Code, err)
	}
}
