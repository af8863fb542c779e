// Command release makes a release commit beside main and proves that users can install it.
//
//	cd .ci/release && go run . -version v0.6.0
//
// It works in a temporary worktree of the repository's HEAD. Each module's go.mod loses its
// replace lines and requires the others at the version that is released, in the order of
// dependence. A folder that serves as GOPROXY receives each module in turn, so go.sum has the
// checksums that the public proxy will have. Then both commands are installed from that folder into
// an empty GOPATH, and asked for their version. The commit and its tags stay in the repository;
// the command prints how to publish or to drop them.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"
)

// unreleased are the folders whose modules are for this tree alone.
var unreleased = []string{".ci", "benchmarks", "examples", "integration"}

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	version := flag.String("version", "", "the `version`, such as v0.6.0")
	proxy := flag.String("proxy", "", "the `folder` for the modules (default: a temporary one)")
	dry := flag.Bool("dry", false, "make no commit and no tags")
	flag.Parse()
	if !semver.IsValid(*version) || semver.Canonical(*version) != *version {
		log.Fatalf("-version %q is not a version such as v0.6.0", *version)
	}
	if err := release(*version, *proxy, *dry); err != nil {
		log.Fatal(err)
	}
}

func release(version, proxy string, dry bool) (err error) {
	repo, err := run("", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	if changed, err := run(repo, nil, "git", "status", "--porcelain"); err != nil || changed != "" {
		return errors.Join(err, errors.New("the checkout has changes: commit them first"))
	}
	scratch, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	tree, gopath := filepath.Join(scratch, "tree"), filepath.Join(scratch, "gopath")
	if proxy == "" {
		proxy = filepath.Join(scratch, "proxy")
	}
	if proxy, err = filepath.Abs(proxy); err != nil {
		return err
	}
	if _, err := run(repo, nil, "git", "worktree", "add", "--detach", tree); err != nil {
		return err
	}
	defer func() {
		_, gone := run(repo, nil, "git", "worktree", "remove", "--force", tree)
		_, clean := run("", []string{"GOPATH=" + gopath}, "go", "clean", "-modcache")
		err = errors.Join(err, gone, clean, os.RemoveAll(scratch))
	}()

	mods, err := modules(tree)
	if err != nil {
		return err
	}
	env := environment(gopath, proxy, mods[0].path)
	for _, m := range mods {
		if err := m.rewrite(version, mods); err != nil {
			return err
		}
		if m != mods[0] {
			if _, err := run(m.dir, env, "go", "mod", "tidy"); err != nil {
				return err
			}
		}
		if err := m.publish(proxy, version); err != nil {
			return err
		}
		log.Printf("%s %s", m.path, version)
	}
	if err := proven(env, gopath, mods[0].path, version); err != nil {
		return err
	}
	if dry {
		return nil
	}
	return tagged(repo, tree, version, mods)
}

// A mod is a module of the tree.
type mod struct {
	dir, prefix, path string // prefix: the folder inside the repository, "" for the root
	file              *modfile.File
}

// modules returns the released modules: the root first, and each after those that it requires.
func modules(tree string) ([]*mod, error) {
	list, err := run(tree, nil, "git", "ls-files", "go.mod", "*/go.mod")
	if err != nil {
		return nil, err
	}
	var open []*mod
	for _, name := range strings.Fields(list) {
		if slices.Contains(unreleased, strings.Split(name, "/")[0]) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, data, nil)
		if err != nil {
			return nil, err
		}
		prefix := strings.TrimSuffix(path.Dir(name), ".")
		open = append(open, &mod{filepath.Join(tree, prefix), prefix, file.Module.Mod.Path, file})
	}
	var sorted []*mod
	for len(open) > 0 {
		i := slices.IndexFunc(open, func(m *mod) bool {
			return !slices.ContainsFunc(open, func(o *mod) bool { return o != m && m.requires(o) })
		})
		if i < 0 {
			return nil, fmt.Errorf("modules require each other in a circle: %s", open[0].path)
		}
		sorted = append(sorted, open[i])
		open = slices.Delete(open, i, i+1)
	}
	if len(sorted) == 0 || sorted[0].prefix != "" {
		return nil, errors.New("the root module requires another module of this tree")
	}
	return sorted, nil
}

func (m *mod) requires(o *mod) bool {
	return slices.ContainsFunc(m.file.Require, func(r *modfile.Require) bool { return r.Mod.Path == o.path })
}

// rewrite drops the replace lines and requires the other modules at version.
func (m *mod) rewrite(version string, mods []*mod) error {
	for _, r := range slices.Clone(m.file.Replace) {
		if err := m.file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return err
		}
	}
	for _, o := range mods {
		if m.requires(o) {
			if err := m.file.AddRequire(o.path, version); err != nil {
				return err
			}
		}
	}
	m.file.Cleanup()
	data, err := m.file.Format()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, "go.mod"), data, 0o644)
}

// publish writes the files that the proxy protocol asks for: https://go.dev/ref/mod#goproxy-protocol.
func (m *mod) publish(proxy, version string) error {
	escaped, err := module.EscapePath(m.path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := zip.CreateFromDir(&archive, module.Version{Path: m.path, Version: version}, m.dir); err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(m.dir, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC()})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		version + ".zip": archive.Bytes(), version + ".mod": gomod, version + ".info": info, "list": []byte(version + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// environment makes the go command take the modules of this tree from the folder, and their
// checksums from nowhere else: the public data base does not know them yet.
func environment(gopath, proxy, root string) []string {
	public, err := run("", nil, "go", "env", "GOPROXY")
	if err != nil || public == "" {
		public = "https://proxy.golang.org"
	}
	return []string{"GOPATH=" + gopath, "GOBIN=", "GOFLAGS=", "GOWORK=off", "GONOSUMDB=" + root,
		"GOPROXY=file://" + filepath.ToSlash(proxy) + "," + public}
}

// proven installs both commands as a user does and compares the versions that they print.
func proven(env []string, gopath, root, version string) error {
	for _, command := range []string{root + "/cmd/vecspace", root + "/full/cmd/vecspace"} {
		if _, err := run(gopath, env, "go", "install", command+"@"+version); err != nil {
			return err
		}
		said, err := run("", nil, filepath.Join(gopath, "bin", "vecspace"), "version")
		if err != nil {
			return err
		}
		if !strings.Contains(said, version) {
			return fmt.Errorf("%s says %q of its version, want %s", command, said, version)
		}
		log.Printf("go install %s@%s works: %s", command, version, said)
	}
	return nil
}

// tagged commits the worktree and tags the commit once for each module.
func tagged(repo, tree, version string, mods []*mod) error {
	if _, err := run(tree, nil, "git", "commit", "-qam", "Release "+version); err != nil {
		return err
	}
	var tags []string
	for _, m := range mods {
		tag := path.Join(m.prefix, version)
		if _, err := run(tree, nil, "git", "tag", tag); err != nil {
			return errors.Join(err, fmt.Errorf("drop the tags made so far: git tag -d %s", strings.Join(tags, " ")))
		}
		tags = append(tags, tag)
	}
	list := strings.Join(tags, " ")
	fmt.Printf("To publish:  git -C %s push origin %s\nTo drop:     git -C %s tag -d %s\n", repo, list, repo, list)
	return nil
}

// run returns what a command prints, or an error with what it said.
func run(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}
