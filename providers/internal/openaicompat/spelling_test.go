package openaicompat

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/openaicompat/scan"
)

// TestErrorsInAnySpelling: an answer that encoding/json would find an "error" in is read a second time.
func TestErrorsInAnySpelling(t *testing.T) {
	for rest, want := range map[string]bool{
		`{"data":[],"model":"m","usage":{"total_tokens":1}}`: false,
		`{"data":[],"error":{"message":"sorry"}}`:            true,
		`{"data":[],"Error":"sorry"}`:                        true,
		`{"data":[],"\u0065rror":"sorry"}`:                   true,
		`{"error"`:                                           true,
		`{"data":[],"errors":[]}`:                            false,
	} {
		if got := mayCarryError(scan.Answer{Items: 1, Rest: []byte(rest)}); got != want {
			t.Errorf("%s: %v", rest, got)
		}
	}
	if !mayCarryError(scan.Answer{Rest: []byte(`{"data":[]}`)}) {
		t.Error("an answer without items was not read a second time")
	}
}
