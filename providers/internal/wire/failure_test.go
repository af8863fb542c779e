package wire

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/vecspace/embedding"
)

func TestReadFailure(t *testing.T) {
	for _, tc := range []struct{ body, code, typ, message, id string }{
		{body: `{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}`, code: "429", typ: "RESOURCE_EXHAUSTED", message: "slow", id: ""},
		{body: `[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]`, code: "400", typ: "INVALID_ARGUMENT", message: "bad", id: ""},
		{body: `{"error":"no model"}`, code: "", typ: "", message: "no model", id: ""},
		{body: `{"error":"too long","error_type":"Validation"}`, code: "", typ: "Validation", message: "too long", id: ""},
		{body: `{"message":"too long","code":413,"type":"Validation"}`, code: "413", typ: "Validation", message: "too long", id: ""},
		{body: `{"id":"i","message":"no"}`, code: "", typ: "", message: "no", id: "i"},
		{body: `{"detail":"no"}`, code: "", typ: "", message: "no", id: ""},
		{body: `{"detail":{"message":"no","code":"X"}}`, code: "", typ: "", message: "no", id: ""},
		{body: `{"detail":[{"msg":"one"},{"msg":"two"},null,true]}`, code: "", typ: "", message: "one, two", id: ""},
		{body: `{"detail":{"error":"no"}}`, code: "", typ: "", message: "no", id: ""},
		{body: `{"detail":"no","errors":[{"field":"task","message":"why","input":"x"}],"code":"X","request_id":"r"}`, code: "X", typ: "", message: "no: why", id: "r"},
		{body: `{"error":{"message":"refused","code":400,"metadata":{"raw":"too fast","provider_name":"A"}}}`, code: "400", typ: "", message: "refused: too fast", id: ""},
		{body: `{"error":{"message":"refused","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"too long\"}}"}}}`, code: "400", typ: "", message: "refused: too long", id: ""},
		{body: `{"error":{"message":"refused","metadata":"odd"}}`, code: "", typ: "", message: "refused", id: ""},
		{body: `{"error":{"message":"refused","metadata":{"raw":{"message":"odd"}}}}`, code: "", typ: "", message: "refused: odd", id: ""},
		{body: `{"error":null,"request_id":7}`, code: "", typ: "", message: "", id: "7"},
		{body: `{}`, code: "", typ: "", message: "", id: ""},
		{body: `[]`, code: "", typ: "", message: "", id: ""},
		{body: `"text"`, code: "", typ: "", message: "text", id: ""}, // SiliconFlow, for a wrong key
		{body: ` plain words `, code: "", typ: "", message: "plain words", id: ""},
		{body: `<html><body>no</body></html>`, code: "", typ: "", message: "", id: ""},
		{body: ``, code: "", typ: "", message: "", id: ""},
		{body: `{"error":"cut`, code: "", typ: "", message: `{"error":"cut`, id: ""},
	} {
		f := ReadFailure(400, nil, []byte(tc.body))
		if f.Code != tc.code || f.Type != tc.typ || f.Message != tc.message || f.ID != tc.id {
			t.Errorf("%s: got code %q, type %q, message %q, id %q, want Code %v, Type %v, Message %v, ID %v",
				tc.body, f.Code, f.Type, f.Message, f.ID, tc.code, tc.typ, tc.message, tc.id)
		}
	}
}

func TestSays(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":null}`: false, `{"error":""}`: false, `{"error":{}}`: false, `{"error":[]}`: false, `{"error":false}`: false, `{"error":{"code":0,"message":""}}`: false,
		`{}`: false, `{"error":"x"}`: true, `{"error":{"code":1}}`: true, `{"error":[{"message":"x"}]}`: true, `{"error":true}`: true,
	} {
		if got := ReadFailure(200, nil, []byte(body)).Named; got != want {
			t.Errorf("%s: got %v, want %v", body, got, want)
		}
	}
}

// TestBlame: texts that a server blames are set apart, unless its words cannot be right.
func TestBlame(t *testing.T) {
	texts := []string{"short", "the longest text of all", "a longer text", "b"}
	long := func(text string) bool { return len(text) > 10 }
	for _, tc := range []struct {
		name  string
		v     Verdict
		texts []string
		want  bool
	}{
		{name: "the longest", v: Verdict{Kind: embedding.Rejected, Bad: []int{1}}, texts: texts, want: true},
		{name: "the two longest", v: Verdict{Kind: embedding.Rejected, Bad: []int{1, 2}}, texts: texts, want: true},
		{name: "proved", v: Verdict{Kind: embedding.Rejected, Bad: []int{2}, Proof: long}, texts: texts, want: true},
		{name: "a shorter one", v: Verdict{Kind: embedding.Rejected, Bad: []int{0}}, texts: texts},
		{name: "one of two", v: Verdict{Kind: embedding.Rejected, Bad: []int{1, 3}}, texts: texts},
		{name: "not proved", v: Verdict{Kind: embedding.Rejected, Bad: []int{0}, Proof: long}, texts: texts},
		{name: "none", v: Verdict{Kind: embedding.Rejected}, texts: texts},
		{name: "not there", v: Verdict{Kind: embedding.Rejected, Bad: []int{4}}, texts: texts},
		{name: "all", v: Verdict{Kind: embedding.Rejected, Bad: []int{0, 1, 2, 3}}, texts: texts},
		{name: "the only one", v: Verdict{Kind: embedding.Rejected, Bad: []int{0}}, texts: texts[:1]},
		{name: "another kind", v: Verdict{Kind: embedding.Unavailable, Bad: []int{1}}, texts: texts},
	} {
		if got := tc.v.blames(tc.texts); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
	e := Failure{Status: 400, Message: "too long"}.Refusal(Verdict{Kind: embedding.Rejected, Bad: []int{1}}, "", texts)
	if got := fmt.Sprint(e.Err.(*blame).Blames()); got != "[1]" {
		t.Errorf("the error blames %s, want [1]", got)
	}
}

func TestIndexes(t *testing.T) {
	for said, want := range map[string]string{
		"at index 3":                    "[3]",
		"at index 0, 5 and 17":          "[0 5 17]",
		"at index [1, 2]":               "[1 2]",
		"at 3":                          "[]",
		"at index 99999999999999999999": "[]",
	} {
		if got := fmt.Sprint(Indexes(regexp.MustCompile(`at index (.*)`).FindStringSubmatch(said))); got != want {
			t.Errorf("%s: got %s, want %s", said, got, want)
		}
	}
}
