package emulator

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong on purpose. With only a Name it strikes every request that it
// applies to. At, P and Next narrow that down and combine. The zero Fault is not valid. SetFaults
// activates faults.
type Fault struct {
	Name string // a name in the emulator's catalog

	At   int     // the first request to strike, of those it applies to, from 1; without Next only that one
	P    float64 // probability; 0 means always
	Next int     // at most this many times; 0 means no limit

	// Match narrows the fault down to requests with a text that contains it. A fault of one vector
	// then spoils that text's. "" means any request, or for bad-text BadText.
	Match string

	Delay      time.Duration // for slow and restart: how long; 0 means one second
	Flat       bool          // for an error: a flat body even if the API uses an envelope
	RetryAfter time.Duration // for an error: the Retry-After header, in seconds rounded up; 0 means no header
	Status     int           // for answer: the HTTP status, from 200; 0 means 500
	Body       string        // for answer: the body; {id} is the request's id, {text} the matched text
}

// ParseFault reads a fault in the form of flags and the control API: the name, then "=" and
// options separated by commas. Examples: "slow=p:0.1,delay:2s", "reset=next:3",
// "overloaded=at:5,retry_after:1s", "auth=flat", "answer=status:429,body:{}". The option "always"
// is allowed and changes nothing. match: and body: come last, in this order: body: takes the rest,
// and match: what is before ",body:". ParseFault does not check that the fault exists; SetFaults
// does.
func ParseFault(spec string) (Fault, error) {
	name, options, _ := strings.Cut(spec, "=")
	f := Fault{Name: name}
	for options != "" {
		option, rest, _ := strings.Cut(options, ",")
		key, value, _ := strings.Cut(option, ":")
		switch key {
		case "match":
			value, rest, _ = strings.Cut(strings.TrimPrefix(options, "match:"), ",body:")
			if rest != "" {
				rest = "body:" + rest
			}
		case "body":
			value, rest = strings.TrimPrefix(options, "body:"), ""
		}
		options = rest
		var err error
		switch key {
		case "always":
		case "flat":
			f.Flat = true
		case "at":
			f.At, err = positive(value)
		case "next":
			f.Next, err = positive(value)
		case "p":
			f.P, err = strconv.ParseFloat(value, 64)
			if f.P == 0 {
				err = strconv.ErrRange // 0 means always in the field, which is not what p:0 asks for
			}
		case "delay":
			f.Delay, err = time.ParseDuration(value)
		case "retry_after":
			f.RetryAfter, err = time.ParseDuration(value)
		case "status":
			f.Status, err = positive(value)
		case "match":
			f.Match = value
		case "body":
			f.Body = value
		default:
			return Fault{}, fmt.Errorf("fault %q has no option %q: there are always, at:K, next:N, p:PROBABILITY, delay:DURATION, retry_after:DURATION, flat, match:TEXT, status:N and body:TEXT", name, key)
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %q is not a value for %s", name, value, key)
		}
	}
	return f, nil
}

func positive(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && n <= 0 {
		err = strconv.ErrRange
	}
	return n, err
}

// String returns the fault in the form that ParseFault reads.
func (f Fault) String() string {
	var options []string
	add := func(set bool, format string, v any) {
		if set {
			options = append(options, fmt.Sprintf(format, v))
		}
	}
	add(f.At != 0, "at:%d", f.At)
	add(f.Next != 0, "next:%d", f.Next)
	add(f.P != 0, "p:%v", f.P)
	add(f.Delay != 0, "delay:%v", f.Delay)
	add(f.RetryAfter != 0, "retry_after:%v", f.RetryAfter)
	if f.Flat {
		options = append(options, "flat")
	}
	add(f.Status != 0, "status:%d", f.Status)
	add(f.Match != "", "match:%s", f.Match)
	add(f.Body != "", "body:%s", f.Body)
	if options == nil {
		return f.Name
	}
	return f.Name + "=" + strings.Join(options, ",")
}

