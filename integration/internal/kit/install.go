package kit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Result is what Install did.
type Result struct {
	Dir     string
	Already bool // nothing had to be done
	Took    time.Duration
}

// Install installs r below cache unless it is there. It works in a temporary folder and renames
// that at the end. So a killed install leaves nothing that looks installed, and of two concurrent
// installs the first wins.
func Install(ctx context.Context, cache string, r Recipe) (Result, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return Result{}, errPlatform
	}
	from, res := time.Now(), Result{Dir: filepath.Join(cache, r.id())}
	if r.installed(res.Dir) {
		res.Already = true
		return res, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return res, err
	}
	sweep(cache)
	part, err := os.MkdirTemp(cache, partPrefix+r.Name+"-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(part) }()     // nothing is there any more when it went well
	if err := os.Chmod(part, 0o755); err != nil { // PostgreSQL runs as another user than root
		return res, err
	}
	if err := r.fill(ctx, part); err != nil {
		return res, fmt.Errorf("installing %s %s: %w", r.Name, r.Version, err)
	}
	if !r.installed(res.Dir) { // no other process has installed it meanwhile, so what is there is broken
		if err := os.RemoveAll(res.Dir); err != nil {
			return res, err
		}
	}
	if err := os.Rename(part, res.Dir); err != nil && !r.installed(res.Dir) {
		return res, err
	}
	res.Took = time.Since(from)
	return res, nil
}

func (r Recipe) fill(ctx context.Context, dir string) error {
	if r.python() {
		exe, err := output(ctx, nil, "python3", "-c", "import sys, pip; assert sys.version_info >= (3, 11), 'Python 3.11 or later is needed'; print(sys.executable)")
		if err != nil {
			return fmt.Errorf("python3 with pip is needed (Debian: apt-get install python3-pip): %w", err)
		}
		if err := os.Symlink(strings.TrimSpace(exe), filepath.Join(dir, interpreter)); err != nil {
			return err
		}
	}
	if err := pip(ctx, dir, r.Wheels, "--only-binary=:all:", "--require-hashes"); err != nil {
		return err
	}
	if err := pip(ctx, dir, r.Pins, "--only-binary=:all:"); err != nil {
		return err
	}
	if err := pip(ctx, dir, r.Sources, "--no-binary=:all:", "--require-hashes"); err != nil {
		return err
	}
	for _, pkg := range r.Go {
		if _, err := output(ctx, []string{"GOBIN=" + dir, "GOFLAGS=", "GOWORK=off"}, "go", "install", pkg); err != nil {
			return err
		}
	}
	if len(r.NPM) == 2 {
		for i, name := range []string{"package.json", "package-lock.json"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(r.NPM[i]), 0o644); err != nil {
				return err
			}
		}
		if _, err := output(ctx, nil, "npm", "ci", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
			return fmt.Errorf("npm is needed, with Node 20 or later: %w", err)
		}
	}
	for _, name := range r.Runnable {
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// pip installs exactly the requirements: it resolves no dependencies. Python compiles its files at
// the first start, which takes little time.
func pip(ctx context.Context, dir string, requirements []string, flags ...string) error {
	if len(requirements) == 0 {
		return nil
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(strings.Join(requirements, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	args := append([]string{"-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile", "--target", dir, "-r", list}, flags...)
	_, err := output(ctx, []string{"PIP_ROOT_USER_ACTION=ignore", "PIP_DISABLE_PIP_VERSION_CHECK=1"}, filepath.Join(dir, interpreter), args...)
	return err
}

// output runs a command and returns what it printed; when it fails, that is in the error.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err == nil {
		return string(out), nil
	}
	said := string(out)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		said += string(exit.Stderr)
	}
	return "", fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, strings.TrimSpace(said))
}

const partPrefix = ".part-"

// sweep removes what installations left that were killed.
func sweep(cache string) {
	left, _ := filepath.Glob(filepath.Join(cache, partPrefix+"*")) // the pattern is well formed
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 2*time.Hour {
			_ = os.RemoveAll(dir) // it is only litter
		}
	}
}
