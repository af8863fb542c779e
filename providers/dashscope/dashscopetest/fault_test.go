package dashscopetest_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
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
		if got := struck(8, 1, c.faults...); got != c.want {
			t.Errorf("%v: %s, want %s", c.faults, got, c.want)
		}
	}
	half := struck(400, 1, fault("internal-error", 0, 0, .25))
	if n := strings.Count(half, "e"); n < 70 || n > 130 {
		t.Errorf("a quarter of 400 is %d", n)
	}
	if struck(400, 1, fault("internal-error", 0, 0, .25)) != half || struck(400, 2, fault("internal-error", 0, 0, .25)) == half {
		t.Error("the seed does not decide")
	}
	// A fault added behind another does not change when the first strikes.
	if both := struck(400, 1, fault("internal-error", 0, 0, .25), fault("overloaded", 0, 0, .25)); strings.ReplaceAll(both, "u", ".") != half {
		t.Error("a second fault moved the first")
	}
}

func TestParseFault(t *testing.T) {
	for _, spec := range []string{"reset", "reset=next:3", "slow=p:0.1,delay:2s", "overloaded=at:5,next:2,retry_after:1s,flat", "bad-text=p:0.5,match:a,b=c:d", `answer=next:2,status:429,body:{"code":"x"},y`, "kill=at:5,next:1"} {
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
		if _, err := dashscopetest.ParseFault(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("slow=p:0.1,delay:2s")
	f.Add("bad-text=match:x,y")
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
