package dashscopetest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestWhen(t *testing.T) {
	struck := func(n int, seed uint64, faults ...emulator.Fault) string {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Seed: seed, Faults: faults}})
		out := make([]byte, n)
		for i := range out {
			switch do(t, s, call{}).Code {
			case 200:
				out[i] = '.'
			case 500:
				out[i] = 'e'
			case 503:
				out[i] = 'u'
			}
		}
		return string(out)
	}
	fault := func(name string, at, next int, p float64) emulator.Fault {
		return emulator.Fault{Name: name, At: at, Next: next, P: p}
	}
	for _, c := range []struct {
		faults []emulator.Fault
		want   string
	}{
		{nil, "........"},
		{[]emulator.Fault{fault("internal-error", 0, 0, 0)}, "eeeeeeee"},
		{[]emulator.Fault{fault("internal-error", 0, 3, 0)}, "eee....."},
		{[]emulator.Fault{fault("internal-error", 4, 0, 0)}, "...e...."},
		{[]emulator.Fault{fault("internal-error", 4, 2, 0)}, "...ee..."},
		{[]emulator.Fault{fault("internal-error", 0, 2, 0), fault("overloaded", 0, 3, 0)}, "eeuuu..."},
	} {
		expect.Equal(t, fmt.Sprint(c.faults), struck(8, 1, c.faults...), c.want)
	}
	half := struck(400, 1, fault("internal-error", 0, 0, .25))
	if n := strings.Count(half, "e"); n < 70 || n > 130 {
		t.Errorf("a quarter of 400 is %d", n)
	}
	if struck(400, 1, fault("internal-error", 0, 0, .25)) != half || struck(400, 2, fault("internal-error", 0, 0, .25)) == half {
		t.Error("the seed does not decide")
	}
	// A fault added behind another does not change when the first strikes.
	expect.Equal(t, "the first fault beside a second", strings.ReplaceAll(struck(400, 1, fault("internal-error", 0, 0, .25), fault("overloaded", 0, 0, .25)), "u", "."), half)
}

func TestParseFault(t *testing.T) {
	for _, spec := range []string{"reset", "reset=next:3", "slow=p:0.1,delay:2s", "overloaded=at:5,next:2,retry_after:1s,flat", "bad-text=p:0.5,match:a,b=c:d", `answer=next:2,status:429,body:{"code":"x"},y`, "kill=at:5,next:1", "nan=match:x,y", "restart=delay:900ms,match:a", "answer=status:418,match:a,b,body:{text},body:x"} {
		f, err := dashscopetest.ParseFault(spec)
		if err != nil || f.String() != spec {
			t.Errorf("%q: %+v %v", spec, f, err)
		}
	}
	if f, err := dashscopetest.ParseFault("nan=always"); err != nil || f != (emulator.Fault{Name: "nan"}) {
		t.Errorf("got %v and the error %v, want the fault nan and none", f, err)
	}
	for spec, want := range map[string]string{
		"":               `no fault ""`,
		"nonsense":       "there are access-denied, ",
		"reset=often":    `has no option "often"`,
		"reset=next:x":   `"x" is not a value for next`,
		"reset=next:0":   `"0" is not a value for next`,
		"reset=p:0":      `"0" is not a value for p`,
		"reset=p:1.5":    "between 0 and 1",
		"reset=p:NaN":    "between 0 and 1",
		"slow=delay:3":   `"3" is not a value for delay`,
		"slow=delay:-1s": "negative",
	} {
		_, err := dashscopetest.ParseFault(spec)
		vendortest.Refused(t, spec, err, nil, want)
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("slow=p:0.1,delay:2s")
	f.Add("bad-text=match:x,y")
	f.Add("answer=match:x,body:y,body:z")
	f.Add("answer=at:3,status:429,body:{}")
	f.Fuzz(func(t *testing.T, spec string) {
		first, err := dashscopetest.ParseFault(spec)
		if err != nil {
			return
		}
		again, err := dashscopetest.ParseFault(first.String())
		if err != nil || first != again {
			t.Fatalf("%q: %+v, again %+v, %v", spec, first, again, err)
		}
	})
}

// TestFaultsOfAText: with a match a fault strikes only requests with such a text, and spoils the
// vector of that text.
func TestFaultsOfAText(t *testing.T) {
	const good, bad = `{"model":"text-embedding-v4","input":["a","b"]}`, `{"model":"text-embedding-v4","input":["a","b","\"poison\"","c"]}`
	for spec, want := range map[string]string{
		`answer=status:418,match:poison,body:no: {text}`: `no: \"poison\"`,
		`overloaded=match:poison`:                        `ModelServingError`,
		`empty-503=match:poison`:                         ``,
		`nan=match:poison`:                               `[NaN,`,
		`null-vector=match:poison`:                       `null`,
	} {
		s := open(t, dashscopetest.Options{})
		f, err := dashscopetest.ParseFault(spec)
		expect.NoError(t, err)
		expect.NoError(t, s.SetFaults(f))
		expect.Equal(t, spec+": status without the text", do(t, s, call{body: good}).Code, 200)
		w := do(t, s, call{body: bad})
		body := w.Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s, want %q in it", spec, w.Code, body, want)
		}
		if rows := strings.Split(body, `"embedding":`); w.Code == 200 && (len(rows) != 5 || !strings.HasPrefix(rows[3], want)) {
			t.Errorf("%s: got %q, want the third vector spoiled", spec, body)
		}
		expect.Equal(t, spec+": struck", s.Faults()[0].Injected, 1)
	}
}

// TestRestart: the emulator is down for a while, for requests in flight too, and then serves again.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Latency: 100 * time.Millisecond}, Faults: []emulator.Fault{{Name: "restart", Delay: 900 * time.Millisecond, Match: "poison"}}}})
		start := time.Now()
		answered := func(at time.Duration, body string) (ok bool) {
			time.Sleep(time.Until(start.Add(at)))
			defer func() { ok = recover() == nil }()
			return do(t, s, call{body: body}).Code == 200
		}
		const good, bad = `{"model":"text-embedding-v4","input":"a"}`, `{"model":"text-embedding-v4","input":["a","poison"]}`
		inFlight := make(chan bool)
		go func() { inFlight <- answered(50*time.Millisecond, good) }()
		got := []bool{answered(100*time.Millisecond, bad), <-inFlight, answered(500*time.Millisecond, good), answered(1001*time.Millisecond, good)}
		expect.Equal(t, "answered: the poison, in flight, down, up again", got, []bool{false, false, false, true})
		if l := s.Ledger(); l.Billed != 2 || l.Lost != 1 {
			t.Errorf("got %+v, want 2 billed and 1 lost", l)
		}
	})
}
