package dashscopetest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestLedger(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	ask := func(body string) { do(t, s, call{body: body}) }
	ask(`{"model":"text-embedding-v4","input":["a","b b"]}`)
	ask(`{"model":"text-embedding-v4","input":["a","c"]}`)
	ask(`{"model":"text-embedding-v4","input":"a"}`)
	ask(`{"model":"text-embedding-v4","input":"a","dimensions":64}`) // another vector
	ask(`{"model":"text-embedding-v3","input":"a"}`)                 // another vector
	ask(`{"model":"text-embedding-v4","input":"c","dimensions":1024,"encoding_format":"base64","text_type":"query"}`)
	ask(`{"model":"v9","input":"a"}`)
	do(t, s, call{key: "wrong"})
	do(t, s, call{path: dashscopetest.NativePath, body: `{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{"text_type":"document"}}`})
	got := s.Ledger()
	want := emulator.Ledger{Requests: 9, MaxInFlight: 1, Billed: 7, Texts: 9, Distinct: 5, Twice: 2, Tokens: 10, Repeated: 4,
		Answers: map[int]int{200: 7, 401: 1, 404: 1}, Faults: map[string]int{}}
	expect.Equal(t, "ledger", fmt.Sprint(got), fmt.Sprint(want))
	expect.Equal(t, "usage", got.Usage(), embedding.Usage{Requests: 7, Tokens: 10})
	if a, c, z := s.TimesBilled("a"), s.TimesBilled("c"), s.TimesBilled("z"); a != 6 || c != 2 || z != 0 {
		t.Errorf("times billed: got %d for a, %d for c and %d for z, want 6, 2 and 0", a, c, z)
	}
	got.Answers[200] = 99 // the copy is the caller's
	s.Reset()
	if l := s.Ledger(); l.Requests != 0 || l.Answers[200] != 0 || s.TimesBilled("a") != 0 {
		t.Errorf("after Reset: %+v", l)
	}
}

// Texts billed for a caller that left are lost.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Latency: time.Hour}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		func() {
			defer func() {
				if r := recover(); r != http.ErrAbortHandler {
					t.Errorf("got the panic %v, want %v", r, http.ErrAbortHandler)
				}
			}()
			s.ServeHTTP(httptest.NewRecorder(), call{body: three}.request(ctx, "http://emulator"))
		}()
		if l := s.Ledger(); l.Texts != 3 || l.Lost != 3 || l.Answers[0] != 1 {
			t.Errorf("%+v", l)
		}
		// A client that repeats a lost request is billed again but receives nothing twice. A client that
		// repeats it once more does.
		for _, repeated := range []int{0, 3, 6} {
			do(t, s, call{body: three})
			if l := s.Ledger(); l.Twice != 3 || l.Lost != 3 || l.Spoiled != 0 || l.Repeated != repeated {
				t.Errorf("%+v, want %d repeated", l, repeated)
			}
		}
	})
}

// A Reset in the middle of requests: they count in the ledger of before.
func TestResetMidway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Latency: time.Minute}}})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { do(t, s, call{body: three}) })
		}
		synctest.Wait()
		if l := s.Ledger(); l.Requests != 3 || l.MaxInFlight != 3 || l.Texts != 9 || l.Answers[200] != 0 {
			t.Errorf("midway: %+v", l)
		}
		s.Reset()
		if l := s.Ledger(); fmt.Sprint(l) != fmt.Sprint(emulator.Ledger{Answers: map[int]int{}, Faults: map[string]int{}}) {
			t.Errorf("after Reset: got %+v, want an empty ledger", l)
		}
		wg.Wait()
		do(t, s, call{})
		if l := s.Ledger(); l.Requests != 1 || l.MaxInFlight != 1 || l.Texts != 1 || l.Repeated != 0 || l.Answers[200] != 1 {
			t.Errorf("at the end: got %+v, want the last request alone", l)
		}
	})
}

func TestConcurrency(t *testing.T) {
	const goroutines, each = 8, 40
	s := open(t, dashscopetest.Options{Options: emulator.Options{CacheBytes: 64 << 10, Faults: []emulator.Fault{{Name: "overloaded", P: .2}, {Name: "shuffled", P: .5}}, Settings: emulator.Settings{Rates: emulator.Rates{RPM: 1 << 20}, Jitter: 1}}})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				do(t, s, call{body: fmt.Sprintf(`{"model":"text-embedding-v4","input":["%d","x%d y"],"dimensions":64}`, i, g)})
				switch i % 10 {
				case 0:
					s.Ledger()
					s.Faults()
					s.TimesBilled("x")
				case 5:
					expect.Equal(t, "error", s.Configure(s.Settings()), nil)
				}
			}
		})
	}
	wg.Wait()
	l := s.Ledger()
	if l.Requests != goroutines*each || l.Answers[200]+l.Answers[503] != l.Requests || l.Billed != l.Answers[200] ||
		l.Texts != 2*l.Billed || l.Answers[503] != l.Faults["overloaded"] || l.Answers[503] == 0 || l.MaxInFlight > goroutines {
		t.Errorf("%+v", l)
	}
}

// Neither keys nor texts are in anything that the emulator says about itself.
func TestNothingLeaks(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Control: true}, KeyRegions: map[string]string{"sk-secret": "", "sk-foreign": "cn"}})
	secret := `{"model":"text-embedding-v4","input":"confidential","dimensions":3}`
	out := do(t, s, call{key: "sk-secret", body: secret}).Body.String()
	out += do(t, s, call{key: "sk-foreign"}).Body.String()
	out += do(t, s, call{key: "sk-secret", body: `{"model":"text-embedding-v4","input":"confidential"}`}).Body.String()
	for _, path := range []string{"", "ledger", "faults", "settings"} {
		out += do(t, s, call{method: "GET", path: emulator.ControlPath + path}).Body.String()
	}
	for _, word := range []string{"secret", "foreign", "confidential"} {
		if strings.Contains(out, word) {
			t.Error("found", word)
		}
	}
}
