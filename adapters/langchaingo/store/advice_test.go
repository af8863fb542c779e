package store_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

// The guard passes on a store's error at opening without a password and with advice, and the error
// still unwraps.
func TestOpeningFails(t *testing.T) {
	opening := func(err error) error {
		_, err = store.New(t.Context(), model("m", 8), func(embeddings.Embedder) (vectorstores.VectorStore, error) { return nil, err }, cosine)
		return err
	}
	for _, dsn := range []string{"redis://me:secret@host:port", "redis://:secret@host:port/0", "redis://me:sec@secret@host:port", "http://me:secret@host:port/path?x=1@2"} {
		_, cause := url.Parse(dsn)
		err := opening(cause)
		expect.Says(t, "the error", err, "store: opening", ":xxxxx@host:port", "invalid port")
		if strings.Contains(err.Error(), "sec") {
			t.Errorf("the password is in %v", err)
		}
		if _, ok := errors.AsType[*url.Error](err); !ok {
			t.Error("the cause is lost")
		}
	}
	for text, want := range map[string]string{
		`ERROR: extension "vector" is not available (SQLSTATE 0A000)`:            "install pgvector",
		`ERROR: permission denied to create extension "vector" (SQLSTATE 42501)`: "let a superuser run CREATE EXTENSION vector",
		`ERROR: access method "hnsw" does not exist (SQLSTATE 42704)`:            "pgvector is older than 0.5",
		"410 Gone": "Chroma 1 or later",
		"DisableCache must be true for redis not supporting client-side caching or not supporting RESP3": "older than Redis 6",
	} {
		expect.Says(t, "the error", opening(errors.New(text)), text+": ", want)
	}
	if err := opening(context.Canceled); !errors.Is(err, context.Canceled) || err.Error() != "store: opening: context canceled" {
		t.Errorf("got %v, want context canceled without advice", err)
	}
}
