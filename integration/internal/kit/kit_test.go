package kit

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

// wheel writes a package of one module and returns the requirement that installs it.
func wheel(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"toy.py":                     "print('toy')\n",
		"toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
		"toy-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"toy-1.0.dist-info/RECORD":   "toy.py,,\ntoy-1.0.dist-info/METADATA,,\ntoy-1.0.dist-info/WHEEL,,\ntoy-1.0.dist-info/RECORD,,\n",
	} {
		w, err := z.Create(name)
		expect.NoError(t, err)
		fmt.Fprint(w, text)
	}
	expect.NoError(t, z.Close())
	file := filepath.Join(t.TempDir(), "toy-1.0-py3-none-any.whl")
	expect.NoError(t, os.WriteFile(file, b.Bytes(), 0o644))
	return fmt.Sprintf("toy @ file://%s --hash=sha256:%x", file, sha256.Sum256(b.Bytes()))
}

func needPip(t *testing.T) {
	t.Helper()
	if err := exec.Command("python3", "-m", "pip", "--version").Run(); err != nil {
		t.Skipf("python3 -m pip: %v", err)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	expect.NoError(t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestInstall(t *testing.T) {
	needPip(t)
	cache := filepath.Join(t.TempDir(), "new", "cache")
	toy := Recipe{Name: "toy", Version: "1.0", Wheels: []string{wheel(t)}}
	results := make([]Result, 2)
	var wg sync.WaitGroup
	for i := range results { // two at once
		wg.Go(func() {
			var err error
			if results[i], err = Install(t.Context(), cache, toy); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		})
	}
	wg.Wait()
	dir := results[0].Dir
	exe, env, err := Python(dir)
	expect.NoError(t, err)
	cmd := exec.Command(exe, "-m", "toy")
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "toy\n" {
		t.Fatalf("%q, %v", out, err)
	}
	if got := entries(t, cache); len(got) != 1 || !strings.HasPrefix(got[0], "toy-1.0-") {
		t.Errorf("the cache holds %q", got)
	}
	if res, err := Install(t.Context(), cache, toy); err != nil || !res.Already {
		t.Errorf("once more: %+v, %v", res, err)
	}
	// The Python it was for is gone: it is installed anew.
	expect.NoError(t, os.Remove(filepath.Join(dir, interpreter)))
	expect.NoError(t, os.Symlink("/gone/python", filepath.Join(dir, interpreter)))
	if res, err := Install(t.Context(), cache, toy); err != nil || res.Already || !toy.installed(dir) {
		t.Errorf("with its Python gone: %+v, %v", res, err)
	}
}

func TestInstallFails(t *testing.T) {
	needPip(t)
	cache, good := t.TempDir(), wheel(t)
	other, _, _ := strings.Cut(good, "sha256:")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		recipe Recipe
		want   string
	}{
		"another hash": {t.Context(), Recipe{Wheels: []string{other + "sha256:" + strings.Repeat("0", 64)}}, "DO NOT MATCH THE HASHES"},
		"no hash":      {t.Context(), Recipe{Wheels: []string{strings.TrimSuffix(other, " --hash=")}}, "--require-hashes"},
		"canceled":     {canceled, Recipe{Wheels: []string{good}}, "context canceled"},
		"no such file": {t.Context(), Recipe{Wheels: []string{good}, Runnable: []string{"gone"}}, "no such file"},
	} {
		c.recipe.Name, c.recipe.Version = "toy", "1.0"
		_, err := Install(c.ctx, cache, c.recipe)
		expect.Says(t, name, err, c.want, "installing toy 1.0")
		if got := entries(t, cache); len(got) > 0 {
			t.Errorf("%s: left behind: %q", name, got)
		}
	}
}

func TestSweep(t *testing.T) {
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{partPrefix + "old-1": 3 * time.Hour, partPrefix + "new-2": 0, "toy-1.0-12345678": 9 * time.Hour} {
		dir := filepath.Join(cache, name)
		expect.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
		then := time.Now().Add(-age)
		expect.NoError(t, os.Chtimes(dir, then, then))
	}
	sweep(cache)
	if got := entries(t, cache); len(got) != 2 || got[0] != partPrefix+"new-2" {
		t.Errorf("%q is left", got)
	}
}

func TestCache(t *testing.T) {
	t.Setenv(CacheVariable, "some/where")
	if dir, err := Cache(); err != nil || !filepath.IsAbs(dir) || !strings.HasSuffix(dir, "some/where") {
		t.Errorf("%s, %v", dir, err)
	}
	t.Setenv(CacheVariable, "")
	if dir, err := Cache(); err != nil || !strings.HasSuffix(dir, "/vecspace-servers") {
		t.Errorf("%s, %v", dir, err)
	}
}

// Whatever is missing is named, with its version and the command that installs it.
func TestLocate(t *testing.T) {
	t.Setenv(CacheVariable, t.TempDir())
	seen := map[string]bool{}
	for _, r := range Recipes() {
		_, err := Locate(r.Name)
		missing, ok := errors.AsType[*Missing](err)
		if !ok || missing.Recipe.Name != r.Name || strings.Contains(err.Error(), "install -slow`") != r.Slow ||
			strings.Contains(err.Error(), "install "+r.Name+"`") != r.ByName || !strings.Contains(err.Error(), r.Version) {
			t.Errorf("%s: %v", r.Name, err)
		}
		if seen[r.id()] {
			t.Errorf("%s has the folder of another", r.Name)
		}
		seen[r.id()] = true
		other := r
		other.Pins = append(other.Pins[:len(other.Pins):len(other.Pins)], "more==1")
		if other.id() == r.id() {
			t.Errorf("%s: a recipe that changed keeps its folder", r.Name)
		}
	}
	if _, err := Locate("nothing"); err == nil {
		t.Error("an unknown name is found")
	}
}
