package dialect

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestTexts(t *testing.T) {
	for raw, want := range map[string]Texts{`"one"`: {"one"}, `["a","b"]`: {"a", "b"}, `[]`: nil, `""`: {""}} {
		var got Texts
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{`[1,2]`, `["a",null]`, `{"a":"b"}`, `7`, `[["a"]]`} {
		var got Texts
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s is taken: %q", raw, got)
		}
	}
}

func TestInput(t *testing.T) {
	for raw, want := range map[string]Input{
		`"one"`: {Texts: []string{"one"}}, `["a","b"]`: {Texts: []string{"a", "b"}}, `[]`: {}, `7`: {}, `["a",1]`: {}, `{}`: {}, `[1.5]`: {},
		`[1,2]`: {IDs: [][]int{{1, 2}}}, `[[1,2],[3]]`: {IDs: [][]int{{1, 2}, {3}}},
	} {
		got := Input{Texts: []string{"old"}}
		expect.NoError(t, json.Unmarshal([]byte(raw), &got))
		if !slices.Equal(got.Texts, want.Texts) || !slices.EqualFunc(got.IDs, want.IDs, slices.Equal) || (got.IDs == nil) != (want.IDs == nil) {
			t.Errorf("%s: got %+v, want %+v", raw, got, want)
		}
	}
}

func TestStrict(t *testing.T) {
	var into struct {
		Model string `json:"model"`
	}
	for body, want := range map[string]string{`{"model":"m"}`: "", `{"model":"m","dimensions":3}`: `unknown field "dimensions"`, `{"model":"m"} {}`: "more than one", `{"model":`: "EOF"} {
		if err := Strict([]byte(body), &into); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