// MarshalText returns what String returns.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what ParseFault reads.
func (f *Fault) UnmarshalText(text []byte) error {
	parsed, err := ParseFault(string(text))
	*f = parsed
	return err
}

// In returns an error if catalog has no such fault, or if the fault does not take an option that is
// set.
func (f Fault) In(catalog []FaultInfo) error {
	_, err := f.in(catalog)
	return err
}

func (f Fault) in(catalog []FaultInfo) (FaultInfo, error) {
	i := slices.IndexFunc(catalog, func(info FaultInfo) bool { return info.Name == f.Name })
	if i < 0 {
		names := make([]string, len(catalog))
		for i, c := range catalog {
			names[i] = c.Name
		}
		return FaultInfo{}, fmt.Errorf("there is no fault %q: there are %s", f.Name, strings.Join(names, ", "))
	}
	info := catalog[i]
	isError := info.error && info.stage == atGateway
	return info, f.check(info, isError)
}

func (f Fault) check(info FaultInfo, isError bool) error {
	switch {
	case f.At < 0 || f.Next < 0 || f.Delay < 0 || f.RetryAfter < 0:
		return fmt.Errorf("fault %q: a count or duration is negative", f.Name)
	case !(f.P >= 0 && f.P <= 1):
		return fmt.Errorf("fault %q: the probability %v is not between 0 and 1", f.Name, f.P)
	case f.Delay != 0 && info.stage != atDelay && f.Name != "restart":
		return fmt.Errorf("fault %q takes no delay: set slow beside it", f.Name)
	case strings.Contains(f.Match, ",body:"):
		return fmt.Errorf("fault %q has a match with \",body:\", which begins another option", f.Name)
	case f.Flat && !(isError && info.Flats):
		return fmt.Errorf("fault %q has no error body that could be flat", f.Name)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault %q: the status %d is not between 200 and 599", f.Name, f.Status)
	case (f.Status != 0 || f.Body != "") && f.Name != "answer":
		return fmt.Errorf("fault %q takes no status or body: only answer does", f.Name)
	case f.RetryAfter != 0 && !isError && f.Name != "empty-503" && f.Name != "answer":
		return fmt.Errorf("fault %q sends no Retry-After", f.Name)
	}
	return nil
}

// FaultState is an active fault with its counts.
type FaultState struct {
	Fault    Fault `json:"fault"`
	Seen     int   `json:"seen"`     // requests that it applied to since it was set
	Injected int   `json:"injected"` // requests that it struck
}

// fault is an active fault.
type fault struct {
	FaultState
	info FaultInfo
	rand *rand.Rand
}

func (s *Server) prepare(faults []Fault) ([]*fault, error) {
	out := make([]*fault, 0, len(faults))
	var errs []error
	for i, f := range faults {
		info, err := f.in(s.catalog)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.vendor.Name, err))
			continue
		}
		if f.At > 0 && f.Next == 0 {
			f.Next = 1
		}
		if f.Match != "" && info.stage == atGateway {
			info.stage = atText
		}
		out = append(out, &fault{FaultState{Fault: f}, info, seeded(s.seed, "fault", f.Name, strconv.Itoa(i))})
	}
	return out, errors.Join(errs...)
}

// due counts a request that the fault applies to and reports whether the fault strikes it.
func (f *fault) due() bool {
	f.Seen++
	w := f.Fault
	if w.Next > 0 && f.Injected >= w.Next || f.Seen < w.At || w.P > 0 && f.rand.Float64() >= w.P {
		return false
	}
	f.Injected++
	return true
}

// seeded returns a generator that depends only on the seed and the words.
func seeded(seed uint64, words ...string) *rand.Rand {
	h := fnv.New64a()
	for _, w := range words {
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], uint32(len(w)))
		h.Write(size[:])
		h.Write([]byte(w))
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
