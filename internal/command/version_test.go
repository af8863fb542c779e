package command

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestVersion(t *testing.T) {
	for _, word := range []string{"version", "-version", "--version"} {
		code, out, errs := vecspace(t, "", word)
		ended(t, code, 0, out+errs, "vecspace ", runtime.Version())
	}
}

// An image is built without the repository, so the Dockerfile has the linker set the version.
func TestVersionOfAnImage(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	expect.NoError(t, err)
	set := "-X " + reflect.TypeFor[Parts]().PkgPath() + ".stamped=$VERSION"
	if !strings.Contains(string(file), set) {
		t.Errorf("the Dockerfile does not say %s", set)
	}
	stamped = "v1.2.3"
	t.Cleanup(func() { stamped = "" })
	code, out, errs := vecspace(t, "", "version")
	ended(t, code, 0, out+errs, "vecspace v1.2.3, go")
}
