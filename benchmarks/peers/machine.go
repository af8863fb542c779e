package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// machine says where and with what the figures were measured.
func machine(now time.Time, quick bool, rounds int) []string {
	kind := "full run"
	if quick {
		kind = "quick run"
	}
	return []string{
		fmt.Sprintf("%s, %s, %d rounds", now.UTC().Format("2006-01-02 15:04 UTC"), kind, rounds),
		fmt.Sprintf("%s, %s/%s, %d processors (%s)%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), field("/proc/cpuinfo", "model name"), load()),
		"versions: " + strings.Join(versions(), ", "),
		"missing: github.com/milosgajdos/go-embeddings, which the module proxy did not serve",
	}
}

// field returns the value of the first line "name : value" in a file, if there is one.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer func() { _ = f.Close() }() // it was only read
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// load says what else the machine was doing when the run began.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := strings.Cut(string(b), " ")
	return ", load " + one + " before the run"
}

// versions returns the versions of the compared modules in this binary.
func versions() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	wanted := []string{"github.com/sashabaranov/go-openai", "github.com/openai/openai-go/v3", "github.com/cloudwego/eino-ext/components/embedding/openai",
		"github.com/tmc/langchaingo", "github.com/philippgille/chromem-go", "github.com/dgraph-io/ristretto/v2", "github.com/maypok86/otter/v2"}
	var out []string
	for _, d := range info.Deps {
		if slices.Contains(wanted, d.Path) {
			out = append(out, strings.TrimPrefix(d.Path, "github.com/")+" "+d.Version)
		}
	}
	return out
}
