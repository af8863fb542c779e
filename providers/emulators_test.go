package providers_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A program that uses an emulator outside of a test does not link the testing package.
func TestEmulatorsImportNoTesting(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	expect.NoError(t, err)
	emulators, dialects := 0, 0
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		switch name := path.Base(deps[0]); {
		case name == "vendortest":
			continue
		case strings.HasSuffix(name, "test"), name == "emulator":
			emulators++
		case strings.HasSuffix(name, "dialect"):
			dialects++
		default:
			continue
		}
		if !slices.Contains(deps, "net/http") {
			t.Errorf("the list of %s is not its own", deps[0])
		}
		if i := slices.IndexFunc(deps, func(d string) bool { return d == "testing" || strings.HasPrefix(d, "testing/") }); i >= 0 {
			t.Errorf("%s imports %s", deps[0], deps[i])
		}
	}
	if emulators != 12 || dialects != 12 {
		t.Errorf("got %d emulators and %d dialects, want 12 of each, the packages that they share among them", emulators, dialects)
	}
}
