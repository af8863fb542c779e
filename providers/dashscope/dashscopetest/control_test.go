package dashscopetest_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestControl(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Control: true, Settings: emulator.Settings{Rates: emulator.Rates{RPM: 6000}}}})
	ask := func(method, path, body string, status int) string {
		t.Helper()
		w := do(t, s, call{method: method, path: emulator.ControlPath + path, key: "-", body: body})
		expect.Equal(t, fmt.Sprint("status of ", method, " ", path, ": ", w.Body), w.Code, status)
		return strings.TrimSpace(w.Body.String())
	}
	equal := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	do(t, s, call{})
	equal(ask("GET", "ledger", "", 200), `{"requests":1,"answers":{"200":1},"max_in_flight":1,"billed":1,"texts":1,"tokens":4,"distinct":1,"twice":0,"lost":0,"spoiled":0,"repeated":0,"faults":{}}`)
	equal(ask("DELETE", "ledger", "", 200), `{"requests":0,"answers":{},"max_in_flight":0,"billed":0,"texts":0,"tokens":0,"distinct":0,"twice":0,"lost":0,"spoiled":0,"repeated":0,"faults":{}}`)

	equal(ask("PUT", "faults", `["internal-error=next:1","slow=p:0.5,delay:1ms"]`, 200),
		`[{"fault":"internal-error=next:1","seen":0,"injected":0},{"fault":"slow=p:0.5,delay:1ms","seen":0,"injected":0}]`)
	expect.Equal(t, "status", do(t, s, call{}).Code, 500)
	equal(ask("GET", "faults", "", 200),
		`[{"fault":"internal-error=next:1","seen":1,"injected":1},{"fault":"slow=p:0.5,delay:1ms","seen":0,"injected":0}]`)
	for _, bad := range []string{`["nonsense"]`, `{}`, `[7]`, `["reset"] ["reset"]`, `[`} {
		if out := ask("PUT", "faults", bad, 400); !strings.HasPrefix(out, `{"error":"`) {
			t.Errorf("%s: got %s, want an error", bad, out)
		}
	}
	expect.Equal(t, "faults after wrong requests", len(s.Faults()), 2)
	equal(ask("DELETE", "faults", "", 200), `[]`)

	equal(ask("PATCH", "settings", `{"latency":"5ms","limits":{"text-embedding-v3":{"texts":6}},"retry_after":true}`, 200),
		`{"rpm":6000,"tpm":0,"rps":0,"tps":0,"growth":0,"latency":"5ms","jitter":"0s","retry_after":true,"limits":{"text-embedding-v3":{"texts":6,"tokens":0,"bytes":0,"text_tokens":0}}}`)
	ask("PATCH", "settings", `{"tpm":60,"latency":"0s"}`, 200)
	got := s.Settings()
	if got.Rates != (emulator.Rates{RPM: 6000, TPM: 60}) || got.Latency != 0 || !got.RetryAfter || got.Limits["text-embedding-v3"] != (embedding.Limits{Texts: 6}) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{`{"rmp":1}`, `{"latency":5}`, `{"latency":"5"}`, `{"rpm":-1}`, `{"limits":{"v3":{}}}`, `{"limits":{"text-embedding-v3":{"text":1}}}`} {
		ask("PATCH", "settings", bad, 400)
	}
	equal(ask("GET", "settings", "", 200), `{"rpm":6000,"tpm":60,"rps":0,"tps":0,"growth":0,"latency":"0s","jitter":"0s","retry_after":true,"limits":{"text-embedding-v3":{"texts":6,"tokens":0,"bytes":0,"text_tokens":0}}}`)

	var index struct {
		Region  string
		Catalog []struct{ Name, Does string }
	}
	if err := json.Unmarshal([]byte(ask("GET", "", "", 200)), &index); err != nil || index.Region != "intl" || len(index.Catalog) != len(dashscopetest.Catalog()) {
		t.Errorf("got the index %v and the error %v, want the region intl, the whole catalog and none", index, err)
	}
	ask("GET", "nothing", "", 404)
	ask("POST", "ledger", "", 405)
	expect.Equal(t, "requests, without those to the control endpoint", s.Ledger().Requests, 1)
}

// A page in somebody's browser must not be able to set faults.
func TestControlRefusesOtherOrigins(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Control: true}})
	r := call{method: "PUT", path: emulator.ControlPath + "faults", body: `["reset"]`}.request(t.Context(), "http://emulator")
	r.Header.Set("Origin", "https://example.com")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 403 || len(s.Faults()) != 0 {
		t.Errorf("got status %d and the faults %v, want 403 and no faults", w.Code, s.Faults())
	}
}

func TestSettingsAreCopies(t *testing.T) {
	limits := map[string]embedding.Limits{"text-embedding-v4": {Texts: 3}}
	s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Limits: limits, Latency: time.Nanosecond}}})
	limits["text-embedding-v4"] = embedding.Limits{Texts: 1}
	s.Settings().Limits["text-embedding-v4"] = embedding.Limits{Texts: 1}
	expect.Equal(t, "vectors", len(vectors(t, s, three)), 3)
}
