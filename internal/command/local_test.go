package command

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// Every command that opens references runs a model from its folder, although package providers does
// not link what that needs.
func TestLocal(t *testing.T) {
	sets(t)
	expect.NoError(t, tiny.Write("tiny", tiny.Model{}))
	code, out, errs := vecspace(t, "", append(append([]string{"compare"}, small...), "static:base", "local:tiny")...)
	if code != 0 {
		t.Fatalf("compare: got the exit code %d, want 0\n%s", code, errs)
	}
	holds(t, out, "static:base", "local:tiny", "3 queries, 3 documents")
	holds(t, errs, "local:tiny: 14 texts to send, 0 recorded")
	code, out, errs = vecspace(t, "hello world\n", "embed", "local:"+filepath.Join(".", "tiny"))
	if code != 0 || !strings.HasPrefix(out, `{"index":0,"vector":[`) {
		t.Errorf("embed: got the exit code %d and %.60s, want a vector\n%s", code, out, errs)
	}
	code, _, errs = vecspace(t, "hello world\n", "embed", "local:absent")
	if code == 0 || !strings.Contains(errs, "modules.json") {
		t.Errorf("embed without a folder: got the exit code %d and %s, want the file's name", code, errs)
	}
	_, err := providers.Open("local:tiny")
	expect.Says(t, "providers.Open", err, "adds local.Open to its Table")
}
