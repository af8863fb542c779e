package embedding

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDependencies keeps dependencies at the edge: a program depends only on what it imports.
func TestDependencies(t *testing.T) {
	const here = "github.com/vecspace/embedding"
	all := map[string][]string{ // modules besides the standard library and this one
		".":                      nil,
		"./middleware":           nil,
		"./canary":               nil,
		"./adapters/langchaingo": nil,
		"./middleware/cache":     {"github.com/dgraph-io/ristretto", "github.com/cespare/xxhash", "github.com/dustin/go-humanize", "golang.org/x/sys"},
		"./jobs":                 {"github.com/dgraph-io/ristretto", "github.com/cespare/xxhash", "github.com/dustin/go-humanize", "golang.org/x/sys"}, // of the cache
		"./documents":            nil,
		"./quantize":             nil,
		"./embedtest":            nil,
		"./providers/ref":        nil,
		"./server":               {"github.com/VictoriaMetrics/metrics", "github.com/valyala/fastrand", "github.com/valyala/histogram"},
		"./providers/catalog":    nil,
		"./providers/batchapi":   nil,
		"./providers":            {"github.com/sashabaranov/go-openai", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "golang.org/x/text"},
		"./providers/static":     {"golang.org/x/text"},
		"./providers/local":      {"golang.org/x/text", "golang.org/x/sys/cpu"},
		"./providers/bedrock":    {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	}
	files, err := filepath.Glob("providers/*/open.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("got %d providers and the error %v, want 10 or more", len(files), err)
	}
	for _, file := range files {
		pkg := "./" + filepath.ToSlash(filepath.Dir(file))
		if all[pkg] == nil {
			all[pkg] = []string{"github.com/sashabaranov/go-openai"} // many share its wire
		}
	}
	dialects, err := filepath.Glob("providers/*/*dialect")
	if err != nil || len(dialects) < 10 {
		t.Fatalf("got %d dialects and the error %v, want 10 or more", len(dialects), err)
	}
	for _, dir := range dialects {
		all["./"+filepath.ToSlash(dir)] = nil
	}
	all["./providers/dialect"] = nil
	all["./providers/openai/presetdialect"] = []string{"github.com/sashabaranov/go-openai"} // the presets are the provider's
	for pkg, may := range all {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for dep := range strings.Lines(string(out)) {
			dep = strings.TrimSpace(dep)
			own := strings.HasPrefix(dep, here)
			foreign := strings.Contains(strings.Split(dep, "/")[0], ".") && !own
			if foreign && !slices.ContainsFunc(may, func(m string) bool { return strings.HasPrefix(dep, m) }) {
				t.Errorf("%s depends on %s", pkg, dep)
			}
			if pkg == "." && dep == "net/http" {
				t.Errorf("the root package depends on %s", dep)
			}
			if room, ok := strings.CutPrefix(dep, here+"/providers/"); ok && strings.HasPrefix(pkg, "./providers/") {
				room, _, _ = strings.Cut(room, "/")
				mine, _, _ := strings.Cut(strings.TrimPrefix(pkg, "./providers/"), "/")
				leaves := []string{"ref", "catalog", "dialect", "batchapi"}
				if pkg == "./providers/azure/azuredialect" && room == "openai" {
					continue // Azure's wire is OpenAI's
				}
				if room != mine && (slices.Contains(leaves, mine) || !slices.Contains(append(leaves, "internal"), room)) {
					t.Errorf("%s links %s: a provider links no other one, and the leaves link none", pkg, dep)
				}
			}
			if dep == here+"/providers/local" && pkg != "./providers/local" {
				t.Errorf("%s links the engine of models in the process", pkg)
			}
			if own && strings.HasSuffix(dep, "/static") && pkg != "./providers/static" && pkg != "./providers" {
				t.Errorf("%s links the local model's weights", pkg)
			}
			if (strings.HasSuffix(pkg, "dialect") || pkg == "./server") && dep == here+"/providers/emulator" {
				t.Errorf("%s links the emulators", pkg)
			}
		}
	}
}
