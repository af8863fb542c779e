package replay

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestOtherModelIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a")
	for name, m := range map[string]embedding.Model{
		"space":   {Space: "other"},
		"variant": {Variant: "query: "},
		"length":  {Dimensions: 9},
	} {
		_, err := r.Keep(embedtest.NewFake(embedtest.FakeOptions{Model: m}), "fake:fake")
		expect.Says(t, "another "+name, err, "another directory")
	}
	ported := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Origin: "fake:8080"}})
	_, err := r.Keep(ported, "fake:fake")
	expect.Says(t, "a space of the time before ports", err, "add space=fake/fake@8 to the reference")
}

func TestRefusalsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("inappropriate")}
			}
			return nil
		}}
	}}))
	_, err := kept.Embed(t.Context(), embedding.Request{Texts: []string{"good", "bad"}})
	if !errors.Is(err, embedding.Rejected) {
		t.Fatalf("error %v", err)
	}
	r.Close()
	a, ok := open(t, path, true).Lookup(0, "bad")
	if !ok || a.Vector != nil || !strings.Contains(a.Refused, "inappropriate") {
		t.Errorf("got %+v, %v, want the recorded refusal", a, ok)
	}
}

func TestNothingButAnswersIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	failing := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited}}
	}}))
	if _, err := failing.Embed(t.Context(), embedding.Request{Texts: []string{"x"}}); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) || r.Len() != 0 {
		t.Errorf("%d texts, %v", r.Len(), err)
	}
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a text with words")
	r.Close()
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(b, []byte("words")) {
		t.Errorf("the text is in the file (%v)", err)
	}
}

// What cannot be written is not handed on as a success.
func TestDiskError(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "no", "such", "folder", "a.rec"), false)
	_, err := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})).Embed(t.Context(), embedding.Request{Texts: []string{"x"}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		fake := embedtest.NewFake(embedtest.FakeOptions{})
		r := open(t, filepath.Join(t.TempDir(), "a.rec"), false)
		return embedtest.Subject{Embedder: keep(t, r, fake), Ledger: fake.Ledger}
	})
}
