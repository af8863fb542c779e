package wire

import (
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
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
		{body: `{"errors":[{"code":7003,"message":"no route"}],"success":false}`, code: "7003", message: "no route"},
		{body: `{"errors":["one","two"]}`, message: "one, two"},
		{body: `{"errors":{"input":["too long"]},"title":"bad"}`, message: "bad"},
		{body: `{"Response":{"Error":{"Code":"LimitExceeded","Message":"slow"},"RequestId":"r"}}`, code: "LimitExceeded", message: "slow"},
		{body: `{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`, code: "1008", message: "insufficient balance"},
		{body: `{"error_code":17,"error_msg":"daily limit"}`, code: "17", message: "daily limit"},
		{body: "\ufeff{\"error\":\"no\"}", message: "no"},
		{body: "data: {\"error\":\"no\"}\n\n", message: "no"},
		{body: `{"message":"cut","input":["` + strings.Repeat("x", MostErrorBytes), message: "cut"},
		{body: `{"detail":[{"msg":"too long","input":{"a":{"b":[[[[[[[["x"]]]]]]]]}}}],"code":"c"}`, code: "c", message: "too long"},
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

// TestKindsWithoutACode: what a status does not tell, the words or a code of another place do.
func TestKindsWithoutACode(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   embedding.Kind
	}{
		{200, `{"success":false,"message":"rate limit reached"}`, embedding.RateLimited},
		{200, `{"errors":[{"extensions":{"code":"THROTTLED"},"message":"slow"}]}`, embedding.RateLimited},
		{200, `{"error":{"code":"model_overloaded","message":"m"}}`, embedding.Unavailable},
		{200, `{"error":{"http_code":529}}`, embedding.Unavailable},
		{200, `{"err_code":503,"err_msg":"x"}`, embedding.Unavailable},
		{200, `{"error":"The server is busy"}`, embedding.Unavailable},
		{200, `{"error":"no such thing"}`, embedding.Malformed},
		{403, `{"error":{"message":"余额不足","type":"one_api_error"}}`, embedding.Exhausted},
		{400, `{"error":{"code":"quota_not_enough"}}`, embedding.Exhausted},
		{400, `{"error":{"message":"Insufficient funds."}}`, embedding.Exhausted},
		{403, `{"error":{"message":"refused: 'an insufficient balance of power is no reason to go to war'"}}`, embedding.Auth},
		{400, `{"error":{"message":"bad input: An insufficient balance of po"}}`, embedding.Invalid},
		{402, `{"error":{"message":"bad input: An insufficient balance of po"}}`, embedding.Exhausted},
		{400, `{"error":{"message":"Insufficient balance","code":"insufficient_balance"}}`, embedding.Exhausted},
		{503, `{"error":{"message":"Insufficient funds."}}`, embedding.Unavailable},
		{400, `{"error":{"message":"busy"}}`, embedding.Invalid},
		{420, ``, embedding.RateLimited},
	} {
		e := ReadFailure(tc.status, nil, []byte(tc.body)).refusal(nil, "", []string{"An insufficient balance of power is no reason to go to war."})
		expect.Equal(t, fmt.Sprintf("kind of %d %s", tc.status, tc.body), e.Kind, tc.want)
	}
}

// TestInvalidUnder429: a classifier's Invalid does not end a job that has only been too fast.
func TestInvalidUnder429(t *testing.T) {
	classify := func(Failure) Verdict { return Verdict{Kind: embedding.Invalid} }
	for status, want := range map[int]embedding.Kind{429: embedding.RateLimited, 400: embedding.Invalid, 503: embedding.Unavailable} {
		expect.Equal(t, fmt.Sprint("status ", status), (Failure{Status: status, Type: "invalid_request_error"}).refusal(classify, "", nil).Kind, want)
	}
}

// nasty are bodies that made a reader work for minutes: deep, wide, and both.
func nasty() map[string]string {
	deep := func(open, close string) string {
		return `{"error":{"message":` + strings.Repeat(open, 9_000) + `"` + strings.Repeat("x", 20_000) + `"` + strings.Repeat(close, 9_000) + `}}`
	}
	escaped := `"x"`
	for range 10 {
		escaped = `{"error":{"message":"m","metadata":{"raw":` + strconv.Quote(escaped) + `}}}`
	}
	return map[string]string{
		"lists":    deep("[", "]"),
		"objects":  deep(`{"message":`, "}"),
		"errors":   deep(`{"error":`, "}"),
		"opened":   strings.Repeat("[", 1<<20),
		"wide":     `{"error":{"message":[` + strings.Repeat(`"x",`, 1<<18) + `"x"]}}`,
		"members":  `{"error":{` + strings.Repeat(`"message":"x",`, 1<<16) + `"code":1}}`,
		"both":     `{"error":` + strings.Repeat(`[["x"],`, 1<<16),
		"numbers":  `{"code":` + strings.Repeat("1", 1<<20) + `}`,
		"raw":      escaped,
		"quotes":   `{"error":"` + strings.Repeat(`\"`, 1<<18) + `"}`,
		"slashes":  `{"error":"` + strings.Repeat(`\\\\u0041`, 1<<16) + `"}`,
		"percents": `{"error":"` + strings.Repeat(`%2541`, 1<<16) + `"}`,
		"list":     `{"error":"` + strings.Repeat(`65, `, 1<<16) + `"}`,
		"dump":     `{"error":"` + strings.Repeat(`41:`, 1<<16) + `"}`,
		"entities": `{"error":"` + strings.Repeat(`&amp;`, 1<<16) + `"}`,
		"code":     `{"code":"` + strings.Repeat(`a`, 1<<20) + `"}`,
		"id":       `{"id":"` + strings.Repeat(`QUJD`, 1<<16) + `","message":"m"}`,
	}
}

