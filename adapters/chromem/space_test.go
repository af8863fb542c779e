package chromem_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

func TestAnotherModelIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	f := embedtest.NewFake(embedtest.FakeOptions{})
	add(t, open(t, f, chromem.Options{Dir: dir}), doc("a", nil))
	other := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "other"}})
	longer := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: f.Model().Space, Dimensions: 16}})
	refused := func(e embedding.Embedder, want ...string) {
		t.Helper()
		_, err := chromem.New(e, chromem.Options{Dir: dir})
		expect.Says(t, "the error", err, want...)
	}
	refused(other, `"fake/fake@8"`, `"fake/other@8"`, "use another folder and index again")
	// A folder of the time when a server's port was no part of its space.
	ported := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Origin: "fake:8080"}})
	refused(ported, `"fake:8080/fake@8"`, "add space=fake/fake@8 to the reference")
	refused(longer, "have 8 dimensions", "have 16", "both are said to be")
	expect.Equal(t, "documents after the refusals", open(t, f, chromem.Options{Dir: dir}).Count(), 1)
	// The Space is compared before anything is read.
	for _, name := range documents(t, dir) {
		write(t, name, []byte("\x01noise"))
	}
	refused(other, "cannot be compared")
	refused(f, "is corrupt")
}

func TestDirThatIsAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	write(t, name, nil)
	_, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{Dir: name})
	expect.Says(t, "the error", err, name)
}

func varied(variant string) embedding.Embedder {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Variant: variant}})
}

// An index that was made without prefixes is not opened with them, or the other way round; another
// instruction for queries changes nothing.
func TestAnotherVariantIsRefused(t *testing.T) {
	const prefixed = `document="passage: ",query="query: "`
	for name, c := range map[string]struct{ made, opened, asks, want string }{
		"made without prefixes": {opened: prefixed, asks: `query="q: "`, want: "leave out prefix= and document_prefix= in the reference, or use another folder"},
		"made with prefixes":    {made: prefixed, asks: `document="passage: "`, want: "write prefix=e5 in the reference, or document_prefix=passage:%20, or use another folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "index")
			s := open(t, varied(c.made), chromem.Options{Dir: dir})
			add(t, s, doc("a", nil))
			_, err := chromem.New(varied(c.opened), chromem.Options{Dir: dir})
			expect.Says(t, "the error", err, c.want)
			_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithEmbedder(langchaingo.New(varied(c.opened))))
			expect.Says(t, "the error", err, "the store's documents were embedded")
			s = open(t, varied(c.asks), chromem.Options{Dir: dir})
			add(t, s, doc("b", nil))
			found, err := s.SimilaritySearch(t.Context(), "q", 3)
			expect.NoError(t, err)
			expect.Equal(t, "documents found", len(found), 2)
		})
	}
}

// As a user meets it: an index behind a server of OpenAI's wire, and the reference changes.
func TestPrefixesOfReferences(t *testing.T) {
	e, err := presettest.New("vllm", emulator.Options{Model: "intfloat/multilingual-e5-small"})
	expect.NoError(t, err)
	server := httptest.NewServer(e)
	defer server.Close()
	dir := t.TempDir()
	index := func(options string) (*chromem.Store, error) {
		e, err := providers.Open("vllm:intfloat/multilingual-e5-small?base_url=" + server.URL + "/v1" + options)
		expect.NoError(t, err)
		e, err = embedding.Probe(t.Context(), e)
		expect.NoError(t, err)
		return chromem.New(e, chromem.Options{Dir: dir})
	}
	s, err := index("&prefix=auto")
	expect.NoError(t, err)
	add(t, s, doc("Patch the tube and pump up the tire.", nil), doc("Knead the dough and let it rest.", nil))
	_, err = index("")
	expect.Says(t, "the error", err, "write prefix=e5 in the reference, or document_prefix=passage:%20, or use another folder")
	for _, same := range []string{"&prefix=e5", "&query_prefix=question:%20&document_prefix=passage:%20"} {
		s, err := index(same)
		expect.NoError(t, err)
		found, err := s.SimilaritySearch(t.Context(), "repair a bicycle tire", 1)
		expect.NoError(t, err)
		expect.Equal(t, same, found[0].PageContent, "Patch the tube and pump up the tire.")
	}
}

// The folder of an earlier version has no variant. It opens with any, until a document is embedded
// for it; adding what it holds says nothing.
func TestVariantOfAnEarlierFolder(t *testing.T) {
	const prefixed = `document="passage: "`
	dir := filepath.Join(t.TempDir(), "index")
	add(t, open(t, varied(""), chromem.Options{Dir: dir}), doc("a", nil))
	sidecar := filepath.Join(dir, "space.json")
	write(t, sidecar, []byte(`{"format":1,"space":"fake/fake@8","dimensions":8}`))
	early := open(t, varied(""), chromem.Options{Dir: dir})
	s := open(t, varied(prefixed), chromem.Options{Dir: dir})
	add(t, s, doc("a", nil))
	add(t, open(t, varied(""), chromem.Options{Dir: dir}), doc("a", nil))
	add(t, s, doc("b", nil))
	for name, err := range map[string]error{
		"New": func() error { _, err := chromem.New(varied(""), chromem.Options{Dir: dir}); return err }(),
		"AddDocuments of a Store that was open": func() error {
			_, err := early.AddDocuments(t.Context(), []schema.Document{doc("c", nil)})
			return err
		}(),
	} {
		expect.Says(t, name, err, "write prefix=e5 in the reference")
	}
	s = open(t, varied(prefixed), chromem.Options{Dir: dir})
	expect.Equal(t, "documents", s.Count(), 2)

	// Versions that do not compare variants refuse the folder because of its format, and open one
	// whose documents have none.
	data, err := os.ReadFile(sidecar)
	expect.NoError(t, err)
	expect.Equal(t, "sidecar", string(data), `{"format":2,"space":"fake/fake@8","dimensions":8,"variant":"document=\"passage: \"","sum":"54aeea7b"}`+"\n")
}
