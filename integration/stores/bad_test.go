package stores_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	chromatypes "github.com/amikos-tech/chroma-go/types"
	"github.com/jackc/pgx/v5"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// refused opens a store that cannot be had: the error says the words, and nothing was embedded.
func refused(t *testing.T, open guarded.Opening, o store.Options, words ...string) {
	t.Helper()
	e := guarded.Model("m", guarded.Dimensions)
	_, err := store.New(t.Context(), e, open, o)
	expect.Says(t, "opening", err, words...)
	expect.Equal(t, "calls", len(e.Calls()), 0)
	t.Log(err)
	if strings.Contains(fmt.Sprint(err), secret) {
		t.Error("the password is in the error")
	}
}

const secret = "wr0ng-secret"

func TestPostgresThatCannotBeHad(t *testing.T) {
	open := openPGVector()
	server := servers.PostgresWithPassword(t, "right")
	dsn := func(edit func(*url.URL)) string {
		u, err := url.Parse(server.URL)
		expect.NoError(t, err)
		edit(u)
		return u.String()
	}
	refused(t, open("postgres://me:"+secret+"@127.0.0.1:port/x", "x"), store.Options{}, "store: opening", "invalid port")
	refused(t, open(dsn(func(u *url.URL) { u.Path = "/nowhere" }), "x"), store.Options{}, `database "nowhere" does not exist`)
	refused(t, open(dsn(func(u *url.URL) { u.User = url.UserPassword("postgres", secret) }), "x"), store.Options{}, "password authentication failed")
	// An extension that the user may not create.
	conn, err := pgx.Connect(t.Context(), server.URL)
	expect.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "CREATE ROLE plain LOGIN PASSWORD 'plain'")
	expect.NoError(t, err)
	refused(t, open(dsn(func(u *url.URL) { u.User = url.UserPassword("plain", "plain") }), "x"), store.Options{}, `permission denied to create extension "vector"`, "let a superuser")
	server.Stop(t)
	refused(t, open(server.URL, "x"), store.Options{}, "store: opening", "refused")
}

func TestPostgresWithoutPGVector(t *testing.T) {
	open := openPGVector()
	refused(t, open(servers.PostgresWithoutVector(t).URL, "x"), store.Options{}, `extension "vector" is not available`, "install pgvector")
}

// TestPGVectorTooOld: before 0.5 there is no HNSW index. The data in the database is still there,
// and everything else works.
func TestPGVectorTooOld(t *testing.T) {
	b := guarded.Serve(t, pgvectorKind)
	conn, err := pgx.Connect(t.Context(), b.URL)
	expect.NoError(t, err)
	defer conn.Close(t.Context())
	// The package has the update scripts but not the old versions. So the test removes hnsw from the
	// later version, which then is like 0.4.4 in this respect.
	for _, sql := range []string{"CREATE EXTENSION vector", `DO $$ DECLARE o record; BEGIN
		FOR o IN SELECT opcname AS name, 'OPERATOR CLASS' AS sort FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'hnsw'
			UNION SELECT opfname, 'OPERATOR FAMILY' FROM pg_opfamily f JOIN pg_am a ON a.oid = opfmethod WHERE amname = 'hnsw' ORDER BY sort LOOP
			EXECUTE format('ALTER EXTENSION vector DROP %s %I USING hnsw', o.sort, o.name);
		END LOOP; END $$`, "ALTER EXTENSION vector DROP ACCESS METHOD hnsw", "DROP ACCESS METHOD hnsw CASCADE"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: got the error %v, want none", sql, err)
		}
	}
	guarded.Add(t, b.Guard(t, guarded.Model("m", guarded.Dimensions), "coll"), 0, 20)
	open := openPGVector(pgvector.WithHNSWIndex(16, 64, "vector_cosine_ops"), pgvector.WithVectorDimensions(guarded.Dimensions))
	refused(t, open(b.URL, "coll"), store.Options{}, `access method "hnsw" does not exist`, "pgvector is older than 0.5", "ALTER EXTENSION vector UPDATE")
	expect.Equal(t, "documents", b.Count(t, "coll"), 20)
	guarded.Add(t, b.Guard(t, guarded.Model("m", guarded.Dimensions), "coll"), 20, 40)
}

func TestRedisThatCannotBeHad(t *testing.T) {
	open := opener(openRedis)
	plain := servers.PlainValkey(t)
	refused(t, open(plain.URL, "x"), store.Options{}, "FT.SEARCH", "has no search module") // redisvector itself notices after it has embedded
	refused(t, open("redis://me:"+secret+"@127.0.0.1:port", "x"), store.Options{}, "store: opening")
	c := redisClient(t, plain.URL)
	expect.NoError(t, c.Do(t.Context(), c.B().ConfigSet().ParameterValue().ParameterValue("requirepass", "right").Build()).Error())
	u, err := url.Parse(plain.URL)
	expect.NoError(t, err)
	u.User = url.UserPassword("default", secret)
	refused(t, open(u.String(), "x"), store.Options{}, "WRONGPASS")
	plain.Stop(t)
	refused(t, open(plain.URL, "x"), store.Options{}, "refused")
}

// TestRedisTooOld: redisvector's client does not speak to this server, or its search module does
// not support vectors.
func TestRedisTooOld(t *testing.T) {
	open := opener(openRedis)
	t.Run("server", func(t *testing.T) {
		refused(t, open(servers.Redis3(t).URL, "x"), store.Options{}, "store: opening", "older than Redis 6")
	})
	t.Run("module", func(t *testing.T) {
		k := redisKind
		k.Serve = servers.DebianRedis
		b := guarded.Serve(t, k)
		_, err := b.Guard(t, guarded.Model("m", guarded.Dimensions), "coll").AddDocuments(t.Context(), guarded.Corpus(5)) // it is the first add that makes the index
		expect.Says(t, "the error", err, "load RediSearch 2.4 or later")
		expect.Equal(t, "documents that no search can find", b.Count(t, "coll"), 0)
	})
}

func TestChromaThatCannotBeHad(t *testing.T) {
	o := chromaKind.Options
	open := openChroma(chromatypes.COSINE)
	tooNew := servers.Chroma1(t) // it serves /api/v2 only
	refused(t, open(tooNew.URL, "x"), o, "store: opening", "410 Gone", "Chroma 1 or later", "run Chroma 0.5.23")
	tooNew.Stop(t)
	refused(t, open(tooNew.URL, "x"), o, "store: opening", "refused")
	refused(t, open("http://me:"+secret+"@127.0.0.1:port", "x"), o, "store: opening")
	server := servers.Chroma(t)
	refused(t, open(server.URL, "coll"), store.Options{}, "Options.Score")
	refused(t, open(server.URL, ""), o, "store: opening")
}
