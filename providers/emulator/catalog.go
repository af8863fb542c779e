package emulator

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// BadText is the default Match of the fault bad-text.
const BadText = "emulator: inappropriate"

// stage is the moment at which a fault strikes. A request meets at most one fault per stage: the
// first one due, in the order in which they were set.
type stage uint8

const (
	atGateway stage = iota // after the key check, before everything else; nothing is billed
	atText                 // where the texts are known, for faults of the gateway with a Match; nothing is billed
	atCheck                // at the check of the rule that it changes
	atDelay                // before the answer is sent; combines with a fault of the answer
	atAnswer               // after the texts are billed
	atBatch                // in the batch API
)

// FaultInfo describes a fault that an emulator has.
type FaultInfo struct {
	Name   string         `json:"name"`
	Does   string         `json:"does"`
	Status int            `json:"status"` // HTTP status of the answer; 0 means no answer
	Billed bool           `json:"billed"` // texts are billed although the answer is unusable
	Kind   embedding.Kind `json:"-"`      // how a client should classify it; Unknown if the answer is usable
	Flats  bool           `json:"-"`      // the error also has a flat form

	Error dialect.Refusal `json:"-"` // the answer of a vendor's own fault

	stage stage
	error bool // the fault answers with a vendor's error
}

// Faults that depend on the content of a request. A vendor has those that its Faults name.
var stages = map[string]stage{"bad-text": atCheck, "base64-400": atCheck}

// Catalog returns all faults, sorted by name.
func (v Vendor) Catalog() []FaultInfo {
	all := slices.DeleteFunc(slices.Clone(wireFaults), func(f FaultInfo) bool {
		indexed := f.Name == "shuffled" || f.Name == "duplicate-index"
		return indexed && v.Positional || f.Name == "base64-ignore" && !v.Base64
	})
	if v.Batches != "" {
		for _, f := range batchFaults {
			f.stage = atBatch
			all = append(all, f)
		}
	}
	for _, f := range v.Faults {
		f.error, f.stage = true, stages[f.Name]
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b FaultInfo) int { return strings.Compare(a.Name, b.Name) })
	return all
}

var wireFaults = []FaultInfo{
	{Name: "reset", Does: "the connection is reset before a byte of the answer", Kind: embedding.Unavailable},
	{Name: "kill", Does: "the emulator goes down: this and every later connection is reset, until faults are set anew; the command ends", Kind: embedding.Unavailable},
	{Name: "restart", Does: "the emulator goes down for delay (without it: 1s): this connection, those in flight and every new one are reset", Kind: embedding.Unavailable},
	{Name: "answer", Does: "an answer word for word: status (without it: 500) and body", Status: 500, Kind: embedding.Unavailable},
	{Name: "hang", Does: "no answer until the caller leaves", Kind: embedding.Unavailable},
	{Name: "html-502", Does: "a proxy's 502 page", Status: 502, Kind: embedding.Unavailable},
	{Name: "empty-503", Does: "503 without a body", Status: 503, Kind: embedding.Unavailable},

	{Name: "overlength-hang", stage: atCheck, Does: "a request with too many tokens hangs instead of getting 400", Kind: embedding.Unavailable},
	{Name: "base64-ignore", stage: atCheck, Does: "a request for base64 is answered with numbers", Status: 200},

	{Name: "slow", stage: atDelay, Does: "the answer comes after delay (without it: 1s)", Status: 200},

	{Name: "shuffled", stage: atAnswer, Does: "the vectors are not in the order of their index", Status: 200},
	{Name: "wrong-count", stage: atAnswer, Does: "a vector is missing", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "duplicate-index", stage: atAnswer, Does: "two vectors have one index", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "null-vector", stage: atAnswer, Does: "a vector is null", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "wrong-dimensions", stage: atAnswer, Does: "a vector has half its dimensions", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "nan", stage: atAnswer, Does: "a vector holds NaN", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "truncated", stage: atAnswer, Does: "the JSON ends half way, the HTTP answer is whole", Status: 200, Billed: true, Kind: embedding.Malformed},
	{Name: "cut-off", stage: atAnswer, Does: "the connection is reset half way through the answer", Billed: true, Kind: embedding.Unavailable},
	{Name: "drift", stage: atAnswer, Does: "the vectors are another model's", Status: 200},
}
