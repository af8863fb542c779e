package dashscopetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// Settings are what may change while the emulator runs. The zero value has the documented limits, no rates, no latency.
type Settings struct {
	Rates Rates
	// Limits by model: those that are not zero stand in for the documented ones. Over Texts the answer is the batch
	// size error, over TextTokens the range error, over Tokens and Bytes, of which no capture exists, BadRequest.TooLarge.
	Limits map[string]embedding.Limits
	// Latency is what every answer with vectors takes at least, plus a random part of Jitter.
	Latency, Jitter time.Duration
	// RetryAfter sends the header with answers of Rates: whole seconds until the window opens anew. The service is not
	// known to send it.
	RetryAfter bool
}

func (s Settings) check() error {
	r := s.Rates
	if r.RPM < 0 || r.TPM < 0 || !(r.Growth >= 0) {
		return errors.New("dashscopetest: a rate is negative: use 0 for none")
	}
	if s.Latency < 0 || s.Jitter < 0 {
		return errors.New("dashscopetest: latency or jitter is negative")
	}
	all := models("")
	for name, l := range s.Limits {
		if all[name].ID == "" {
			return fmt.Errorf("dashscopetest: limits for unknown model %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
		}
		if min(l.Texts, l.Tokens, l.Bytes, l.TextTokens) < 0 {
			return fmt.Errorf("dashscopetest: a limit of %s is negative", name)
		}
	}
	return nil
}

func (s Settings) clone() Settings {
	s.Limits = maps.Clone(s.Limits)
	return s
}
