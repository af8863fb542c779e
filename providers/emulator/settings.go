package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// Settings can change while the emulator runs. The zero value means the documented limits, no rates
// and no latency.
type Settings struct {
	Rates Rates
	// Limits by model. Values that are not zero replace the documented ones.
	Limits map[string]embedding.Limits
	// Latency is the least time that each answer with vectors takes. A random part of Jitter is added.
	Latency, Jitter time.Duration
	// BatchTime is how long a batch takes. 0 means that the first look at it finds it done.
	BatchTime time.Duration
	// RetryAfter adds a Retry-After header to refusals by Rates: whole seconds until the window
	// reopens.
	RetryAfter bool
}

func (s Settings) check(v *Vendor) error {
	r := s.Rates
	if r.RPM < 0 || r.TPM < 0 || !(r.Growth >= 0) {
		return fmt.Errorf("%s: a rate is negative: use 0 for none", v.Name)
	}
	if s.Latency < 0 || s.Jitter < 0 {
		return fmt.Errorf("%s: latency or jitter is negative", v.Name)
	}
	if s.BatchTime < 0 {
		return fmt.Errorf("%s: the time of a batch is negative", v.Name)
	}
	names := append(v.names(), v.Limited...)
	for name, l := range s.Limits {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s: limits for unknown model %q: there are %s", v.Name, name, strings.Join(names, ", "))
		}
		if min(l.Texts, l.Tokens, l.Bytes, l.TextTokens) < 0 {
			return fmt.Errorf("%s: a limit of %s is negative", v.Name, name)
		}
	}
	return nil
}

func (s Settings) clone() Settings {
	s.Limits = maps.Clone(s.Limits)
	return s
}
