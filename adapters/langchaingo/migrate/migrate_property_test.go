package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// TestResumeProperty: however often and wherever runs are killed, fail or are left, each good
// document ends in the new collection once, and is paid for once more only if a kill came between
// embedding and writing it.
func TestResumeProperty(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		from, to := old(rapid.IntRange(1, 40).Draw(t, "documents")), &shelf{id: "new"}
		bad := func(text string) bool { return strings.HasSuffix(text, "3") }
		var fail bool // the next call to the provider
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{Limits: embedding.Limits{Texts: rapid.IntRange(1, 8).Draw(t, "limit")}},
			Script: func(embedtest.Call) embedtest.Reply {
				if fail {
					fail = false
					return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Exhausted, Err: errors.New("quota")}}
				}
				return embedtest.Reply{Each: func(text string) error {
					if bad(text) {
						return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("no")}
					}
					return nil
				}}
			},
		})
		p := migrate.Plan{From: from, To: to, Open: to.open, Journal: dir + "/" + rapid.StringMatching(`[a-z]{20}`).Draw(t, "journal"), Sample: -1}
		defer os.Remove(p.Journal)
		lost, faults := 0, rapid.IntRange(0, 4).Draw(t, "faults")
		for {
			p.Block = rapid.IntRange(3, 20).Draw(t, "block")
			ctx, cancel := context.WithCancel(context.Background())
			at := rapid.IntRange(1, 4).Draw(t, "at") // of its writes
			kind := "none"
			if faults--; faults >= 0 {
				kind = rapid.SampledFrom([]string{"kill", "store", "provider", "cancel", "leave"}).Draw(t, "kind")
			}
			writes := 0
			fail = false
			to.write = func(n int) (int, error) {
				if writes++; writes != at {
					return n, nil
				}
				switch keep := rapid.IntRange(0, n).Draw(t, "keep"); kind {
				case "kill":
					lost += n - keep
					return keep, errCrash
				case "store": // for a moment: the same run writes the rest
					return keep, errors.New("the store is full")
				case "provider":
					fail = true
				case "cancel":
					cancel()
				}
				return n, nil
			}
			left := false
			_, _, err := func() (s []migrate.Step, k bool, err error) {
				if kind != "leave" {
					return drain(ctx, f, p)
				}
				for _, err = range migrate.Run(ctx, f, p) {
					if left = writes >= at; left {
						break
					}
				}
				return nil, false, err
			}()
			cancel()
			if kind == "none" || kind == "store" && err == nil {
				expect.NoError(t, err)
				break
			}
		}
		complete(t, from, to, f, bad)
		paid, want := 0, lost
		for _, d := range from.docs {
			paid += f.Billed(d.PageContent)
			if !bad(d.PageContent) {
				want++
			}
		}
		expect.Equal(t, fmt.Sprintf("texts paid for, with %d that were embedded and not written", lost), paid, want)
	})
}
