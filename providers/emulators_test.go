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
	emulators := 0
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		if name := path.Base(deps[0]); !strings.HasSuffix(name, "test") || name == "vendortest" {
			continue
		}
		emulators++
		if !slices.Contains(deps, "net/http") {
			t.Errorf("the list of %s is not its own", deps[0])
		}
		if i := slices.IndexFunc(deps, func(d string) bool { return d == "testing" || strings.HasPrefix(d, "testing/") }); i >= 0 {
			t.Errorf("%s imports %s", deps[0], deps[i])
		}
	}
	if emulators < 12 {
		t.Errorf("there are %d emulators", emulators)
	}
}
