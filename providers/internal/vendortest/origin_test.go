package vendortest

import (
	"strings"
	"testing"
)

func TestOrigin(t *testing.T) {
	const sha = "00188139f12f1dff0920b6be98a4e7097232cf9f"
	for _, tc := range []struct {
		name string
		o    Origin
		says string // "": it is right
	}{
		{"a file at a commit", Origin{Source: "https://github.com/o/r/blob/" + sha + "/a.go#L7 (words)", Commit: sha, Confidence: "A"}, ""},
		{"a thread", Origin{Source: "https://github.com/o/r/issues/7", Confidence: "B"}, ""},
		{"a server of ours", Origin{Source: "integration/models", Version: "ollama 0.17.4", Confidence: "A"}, ""},
		{"nobody showed it", Origin{Confidence: "unverified"}, ""},
		{"a short commit", Origin{Source: "https://github.com/o/r/blob/0018813/a.go", Commit: "0018813", Confidence: "A"}, "40 hex"},
		{"capitals", Origin{Source: "https://github.com/o/r/blob/" + sha + "/a.go", Commit: strings.ToUpper(sha), Confidence: "A"}, "40 hex"},
		{"another commit", Origin{Source: "https://github.com/o/r/blob/main/a.go", Commit: sha, Confidence: "A"}, "not in the address"},
		{"the commit in a remark", Origin{Source: "https://github.com/o/r/issues/7 (/" + sha + "/)", Commit: sha, Confidence: "A"}, "not in the address"},
		{"a file of a branch", Origin{Source: "https://github.com/o/r/blob/main/a.go", Confidence: "A"}, "has no commit"},
		{"no address", Origin{Source: "public code", Confidence: "A"}, "neither an address"},
		{"both", Origin{Source: "https://github.com/o/r/blob/" + sha + "/a.go", Commit: sha, Confidence: "unverified"}, "is unverified"},
		{"no confidence", Origin{Source: "https://github.com/o/r/issues/7"}, "no confidence"},
	} {
		if err := tc.o.Check(); (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.says)
		}
	}
}
