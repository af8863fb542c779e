package check

import (
	"fmt"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// The limit of texts is found exactly, in few requests: at once where the service names it.
func TestTextsAreFound(t *testing.T) {
	agreeing := &acme{texts: 96, tokens: 512}
	usual := agreeing.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{}).Requests
	for _, limit := range []int{5, 64, 95, 97, 500, 2_048} {
		for _, named := range []bool{false, true} {
			a := &acme{texts: limit, tokens: 512, named: named}
			r := a.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{})
			f := r.of("texts of a request")
			if f.Verdict != Differs || f.Found != fmt.Sprintf("%d taken, %d refused", limit, limit+1) || f.Options["max_texts"] != number(limit) {
				t.Errorf("limit %d: got %+v, want that it is found", limit, f)
			}
			most := 17
			if named {
				most = 7
			}
			if more := r.Requests - usual; more > most {
				t.Errorf("limit %d, named %v: got %d requests more, want %d at most", limit, named, more, most)
			}
		}
	}
	a := &acme{tokens: 512} // no limit
	if f := a.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{}).of("texts of a request"); f.Verdict != Differs || f.Found != "2049 taken, and perhaps more" {
		t.Errorf("got %+v, want that more are taken", f)
	}
}

// The limit of a text is found to a sixteenth, or exactly where the service names it.
func TestLongestIsFound(t *testing.T) {
	for _, limit := range []int{100, 300, 511, 2_000, 9_000} {
		for _, named := range []bool{false, true} {
			for _, cuts := range []bool{false, true} {
				a := &acme{texts: 96, tokens: limit, named: named, cuts: cuts}
				f := a.run(t, "acme:m?max_texts=96&max_text_tokens=1000", Options{}).of("longest text")
				var got int
				if _, err := fmt.Sscan(f.Options["max_text_tokens"], &got); err != nil || f.Verdict != Differs || got > limit || float64(got) < 0.85*float64(limit)-16 {
					t.Errorf("limit %d, named %v, cuts %v: got %+v, want a limit just below", limit, named, cuts, f)
				}
				if named && !cuts && limit < 1000 {
					expect.Equal(t, "the limit that was named", got, limit)
				}
			}
		}
	}
}

// An outage in the middle of the search leaves what is known.
func TestSearchBreaksOff(t *testing.T) {
	agreeing := &acme{texts: 96, tokens: 512}
	usual := agreeing.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{}).Requests
	a := &acme{texts: 30, tokens: 512}
	a.fail = func(n int) error {
		if n > usual-1 {
			return embedding.Model{}.Errorf(embedding.Unavailable, "gone")
		}
		return nil
	}
	r := a.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{})
	if f := r.of("texts of a request"); f.Verdict != Differs || f.Reason == "" || f.Options != nil {
		t.Errorf("got %+v, want that it differs, and why the limit was not found", f)
	}
	if f := r.of("longest text"); f.Verdict != NotAsked || f.Reason != "service unavailable: gone" {
		t.Errorf("got %+v, want that it could not be asked", f)
	}
}
