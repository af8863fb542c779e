package embedding

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds dependencies at the edge: what a program pays for is what it imports.
func TestDependencies(t *testing.T) {
	const here = "github.com/vecspace/embedding"
	for pkg, may := range map[string][]string{ // modules besides the standard library and this one
		".":                      nil,
		"./middleware":           nil,
		"./canary":               nil,
		"./adapters/langchaingo": nil,
		"./middleware/cache":     {"github.com/dgraph-io/ristretto", "github.com/cespare/xxhash", "github.com/dustin/go-humanize", "golang.org/x/sys"},
		"./embedtest":            nil,
		"./providers/static":     {"golang.org/x/text"},
		"./providers/openai":     {"github.com/sashabaranov/go-openai"},
		"./providers/dashscope":  {"github.com/sashabaranov/go-openai"},
		"./providers/azure":      {"github.com/sashabaranov/go-openai"},
		"./providers/bedrock":    {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	} {
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
			if rest, ok := strings.CutPrefix(dep, here+"/providers/"); ok && pkg == "./providers/dashscope" && !strings.HasPrefix(rest, "dashscope") && !strings.HasPrefix(rest, "internal/") {
				t.Errorf("a program that imports DashScope's provider only links %s", dep)
			}
			if own && strings.HasSuffix(dep, "/static") && pkg != "./providers/static" {
				t.Errorf("%s links the local model's weights", pkg)
			}
		}
	}
}
