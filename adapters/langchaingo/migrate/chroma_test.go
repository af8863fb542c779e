package migrate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// chromaServer answers as Chroma 0.5.23 does, whose answers were recorded. Its documents are
// numbered.
type chromaServer struct {
	v1    bool // an old server, without the API v2
	ids   []string
	asked int // documents in the largest request
	after func(page int)
	pages int
}

func (c *chromaServer) client() *http.Client { return &http.Client{Transport: c} }

func (c *chromaServer) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result(), nil
}

func (c *chromaServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	const v2, id = "/api/v2/tenants/default_tenant/databases/default_database/collections/", "8f77f3f9-c308-4d75-ab9b-ada27b2eb6c6"
	path, isV2 := strings.CutPrefix(req.URL.Path, v2)
	if !isV2 {
		path = strings.TrimPrefix(req.URL.Path, "/api/v1/collections/")
	}
	switch {
	case isV2 && c.v1, req.URL.Path == "/api/v2/heartbeat" && c.v1:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"detail":"Not Found"}`)
	case req.URL.Path == "/api/v2/heartbeat":
		fmt.Fprint(w, `{"nanosecond heartbeat":1795547244162021927}`)
	case !isV2 && req.URL.Query().Get("database") != "default_database" && !strings.Contains(path, "/"):
		w.WriteHeader(http.StatusUnprocessableEntity)
	case path == "notes":
		fmt.Fprintf(w, `{"id":%q,"name":"notes","metadata":null,"dimension":2,"tenant":"default_tenant","database":"default_database"}`, id)
	case path == id+"/count":
		fmt.Fprint(w, len(c.ids))
	case path == id+"/get":
		var q struct{ Limit, Offset int }
		json.NewDecoder(req.Body).Decode(&q)
		c.asked = max(c.asked, q.Limit)
		type page struct {
			IDs       []string         `json:"ids"`
			Documents []any            `json:"documents"`
			Metadatas []map[string]any `json:"metadatas"`
		}
		p := page{IDs: c.ids[min(q.Offset, len(c.ids)):min(q.Offset+q.Limit, len(c.ids))]}
		for _, id := range p.IDs {
			var text any = "text of " + id
			if id == "id-4" {
				text = nil
			}
			p.Documents = append(p.Documents, text)
			p.Metadatas = append(p.Metadatas, map[string]any{"n": 1, "big": int64(9007199254740993), "f": 1.5, "b": true})
		}
		json.NewEncoder(w).Encode(p)
		if c.pages++; c.after != nil {
			c.after(c.pages)
		}
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"InvalidCollection","message":"Collection nope does not exist."}`)
	}
}

func numbered(n int) *chromaServer {
	c := &chromaServer{}
	for i := range n {
		c.ids = append(c.ids, fmt.Sprint("id-", i))
	}
	return c
}

func (c *chromaServer) reader(collection string) collection.Reader {
	return migrate.Chroma(migrate.ChromaOptions{URL: "http://user:secret@chroma.test/", Collection: collection, Page: 10, Client: c.client()})
}

func TestChromaReader(t *testing.T) {
	for _, v1 := range []bool{false, true} {
		c := numbered(35)
		c.v1 = v1
		r := c.reader("notes")
		d, err := r.Describe(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "the number of documents", d.Documents, 35)
		expect.Equal(t, "the ID", d.ID, "chroma:8f77f3f9-c308-4d75-ab9b-ada27b2eb6c6")
		expect.Equal(t, "the dimensions", d.Dimensions, []int{2})
		if strings.Contains(d.Name, "secret") {
			t.Fatalf("the name %q holds the password", d.Name)
		}
		// From every position the rest comes, once and in order.
		at := ""
		for from := 0; from <= 35; from++ {
			n := from
			next := ""
			for d, err := range r.Documents(t.Context(), at) {
				if err != nil || d.ID != fmt.Sprint("id-", n) {
					t.Fatalf("from %d: %v, %v, want %d", from, d.ID, err, n)
				}
				if want := "text of " + d.ID; d.PageContent != want && d.ID != "id-4" {
					t.Fatalf("got %q, want %q", d.PageContent, want)
				}
				m := d.Metadata
				if m["n"] != int64(1) || m["f"] != 1.5 || m["b"] != true || m["big"] != int64(9007199254740993) {
					t.Fatalf("got %#v, want the values with their types", m)
				}
				if n == from {
					next = d.Position
				}
				n++
			}
			expect.Equal(t, fmt.Sprintf("documents from %d", from), n, 35)
			at = next
			if from == 34 {
				break
			}
		}
		expect.Equal(t, "documents asked for at once", c.asked, 11)
		if d, err := c.reader("nope").Describe(t.Context()); err != nil || d.ID != "" {
			t.Errorf("a collection that is not there: %+v, %v", d, err)
		}
	}
}

// TestChromaShifts: documents removed while the reader is under way would make it pass others over.
func TestChromaShifts(t *testing.T) {
	c := numbered(35)
	c.after = func(page int) {
		if page == 2 {
			c.ids = c.ids[3:]
		}
	}
	n := 0
	var got error
	for _, err := range c.reader("notes").Documents(t.Context(), "") {
		if got = err; err == nil {
			n++
		}
	}
	if n != 20 || got == nil || !strings.Contains(got.Error(), "document 20 is no longer id-19") {
		t.Errorf("%d documents, %v", n, got)
	}
	for _, err := range c.reader("notes").Documents(t.Context(), "what") {
		got = err
	}
	expect.Says(t, "the error", got, "does not belong to this collection")
}

func TestChromaErrors(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a server that fails": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"error":"InternalError","message":"no"}`)
		}, "chroma at chroma.test: GET /api/v2/heartbeat: status 500 InternalError no"},
		"no JSON":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "cannot be read"},
		"something else": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "names no collection"},
		"wants a token":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "status 401"},
	} {
		s := httptest.NewServer(c.handler)
		client := &http.Client{Transport: rewritten(s.URL)}
		_, err := migrate.Chroma(migrate.ChromaOptions{URL: "http://user:secret@chroma.test", Client: client}).Describe(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		s.Close()
	}
	for _, url := range []string{"http://user:secret@127.0.0.1:1", "http://user:secret@a b", "user:secret@\x7f"} {
		_, err := migrate.Chroma(migrate.ChromaOptions{URL: url}).Describe(t.Context())
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}

// rewritten sends every request to one address.
type rewritten string

func (r rewritten) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = strings.TrimPrefix(string(r), "http://")
	return http.DefaultTransport.RoundTrip(req)
}

func TestFromChroma(t *testing.T) {
	c, to := numbered(35), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	r := report(t, f, plan(t, c.reader("notes"), to))
	if r.Moved != 34 || r.Rejected != 1 || r.Failed[0].ID != "id-4" || to.docs[0].Metadata["f"] != 1.5 {
		t.Errorf("got %+v, want 34 moved with metadata, id-4 rejected", r)
	}
}
