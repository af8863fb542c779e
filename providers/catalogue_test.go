package providers_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
)

var update = flag.Bool("update", false, "write bodies.go anew")

// Every provider that can be opened is in the catalogue, every model there can be opened, and what it then says of itself
// is what the catalogue says.
func TestCatalogue(t *testing.T) {
	keyless(t)
	t.Setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
	t.Setenv("AWS_REGION", "us-east-1")
	listed := map[string]bool{}
	seen := map[string]bool{}
	for _, e := range providers.Catalogue() {
		listed[e.Provider] = true
		if seen[e.Provider+":"+e.Model] {
			t.Errorf("%s:%s is there twice", e.Provider, e.Model)
		}
		seen[e.Provider+":"+e.Model] = true
		if d := e.Dimensions; d.Default < d.Min || d.Default > d.Max || d.OneOf != nil && !slices.Contains(d.OneOf, d.Default) {
			t.Errorf("%s:%s: the dimensions %+v contradict each other", e.Provider, e.Model, d)
		}
		for _, p := range e.Prices {
			if p.PerMillion <= 0 || len(p.Currency) != 3 || len(p.AsOf) != len("2026-11-24") {
				t.Errorf("%s:%s: the price %+v has no sum, currency or day", e.Provider, e.Model, p)
			}
		}
		if e.Key != "" && len(e.Prices) == 0 && !strings.Contains(e.Unverified, "price") {
			t.Errorf("%s:%s has no price and does not say so", e.Provider, e.Model)
		}
		if e.Key != "" {
			t.Setenv(e.Key, "not-in-the-usual-form-4711")
		}
		if before, _, _ := strings.Cut(e.Reference, ":"); before != e.Provider {
			t.Errorf("%s is not of %s", e.Reference, e.Provider)
		}
		opened, err := providers.Open(e.Reference + regionOf(e))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		m := opened.Model()
		if !strings.Contains(e.Reference, strings.TrimSuffix(m.ID, ":latest")) || m.Symmetric == e.Tasks || m.Dimensions != e.Dimensions.Default || m.Limits != e.Limits && e.Provider != "static" || m.Normalized != e.Normalized {
			t.Errorf("%s:%s: the catalogue says %+v, the embedder %+v", e.Provider, e.Model, e, m)
		}
		if len(e.Prices) > 0 && m.Price != e.Prices[0].Price {
			t.Errorf("%s:%s: the catalogue's price is %+v, the embedder's %+v", e.Provider, e.Model, e.Prices[0], m.Price)
		}
	}
	for name := range providers.Builtin() {
		if !listed[name] {
			t.Errorf("%s can be opened and is not in the catalogue", name)
		}
	}
	at := slices.IndexFunc(providers.Catalogue(), func(e providers.Entry) bool { return len(e.Dimensions.OneOf) > 0 })
	providers.Catalogue()[at].Dimensions.OneOf[0] = 1
	if providers.Catalogue()[at].Dimensions.OneOf[0] == 1 {
		t.Error("a caller's edit is seen by others")
	}
}

// regionOf returns the option of the region that the catalogue's first price is of.
func regionOf(e providers.Entry) string {
	if len(e.Prices) > 0 && e.Prices[0].Region != "" {
		return "?region=" + e.Prices[0].Region
	}
	return ""
}

// bodies.go says how many error bodies of each provider nobody can look up. It is made of the testdata:
// go test ./providers -run Bodies -update
func TestBodies(t *testing.T) {
	type count struct{ all, unseen, unpinned int }
	counts := map[string]count{}
	files, err := filepath.Glob("*/testdata/errors.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	presets := map[string]string{}
	for _, p := range openai.Presets() {
		presets[p.Title] = p.Name
		counts[p.Name] = count{}
	}
	for _, file := range files {
		all, err := vendortest.ReadFile(file)
		expect.NoError(t, err)
		for _, r := range all {
			name := filepath.Base(filepath.Dir(filepath.Dir(file)))
			if name == "openai" {
				if name = presets[r.Server]; name == "" {
					continue // a server that has no preset
				}
			}
			c := counts[name]
			c.all++
			switch {
			case r.Confidence == "unverified":
				c.unseen++
			case !r.Pinned():
				c.unpinned++
			}
			counts[name] = c
		}
	}
	var b strings.Builder
	b.WriteString("package providers\n\n// unverifiedBodies says how many of a provider's error bodies nobody can look up at a commit. Made by go test ./providers -run Bodies -update.\n" +
		"func unverifiedBodies(provider string) string {\nswitch provider {\n")
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c, bodies := counts[name], "bodies"
		if c.all == 1 {
			bodies = "body"
		}
		switch {
		case c.all == 0:
			fmt.Fprintf(&b, "case %q:\nreturn \"error bodies (none was seen)\"\n", name)
		case c.unseen > 0 && c.unpinned > 0:
			fmt.Fprintf(&b, "case %q:\nreturn \"of %d error %s %d without a source, %d without a commit (a thread or page)\"\n", name, c.all, bodies, c.unseen, c.unpinned)
		case c.unseen > 0:
			fmt.Fprintf(&b, "case %q:\nreturn \"of %d error %s %d without a source\"\n", name, c.all, bodies, c.unseen)
		case c.unpinned > 0:
			fmt.Fprintf(&b, "case %q:\nreturn \"of %d error %s %d without a commit (a thread or page)\"\n", name, c.all, bodies, c.unpinned)
		}
	}
	b.WriteString("}\nreturn \"\"\n}\n")
	want, err := format.Source([]byte(b.String()))
	expect.NoError(t, err)
	if *update {
		expect.NoError(t, os.WriteFile("bodies.go", want, 0o644))
	}
	got, err := os.ReadFile("bodies.go")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("bodies.go is not what the testdata says: go test ./providers -run Bodies -update (%v)", err)
	}
}
