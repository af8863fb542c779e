package offline

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// TestThrottled: the service refuses two requests as too many. No text is lost, and none
// is paid for twice.
func TestThrottled(t *testing.T) {
	e, service := open(t, emulator.Fault{Name: emulator.RequestRate, Next: 2})
	texts := []string{"a cat on a sofa", "a dog in the yard", "interest rates"}
	if _, err := embedding.Documents(t.Context(), e, texts); err != nil {
		t.Fatalf("Documents: %v", err)
	}
	if l := service.Ledger(); l.Texts != 3 || l.Twice != 0 {
		t.Errorf("%d texts were billed, %d of them twice; want 3 and 0", l.Texts, l.Twice)
	}
}

// TestOneBadText: the service refuses a text. The others get their vectors.
func TestOneBadText(t *testing.T) {
	e, _ := open(t, emulator.Fault{Name: "bad-text", Match: "yard"})
	res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a cat on a sofa", "a dog in the yard"}})
	partial, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 {
		t.Fatalf("the error is %v, want one that names text 1", err)
	}
	if got := embedding.Salvage(res, err).Vectors; got[0] == nil || got[1] != nil {
		t.Error("want a vector for text 0 only")
	}
}

// open returns a program's embedder against a DashScope on this machine.
func open(t *testing.T, faults ...emulator.Fault) (embedding.Embedder, *emulator.Server) {
	service, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Faults: faults}})
	if err != nil {
		t.Fatalf("dashscopetest.New: %v", err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	e, err := dashscope.New(dashscope.Options{
		Model: "text-embedding-v4", BaseURL: server.URL + dashscopetest.BasePath, Key: emulator.DefaultKey,
	})
	if err != nil {
		t.Fatalf("dashscope.New: %v", err)
	}
	quick := middleware.RetryOptions{Pause: time.Millisecond} // a test does not wait half a second
	return embedding.Chain(e, middleware.Standard(middleware.StandardOptions{Retry: quick})), service
}
