package command

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

var update = flag.Bool("update", false, "write the table of docs/providers.md anew")

const tableMark = "<!-- what vecspace providers prints; go test ./internal/command -run Providers -update -->\n```text\n"

// docs/providers.md has the command's output.
func TestProvidersAreInTheDocument(t *testing.T) {
	code, out, errs := vecspace(t, "", "providers")
	if code != 0 || errs != "" {
		t.Fatalf("got the exit code %d, want 0\n%s", code, errs)
	}
	name := filepath.Join("..", "..", "docs", "providers.md")
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	before, rest, ok := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), tableMark)
	table, after, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatalf("docs/providers.md has no block that begins with %q", tableMark)
	}
	if *update {
		expect.NoError(t, os.WriteFile(name, []byte(before+tableMark+out+"```\n"+after), 0o644))
		return
	}
	if table != out {
		t.Error("got another table in docs/providers.md, want what the command prints: go test ./internal/command -run Providers -update")
	}
}

func TestProviders(t *testing.T) {
	all := models()
	code, out, _ := vecspace(t, "", "providers")
	table, below, _ := strings.Cut(out, "\n\n")
	if lines := strings.Count(table+"\n", "\n"); code != 0 || lines != len(all)+1 {
		t.Errorf("got the exit code %d and %d lines, want 0 and a line for each of %d models", code, lines, len(all))
	}
	for line := range strings.Lines(out) {
		if n := len(line) - 1; n > 100 {
			t.Errorf("got a line of %d columns, want 100 at most: %s", n, line)
		}
	}
	holds(t, below, "siliconflow:Qwen/Qwen3-Embedding-8B               prefix=qwen3\n", "vllm:MODEL                                        prefix=auto\n")
	for _, quiet := range []string{"tei:", "ollama:", "bge-m3", "text-embedding-3-small"} {
		if strings.Contains(below, quiet) {
			t.Errorf("got %s among the models that ask for prefixes without getting them, want it left out:\n%s", quiet, below)
		}
	}
	holds(t, out, "dashscope:text-embedding-v4", "DASHSCOPE_API_KEY 1024    10   8192 0.07 USD+\n")
	code, out, _ = vecspace(t, "", "providers", "siliconflow", "-json", "zhipu")
	var got []entry
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("got the exit code %d and the error %v, want JSON\n%s", code, err, out)
	}
	found := map[string]entry{}
	for _, e := range got {
		found[e.Reference] = e
		if e.Provider != "siliconflow" && e.Provider != "zhipu" || e.Status != "documented" && e.Unverified == "" {
			t.Errorf("got %+v, want an entry of siliconflow or zhipu that says what is unverified", e)
		}
	}
	e := found["zhipu:embedding-3"]
	if e.Key != "ZHIPUAI_API_KEY" || e.Limits != (limits{Texts: 64, TextTokens: 3072}) || e.Dimensions.Default != 2048 || len(e.Dimensions.OneOf) != 4 ||
		len(e.Prices) != 1 || e.Prices[0] != (price{PerMillion: 0.5, Currency: "CNY", AsOf: "2026-11-24", Batch: 0.5}) || e.Status != "documented" {
		t.Errorf("got the entry %+v, want the facts of docs/providers.md", e)
	}
	if e := found["siliconflow:BAAI/bge-m3"]; !strings.Contains(e.Unverified, "price") || e.Status != "unverified" {
		t.Errorf("got the entry %+v, want an unverified price", e)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"providers", "acme"}, 2, `there is no provider "acme"; there are ` + all[0].Provider + ", "},
		{[]string{"providers", "-color"}, 2, "not defined: -color"},
		{[]string{"providers", "-h"}, 0, "-json"},
	} {
		if code, out, errs := vecspace(t, "", c.args...); code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%v: got the exit code %d, want %d and %q\n%s%s", c.args, code, c.code, c.want, out, errs)
		}
	}
}
