package dashscopetest_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// texts of the request that the faults of answers are tried on.
const three = `{"model":"text-embedding-v4","input":["a b","b c","c d"],"dimensions":64}`

func TestAnswerFaults(t *testing.T) {
	type raw struct {
		Data []struct {
			Embedding json.RawMessage
			Index     int
		}
		Usage map[string]int
	}
	quiet := open(t, dashscopetest.Options{})
	clean := vectors(t, quiet, three)
	for name, check := range map[string]func(r raw, body string) bool{
		"shuffled": func(r raw, _ string) bool {
			order := []int{r.Data[0].Index, r.Data[1].Index, r.Data[2].Index}
			sorted := slices.Sorted(slices.Values(order))
			return !slices.Equal(order, []int{0, 1, 2}) && slices.Equal(sorted, []int{0, 1, 2})
		},
		"wrong-count": func(r raw, _ string) bool { return len(r.Data) == 2 },
		"duplicate-index": func(r raw, _ string) bool {
			seen := map[int]bool{}
			for _, d := range r.Data {
				seen[d.Index] = true
			}
			return len(r.Data) == 3 && len(seen) == 2
		},
		"null-vector": func(r raw, body string) bool {
			return len(r.Data) == 3 && strings.Count(body, `"embedding":null`) == 1
		},
		"wrong-dimensions": func(r raw, _ string) bool {
			halves := 0
			for _, d := range r.Data {
				var v []float32
				if json.Unmarshal(d.Embedding, &v) == nil && len(v) == 32 {
					halves++
				}
			}
			return halves == 1
		},
		"drift": func(r raw, _ string) bool {
			var v []float32
			return json.Unmarshal(r.Data[0].Embedding, &v) == nil && math.Abs(float64(dot(v, clean[0]))) < .9
		},
	} {
		for seed := range uint64(20) {
			s := open(t, dashscopetest.Options{Options: emulator.Options{Seed: 0, Faults: []emulator.Fault{{Name: name}}}})
			if seed > 0 {
				s = open(t, dashscopetest.Options{Options: emulator.Options{Seed: seed, Faults: []emulator.Fault{{Name: name}}}})
			}
			w := do(t, s, call{body: three})
			var r raw
			if err := json.Unmarshal(w.Body.Bytes(), &r); w.Code != 200 || err != nil || r.Usage["total_tokens"] != 6 || !check(r, w.Body.String()) {
				t.Fatalf("%s, seed %v: got %d, %s and the error %v, want status 200, 6 tokens and the fault's answer", name, seed, w.Code, w.Body, err)
			}
			if name == "shuffled" && seed == 0 {
				for _, d := range r.Data {
					var v []float32
					if json.Unmarshal(d.Embedding, &v) != nil || !slices.Equal(v, clean[d.Index]) {
						t.Error("the index is not the vector's own")
					}
				}
			}
			info := catalog(t, name)
			if l := s.Ledger(); l.Texts != 3 || (l.Spoiled == 3) != info.Billed || l.Lost != 0 || l.Faults[name] != 1 {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
	one := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "duplicate-index"}}}})
	expect.Equal(t, "answers to a single text", strings.Count(do(t, one, call{}).Body.String(), `"index":0`), 2)
	one = open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "wrong-count"}}}})
	if w := do(t, one, call{}); !strings.HasPrefix(w.Body.String(), `{"data":[],`) {
		t.Errorf("got %s, want no data", w.Body)
	}
}

func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func catalog(t *testing.T, name string) emulator.FaultInfo {
	t.Helper()
	all := dashscopetest.Catalog()
	i := slices.IndexFunc(all, func(f emulator.FaultInfo) bool { return f.Name == name })
	if i < 0 {
		t.Fatal("no fault", name)
	}
	return all[i]
}

func TestNaN(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "nan"}}}})
	w := do(t, s, call{body: three})
	if body := w.Body.String(); w.Code != 200 || strings.Count(body, `"embedding":[NaN,`) != 1 || json.Valid(w.Body.Bytes()) ||
		!json.Valid([]byte(strings.Replace(body, "NaN", "0", 1))) {
		t.Errorf("got %d and %s, want status 200 and one NaN where a number belongs", w.Code, body)
	}
	w = do(t, s, call{body: `{"model":"text-embedding-v4","input":"a","dimensions":64,"encoding_format":"base64"}`})
	if !strings.Contains(w.Body.String(), `"embedding":"AADAf`) || !json.Valid(w.Body.Bytes()) {
		t.Errorf("got %s, want a NaN in valid base64", w.Body)
	}
}

func TestBase64Faults(t *testing.T) {
	wish := call{body: `{"model":"text-embedding-v4","input":"a","dimensions":64,"encoding_format":"base64"}`}
	s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "base64-ignore"}}}})
	if w := do(t, s, wish); w.Code != 200 || !strings.Contains(w.Body.String(), `"embedding":[`) {
		t.Errorf("got %d and %s, want status 200 and numbers", w.Code, w.Body)
	}
	expect.NoError(t, s.SetFaults(emulator.Fault{Name: "base64-400"}))
	do(t, s, call{}) // asks for numbers: the fault cannot strike it
	refused(t, do(t, s, wish), 400, algo("<400> InternalError.Algo.InvalidParameter: Value error, encoding_format is invalid, only float is supported.: encoding_format"))
	if f := s.Faults()[0]; f.Seen != 1 || f.Injected != 1 {
		t.Errorf("%+v", f)
	}
}

func TestBadText(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "bad-text", Match: "bad, very bad"}}}})
	refused(t, do(t, s, call{body: `{"model":"text-embedding-v4","input":["fine","so bad, very bad"]}`}), 400, inspection)
	expect.Equal(t, "status of the good text alone", do(t, s, call{body: `{"model":"text-embedding-v4","input":["fine"]}`}).Code, 200)
	if l := s.Ledger(); l.Texts != 1 || l.Faults["bad-text"] != 1 {
		t.Errorf("%+v", l)
	}
	s = open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "bad-text"}}}})
	refused(t, do(t, s, call{body: `{"model":"text-embedding-v4","input":"` + emulator.BadText + `"}`}), 400, inspection)
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "slow", Delay: time.Minute, Next: 1}, {Name: "slow", Next: 1}, {Name: "shuffled"}}}})
		for _, want := range []time.Duration{time.Minute, time.Second, 0} {
			start := time.Now()
			if w := do(t, s, call{body: three}); w.Code != 200 || time.Since(start) != want || strings.Contains(w.Body.String(), `{"data":[{"index":0`) {
				t.Errorf("got status %d after %v, want 200 after %v and the data out of order", w.Code, time.Since(start), want)
			}
		}
		if l := s.Ledger(); l.Faults["slow"] != 2 || l.Faults["shuffled"] != 3 {
			t.Errorf("%+v", l.Faults)
		}
	})
}
