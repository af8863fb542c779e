package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// ControlPath is the path of the control API, in JSON, if Options.Control is set:
//
//	GET    /_emulator/          what the emulator is, and the catalog of faults
//	GET    /_emulator/ledger    the Ledger
//	DELETE /_emulator/ledger    Reset
//	GET    /_emulator/faults    the active faults, each with seen and injected
//	PUT    /_emulator/faults    SetFaults: an array of strings as ParseFault reads them
//	DELETE /_emulator/faults    SetFaults without any
//	GET    /_emulator/settings  the Settings
//	PATCH  /_emulator/settings  changes the given settings; durations are strings like "50ms"
//
// A bad request gets status 400 with {"error":"..."} and changes nothing. Web pages of other
// origins are refused.
const ControlPath = "/_emulator/"

// settingsJSON is the form of Settings in the control API.
type settingsJSON struct {
	RPM        int                   `json:"rpm"`
	TPM        int                   `json:"tpm"`
	RPS        int                   `json:"rps"`
	TPS        int                   `json:"tps"`
	Growth     float64               `json:"growth"`
	Latency    string                `json:"latency"`
	Jitter     string                `json:"jitter"`
	BatchTime  string                `json:"batch_time,omitempty"`
	RetryAfter bool                  `json:"retry_after"`
	Limits     map[string]limitsJSON `json:"limits"`
}

type limitsJSON struct {
	Texts      int `json:"texts"`
	Tokens     int `json:"tokens"`
	Bytes      int `json:"bytes"`
	TextTokens int `json:"text_tokens"`
}

func (s Settings) toJSON() settingsJSON {
	out := settingsJSON{
		RPM: s.Rates.RPM, TPM: s.Rates.TPM, RPS: s.Rates.RPS, TPS: s.Rates.TPS, Growth: s.Rates.Growth,
		Latency: s.Latency.String(), Jitter: s.Jitter.String(), RetryAfter: s.RetryAfter,
		Limits: map[string]limitsJSON{},
	}
	if s.BatchTime > 0 {
		out.BatchTime = s.BatchTime.String()
	}
	for name, l := range s.Limits {
		out.Limits[name] = limitsJSON{l.Texts, l.Tokens, l.Bytes, l.TextTokens}
	}
	return out
}

func (j settingsJSON) settings() (Settings, error) {
	latency, err := time.ParseDuration(j.Latency)
	jitter, err2 := time.ParseDuration(j.Jitter)
	batch, err3 := time.ParseDuration(cmp.Or(j.BatchTime, "0s"))
	out := Settings{
		Rates:   Rates{RPM: j.RPM, TPM: j.TPM, RPS: j.RPS, TPS: j.TPS, Growth: j.Growth},
		Latency: latency, Jitter: jitter, BatchTime: batch, RetryAfter: j.RetryAfter,
		Limits: map[string]embedding.Limits{},
	}
	for name, l := range j.Limits {
		out.Limits[name] = embedding.Limits{Texts: l.Texts, Tokens: l.Tokens, Bytes: l.Bytes, TextTokens: l.TextTokens}
	}
	return out, errors.Join(err, err2, err3)
}

func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, value func() any) {
		mux.HandleFunc("GET "+ControlPath+path, func(w http.ResponseWriter, _ *http.Request) { reply(w, value()) })
	}
	change := func(method, path string, do func(body []byte) error, value func() any) {
		mux.HandleFunc(method+" "+ControlPath+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
			if err == nil {
				err = do(body)
			}
			if err != nil {
				w.Header().Set("Content-Type", jsonType)
				w.WriteHeader(http.StatusBadRequest)
				reply(w, map[string]string{"error": err.Error()})
				return
			}
			reply(w, value())
		})
	}
	ledger := func() any { return s.Ledger() }
	faults := func() any { return s.Faults() }
	settings := func() any { return s.Settings().toJSON() }

	get("{$}", func() any {
		about := map[string]any{"catalog": s.catalog}
		maps.Copy(about, s.vendor.About)
		return about
	})
	get("ledger", ledger)
	change("DELETE", "ledger", func([]byte) error { s.Reset(); return nil }, ledger)
	get("faults", faults)
	change("PUT", "faults", func(body []byte) error {
		var wanted []Fault
		if err := decode(body, &wanted); err != nil {
			return err
		}
		return s.SetFaults(wanted...)
	}, faults)
	change("DELETE", "faults", func([]byte) error { return s.SetFaults() }, faults)
	get("settings", settings)
	var patching sync.Mutex // concurrent patches must not undo each other
	change("PATCH", "settings", func(body []byte) error {
		patching.Lock()
		defer patching.Unlock()
		j := s.Settings().toJSON()
		if err := decode(body, &j); err != nil {
			return err
		}
		to, err := j.settings()
		if err != nil {
			return err
		}
		return s.Configure(to)
	}, settings)
	return http.NewCrossOriginProtection().Handler(mux)
}

// decode reads one JSON value and refuses unknown fields: a misspelled setting must not go
// unnoticed.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(append(dialect.JSON(v), '\n'))
}
