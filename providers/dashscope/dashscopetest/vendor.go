package dashscopetest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// What the emulators of all providers share.
type (
	// Server is an emulator, an http.Handler. It is safe for concurrent use.
	Server = emulator.Server
	// Settings are what may change while the emulator runs. Over Limits.Texts the answer is the batch size error, over
	// TextTokens the range error, over Tokens and Bytes, of which no capture exists, BadRequest.TooLarge. The service is not
	// known to send Retry-After.
	Settings = emulator.Settings
	// Rates is how fast the account may ask, per model.
	Rates = emulator.Rates
	// Fault is something that goes wrong, and when.
	Fault = emulator.Fault
	// FaultState is a fault that was set, and what became of it.
	FaultState = emulator.FaultState
	// FaultInfo describes a fault that can be switched on.
	FaultInfo = emulator.FaultInfo
	// Ledger is what the emulator has seen and billed.
	Ledger = emulator.Ledger
)

// BadText is what the fault bad-text looks for where its Match is empty.
const BadText = emulator.BadText

// ControlPath is where Options.Control serves ledger, faults and settings.
const ControlPath = emulator.ControlPath

// ParseFault reads a fault as flags and the control endpoint write it, for example "slow=p:0.1,delay:2s".
func ParseFault(spec string) (Fault, error) {
	f, err := emulator.ParseFault(spec)
	if err != nil {
		return f, err
	}
	return f, f.In(Catalog())
}

// Catalog returns every fault there is, in the order of their names.
func Catalog() []FaultInfo { return emulator.Catalog(new(vendor).Profile()) }

// The paths of the service. Others are 404 without a body.
const (
	BasePath       = "/compatible-mode/v1" // what a base URL ends in
	CompatiblePath = BasePath + "/embeddings"
	NativeBasePath = "/api/v1" // what a base URL of the native API ends in
	NativePath     = nativeServices + "embeddings/text-embedding/text-embedding"
)

const nativeServices = NativeBasePath + "/services/"

// native reports whether a request came on the native path, or would have liked to.
func native(r *emulator.Request) bool { return strings.HasPrefix(r.URL.Path, nativeServices) }

// vendor is DashScope in one region.
type vendor struct {
	region, doc string
	models      map[string]dashscope.ModelInfo
	keys        map[string]string // key to region
}

func (v *vendor) Profile() emulator.Profile {
	return emulator.Profile{
		Name:   "dashscopetest",
		About:  map[string]any{"region": v.region},
		Models: slices.Sorted(maps.Keys(models(""))),
		Errors: errorFaults(),
		Base64: true, Doubles: true,
	}
}

func (v *vendor) Head(h http.Header, r *emulator.Request) {
	now := time.Now()
	took := strconv.FormatInt(now.Sub(r.Arrived).Milliseconds(), 10)
	h.Set("Vary", "Origin,Access-Control-Request-Method,Access-Control-Request-Headers, Accept-Encoding")
	h.Set("X-Request-Id", r.ID)
	h.Set("X-Dashscope-Call-Gateway", "true")
	h.Set("Server", "istio-envoy")
	h.Set("Req-Cost-Time", took)
	h.Set("Req-Arrive-Time", strconv.FormatInt(r.Arrived.UnixMilli(), 10))
	h.Set("Resp-Start-Time", strconv.FormatInt(now.UnixMilli(), 10))
	h.Set("X-Envoy-Upstream-Service-Time", took)
}

func (v *vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch path := r.URL.Path; {
	case path != CompatiblePath && path != NativePath && native(r):
		return v.refuse(r, wrongURL)
	case path != CompatiblePath && path != NativePath:
		return &emulator.Reply{Status: http.StatusNotFound}
	case r.Method != http.MethodPost:
		return v.refuse(r, badMethod.with(r.Method))
	}
	scheme, key, _ := strings.Cut(r.Request.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	switch home, ok := v.keys[key]; {
	case key == "" || !strings.EqualFold(scheme, "Bearer"):
		return v.refuse(r, noKey)
	case !ok || home != v.region:
		return v.refuse(r, badKey)
	}
	return nil
}

// refuse answers with an error of the request's own making.
func (v *vendor) refuse(r *emulator.Request, p problem) *emulator.Reply {
	return &emulator.Reply{Status: p.status, Body: p.body(v.doc, r.ID, native(r))}
}

// Fault's statuses are the catalog's: error-200 has another than its problem.
func (v *vendor) Fault(r *emulator.Request, f Fault) emulator.Reply {
	e := errorBodies[f.Name]
	return emulator.Reply{Status: e.status, Body: e.problem.body(v.doc, r.ID, native(r) || e.flat || f.Flat)}
}

func (v *vendor) Answer(dst []byte, r *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	if native(r) {
		return appendNative(dst, items, tokens, r.ID)
	}
	return appendCompatible(dst, items, c.Model, tokens, r.ID)
}

func appendCompatible(b []byte, items []emulator.Item, model string, tokens int, id string) []byte {
	b = append(b, `{"data":[`...)
	for i, it := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"embedding":`...)
		b = append(b, it.Vector...)
		b = append(b, `,"index":`...)
		b = strconv.AppendInt(b, int64(it.Index), 10)
		b = append(b, `,"object":"embedding"}`...)
	}
	b = append(b, `],"model":"`...)
	b = append(b, model...) // one of the table: nothing to escape
	b = append(b, `","object":"list","usage":{"prompt_tokens":`...)
	b = strconv.AppendInt(b, int64(tokens), 10)
	b = append(b, `,"total_tokens":`...)
	b = strconv.AppendInt(b, int64(tokens), 10)
	b = append(b, `},"id":"`...)
	b = append(b, id...)
	return append(b, `"}`...)
}

func appendNative(b []byte, items []emulator.Item, tokens int, id string) []byte {
	b = append(b, `{"output":{"embeddings":[`...)
	for i, it := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"text_index":`...)
		b = strconv.AppendInt(b, int64(it.Index), 10)
		b = append(b, `,"embedding":`...)
		b = append(b, it.Vector...)
		b = append(b, '}')
	}
	b = append(b, `]},"usage":{"total_tokens":`...)
	b = strconv.AppendInt(b, int64(tokens), 10)
	b = append(b, `},"request_id":"`...)
	b = append(b, id...)
	return append(b, `"}`...)
}
