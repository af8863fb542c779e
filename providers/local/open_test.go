package local_test

import (
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/local"
	"github.com/vecspace/embedding/providers/local/tiny"
)

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	expect.NoError(t, tiny.Write("tiny", tiny.Model{Prompts: map[string]string{"query": "q: "}}))
	expect.NoError(t, tiny.Write(filepath.Join("up", "raw"), tiny.Model{Unnormalized: true}))
	vendortest.Opens(t, local.Open, map[string]embedding.Model{
		"local:tiny":                  {Provider: "local", ID: "tiny", Dimensions: 32, Variant: `query="q: "`},
		"local:./up/raw?space=mine":   {Provider: "local", ID: "raw", Dimensions: 32, Space: "mine"},
		"local:up/../tiny?plain=true": {Provider: "local", ID: "tiny", Dimensions: 32},
	})
	vendortest.BadReferences(t, local.Open, embedding.Invalid, map[string]string{
		"local:absent":              filepath.Join("absent", "modules.json"),
		"local:tiny?threads=none":   `the option "threads" is not a whole number above 0`,
		"local:tiny?dimensions=16":  `there is no option "dimensions"; there are document_prefix, plain, prefix, quantize, query_prefix, space, threads, truncate`,
		"local:tiny?quantize=int4":  `quantize is "int4": there is "int8", or nothing for float32`,
		"local:tiny?truncate=maybe": `the option "truncate" is neither true nor false`,
	})
}

func TestBadOptions(t *testing.T) {
	vendortest.BadOptions(t, local.New, []vendortest.BadOption[local.Options]{
		vendortest.Bad("no folder", local.Options{}, embedding.Invalid, "no folder is named"),
		vendortest.Bad("threads", local.Options{Folder: "x", Threads: -1}, embedding.Invalid, "-1 threads: there is at least one"),
	})
}

func TestCatalog(t *testing.T) {
	all := local.Catalog()
	expect.Equal(t, "references", []string{all[0].Reference, all[0].Provider}, []string{"local:FOLDER", "local"})
}
