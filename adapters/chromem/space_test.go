package chromem_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
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
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("got %v, want %q", err, w)
			}
		}
	}
	refused(other, `"fake/fake@8"`, `"fake/other@8"`, "use another folder and index again")
	// A folder of the time when a server's port was no part of its space.
	ported := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Origin: "fake:8080"}})
	refused(ported, `"fake:8080/fake@8"`, "add space=fake/fake@8 to the reference")
	refused(longer, "have 8 dimensions", "have 16", "both are said to be")
	if s := open(t, f, chromem.Options{Dir: dir}); s.Count() != 1 {
		t.Errorf("%d documents after the refusals", s.Count())
	}
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
	if _, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{Dir: name}); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v", err)
	}
}
