package stores_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	chromatypes "github.com/amikos-tech/chroma-go/types"
	"github.com/jackc/pgx/v5"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/servers"
)

// refused opens a store that cannot be had, and returns the error. Nothing may have been embedded.
func refused(t *testing.T, open func(embeddings.Embedder) (vectorstores.VectorStore, error), o store.Options) error {
	t.Helper()
	e := model("m", dimensions)
	s, err := store.New(t.Context(), e, open, o)
	if err == nil {
		t.Fatalf("opened: %v", s)
	}
	if len(e.Calls()) != 0 {
		t.Error("something was embedded")
	}
	t.Log(err)
	return err
}

func TestPostgresThatCannotBeHad(t *testing.T) {
	open := kinds["pgvector"].open
	server := servers.PostgresWithPassword(t, "right")
	dsn := func(edit func(*url.URL)) string {
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		edit(u)
		return u.String()
	}
	says(t, refused(t, open("postgres://127.0.0.1:port/x", "x"), store.Options{}), "store: opening", "invalid port")
	says(t, refused(t, open(dsn(func(u *url.URL) { u.Path = "/nowhere" }), "x"), store.Options{}), `database "nowhere" does not exist`)
	wrong := refused(t, open(dsn(func(u *url.URL) { u.User = url.UserPassword("postgres", "wr0ng-secret") }), "x"), store.Options{})
	says(t, wrong, "password authentication failed")
	if strings.Contains(wrong.Error(), "wr0ng-secret") {
		t.Error("the password is in the error")
	}
	// No extension on the server: its folder is not looked in.
	says(t, refused(t, open(dsn(func(u *url.URL) { u.RawQuery += "&extension_control_path=/nowhere" }), "x"), store.Options{}), `extension "vector" is not available`)
	// An extension that the user may not create.
	conn, err := pgx.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE ROLE plain LOGIN PASSWORD 'plain'"); err != nil {
		t.Fatal(err)
	}
	says(t, refused(t, open(dsn(func(u *url.URL) { u.User = url.UserPassword("plain", "plain") }), "x"), store.Options{}), `permission denied to create extension "vector"`)
	server.Stop(t)
	says(t, refused(t, open(server.URL, "x"), store.Options{}), "store: opening", "refused")
}

func TestRedisThatCannotBeHad(t *testing.T) {
	open := kinds["redisvector"].open
	plain := servers.PlainValkey(t)
	says(t, refused(t, open(plain.URL, "x"), store.Options{}), "FT.SEARCH", "has no search module") // redisvector itself notices after it has embedded
	says(t, refused(t, open("redis://127.0.0.1:port", "x"), store.Options{}), "store: opening")
	c := redisClient(t, plain.URL)
	if err := c.Do(t.Context(), c.B().ConfigSet().ParameterValue().ParameterValue("requirepass", "right").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("default", "wr0ng-secret")
	wrong := refused(t, open(u.String(), "x"), store.Options{})
	says(t, wrong, "WRONGPASS")
	if strings.Contains(wrong.Error(), "wr0ng-secret") {
		t.Error("the password is in the error")
	}
	plain.Stop(t)
	says(t, refused(t, open(plain.URL, "x"), store.Options{}), "refused")
}

func TestChromaThatCannotBeHad(t *testing.T) {
	o := kinds["chroma"].options
	open := openChroma(chromatypes.COSINE)
	// Chroma 1 serves /api/v2 only, and answers 410 to the client of langchaingo.
	tooNew := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1") {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer tooNew.Close()
	says(t, refused(t, open(tooNew.URL, "x"), o), "store: opening", "410 Gone")
	tooNew.Close()
	says(t, refused(t, open(tooNew.URL, "x"), o), "store: opening", "refused")
	says(t, refused(t, open("http://127.0.0.1:port", "x"), o), "store: opening")
	server := servers.Chroma(t)
	says(t, refused(t, open(server.URL, "coll"), store.Options{}), "Options.Score")
	says(t, refused(t, open(server.URL, ""), o), "store: opening")
}

// A server that dies between two calls is an error, and what was said to be stored is there when it is back.
func TestTheServerDies(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			b := &bench{kind: k, server: k.serve(t)}
			b.url = b.server.URL
			e := embedtest.NewFake(embedtest.FakeOptions{})
			s := b.guard(t, e, "coll")
			add(t, s, 0, 20)
			b.server.Kill(t)
			_, err := s.AddDocuments(t.Context(), corpus(40)[20:])
			says(t, err, "failed while it was given 20 documents", "look before you add them again")
			if _, err := s.SimilaritySearch(t.Context(), "q", 3); err == nil {
				t.Error("a dead server answers")
			}
			b.server.Start(t)
			if n := b.count(t, "coll"); n != 20 {
				t.Errorf("%d documents", n)
			}
		})
	}
}