// TestWorkIsBounded: what a failure costs depends neither on its depth nor, beyond a bound, on its
// length. Memory stands for time, which no test can rely on: the old reader took 1.4 GB and 10 s
// for 38 KB.
func TestWorkIsBounded(t *testing.T) {
	texts := []string{strings.Repeat("a", 1<<16), strings.Repeat("xA%&", 1<<14)}
	for name, body := range nasty() {
		for _, status := range []int{200, 400} {
			bounded(t, name, func() {
				_ = ReadFailure(status, nil, []byte(body)).refusal(nil, "sk-0123456789abcdef", texts)
			})
		}
	}
}

// bounded fails the test if f allocates more than a failure may.
func bounded(t *testing.T, what string, f func()) {
	t.Helper()
	most := uint64(48 << 20)
	if race.Enabled {
		most *= 4 // the race detector allocates
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("%s: %d bytes were allocated, want at most %d", what, got, most)
	}
}

// FuzzFailure reads any body as any failure: it must not crash, look at more than its bound, or
// show the text.
func FuzzFailure(f *testing.F) {
	for _, body := range nasty() {
		f.Add(uint16(400), "5", []byte(body[:min(len(body), 4_000)]))
	}
	f.Add(uint16(429), "2026-01-02T03:04:05Z", []byte(`{"error":{"message":"try again in 4s","details":[{"retryDelay":"4s"}]}}`))
	f.Fuzz(func(t *testing.T, status uint16, wait string, body []byte) {
		const text = "the text of a caller, which is nobody's business"
		failure := ReadFailure(int(status), http.Header{"X-Ratelimit-Reset": {wait}, "Retry-After": {wait}}, append(body, text...))
		e := failure.refusal(nil, "sk-0123456789abcdef", []string{text})
		if s := e.Error(); len(s) > 3*maxWords || strings.Contains(s, text) || e.RetryAfter < 0 || e.RetryAfter > LongestWait {
			t.Errorf("got %q and a wait of %v, want a bounded one without the text", s, e.RetryAfter)
		}
		top, _ := parse(body)
		if nodes, levels := top.size(); nodes > 2*mostNodes || levels > deepest+1 {
			t.Errorf("got %d values in %d levels, want at most %d in %d", nodes, levels, 2*mostNodes, deepest+1)
		}
	})
}

func (n node) size() (nodes, levels int) {
	for _, item := range n.list {
		inner, deep := item.size()
		nodes, levels = nodes+inner, max(levels, deep)
	}
	return nodes + 1, levels + 1
}

func TestSays(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":null}`: false, `{"error":""}`: false, `{"error":{}}`: false, `{"error":[]}`: false, `{"error":false}`: false, `{"error":{"code":0,"message":""}}`: false,
		`{}`: false, `{"error":"x"}`: true, `{"error":{"code":1}}`: true, `{"error":[{"message":"x"}]}`: true, `{"error":true}`: true,
	} {
		expect.Equal(t, body, ReadFailure(200, nil, []byte(body)).Named, want)
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
		expect.Equal(t, tc.name, tc.v.blames(tc.texts), tc.want)
	}
	e := Failure{Status: 400, Message: "too long"}.refusal(func(Failure) Verdict {
		return Verdict{Kind: embedding.Rejected, Bad: []int{1}}
	}, "", texts)
	expect.Equal(t, "texts that the error blames", fmt.Sprint(e.Err.(*blame).Blames()), "[1]")
}

func TestIndexes(t *testing.T) {
	for said, want := range map[string]string{
		"at index 3":                    "[3]",
		"at index 0, 5 and 17":          "[0 5 17]",
		"at index [1, 2]":               "[1 2]",
		"at 3":                          "[]",
		"at index 99999999999999999999": "[]",
	} {
		expect.Equal(t, said, fmt.Sprint(Indexes(regexp.MustCompile(`at index (.*)`).FindStringSubmatch(said))), want)
	}
}
