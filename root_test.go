package embedding

import (
	"context"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds dependencies at the edge: what a program pays for is what it imports.
func TestDependencies(t *testing.T) {
	const here = "github.com/vecspace/embedding"
	all := map[string][]string{ // modules besides the standard library and this one
		".":                      nil,
		"./middleware":           nil,
		"./canary":               nil,
		"./adapters/langchaingo": nil,
		"./middleware/cache":     {"github.com/dgraph-io/ristretto", "github.com/cespare/xxhash", "github.com/dustin/go-humanize", "golang.org/x/sys"},
		"./documents":            nil,
		"./embedtest":            nil,
		"./providers/ref":        nil,
		"./providers/catalog":    nil,
		"./providers/static":     {"golang.org/x/text"},
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
				leaves := []string{"ref", "catalog", "dialect"}
				if pkg == "./providers/azure/azuredialect" && room == "openai" {
					continue // Azure's wire is OpenAI's
				}
				if room != mine && (slices.Contains(leaves, mine) || !slices.Contains(append(leaves, "internal"), room)) {
					t.Errorf("%s links %s: a provider links no other one, and the leaves link none", pkg, dep)
				}
			}
			if own && strings.HasSuffix(dep, "/static") && pkg != "./providers/static" {
				t.Errorf("%s links the local model's weights", pkg)
			}
			if strings.HasSuffix(pkg, "dialect") && dep == here+"/providers/emulator" {
				t.Errorf("%s links the emulators", pkg)
			}
		}
	}
}

func TestDocumentsAndQuery(t *testing.T) {
	row := []float32{1, 2}
	var tasks []Task
	e := fn{Model{Dimensions: 2}, func(_ context.Context, req Request) (Response, error) {
		tasks = append(tasks, req.Task)
		res := Response{}
		for range req.Texts {
			res.Vectors = append(res.Vectors, row)
		}
		return res, nil
	}}
	docs, err := Documents(t.Context(), e, []string{"a", "b"})
	if err != nil || len(docs) != 2 {
		t.Fatal(docs, err)
	}
	docs[0][0] = 9
	_ = append(docs[0], 7)
	if row[0] != 1 || docs[1][0] != 1 {
		t.Error("the rows are not the caller's own")
	}
	q, err := Query(t.Context(), e, "a")
	if err != nil || len(q) != 2 || len(tasks) != 2 || tasks[0] != TaskDocument || tasks[1] != TaskQuery {
		t.Error(q, tasks, err)
	}
	if none, err := Documents(t.Context(), e, nil); none != nil || err != nil {
		t.Error(none, err)
	}
	docs, err = Documents(t.Context(), e, []string{"a", "", "c"})
	if KindOf(err) != Partial || len(docs) != 3 || docs[0] == nil || docs[1] != nil || docs[2] == nil {
		t.Error(docs, err)
	}
	if _, err := Query(t.Context(), e, ""); KindOf(err) != Rejected {
		t.Error(err)
	}
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float32
	}{
		{[]float32{1, 0}, []float32{2, 0}, 1}, {[]float32{1, 0}, []float32{0, 3}, 0}, {[]float32{1, 1}, []float32{-1, -1}, -1},
		{[]float32{0, 0}, []float32{1, 1}, 0}, {nil, nil, 0}, {[]float32{1e30, 1e30}, []float32{1e30, 1e30}, 1},
	} {
		if got := Cosine(c.a, c.b); math.Abs(float64(got-c.want)) > 1e-6 {
			t.Errorf("Cosine(%v, %v) = %v", c.a, c.b, got)
		}
	}
	if got := Cosine([]float32{1}, []float32{1, 2}); got == got {
		t.Errorf("two spaces have the cosine %v", got)
	}
}

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a": 1, "word": 1, "words": 2, "two words": 3, "2026": 4, "a  b": 3, "向量搜索": 4, "naïve": 3, "😀": 4, "\xff": 1, "a,b\n": 4, "Привет": 6,
	} {
		if got := EstimateTokens(text); got != want {
			t.Errorf("EstimateTokens(%q) = %d, want %d", text, got, want)
		}
	}
	if allocs := testing.AllocsPerRun(10, func() { EstimateTokens("some text, 文字") }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestLimitsMin(t *testing.T) {
	got := Limits{Texts: 10, Tokens: 5}.Min(Limits{Texts: 3, Bytes: 7, TextTokens: -1})
	if got != (Limits{Texts: 3, Tokens: 5, Bytes: 7}) {
		t.Errorf("%+v", got)
	}
}

func TestUnknownSpaceEqualsNothing(t *testing.T) {
	if Space("").Same("") || !Space("a").Same("a") || Space("a").Same("b") {
		t.Error("Same")
	}
	if m := (Model{Provider: "p", Dimensions: 3}).derived(); m.Space != "" {
		t.Errorf("a model without ID got %q", m.Space)
	}
}
