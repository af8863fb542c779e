package emulator

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"

	"github.com/vecspace/embedding/providers/dialect"
)

// rows returns the answer's rows, spoiled if a fault says so.
func (x *exchange) rows(c *call, digests []digest, spoil *fault) ([]dialect.Row, error) {
	space := cmp.Or(string(c.model.Space), c.model.ID)
	if spoil != nil && spoil.Fault.Name == "drift" {
		space = "drift\x00" + space
	}
	encoded, err := x.encoded(x.req.Context(), c, space, digests)
	if err != nil {
		return nil, err
	}
	items := make([]dialect.Row, len(encoded))
	for i := range items {
		items[i] = dialect.Row{Index: i, Encoded: encoded[i]}
	}
	if spoil == nil {
		return items, nil
	}
	x.mu.Lock()
	pick, order := spoil.rand.IntN(len(items)), spoil.rand.Perm(len(items))
	x.mu.Unlock()
	if spoil.Fault.Match != "" {
		pick = x.holding(spoil.Fault.Match)
	}
	switch spoil.Fault.Name {
	case "shuffled":
		items = shuffled(items, order)
	case "wrong-count":
		items = append(items[:pick], items[pick+1:]...)
	case "duplicate-index":
		if len(items) == 1 {
			items = []dialect.Row{items[0], items[0]}
		} else {
			items[pick].Index = items[(pick+1)%len(items)].Index
		}
	case "null-vector":
		items[pick].Encoded = []byte("null")
	case "wrong-dimensions":
		one := *c
		one.Texts, one.length = c.Texts[pick:pick+1], c.length/2
		half, err := x.encoded(x.req.Context(), &one, space, digests[pick:pick+1])
		if err != nil {
			return nil, err
		}
		items[pick].Encoded = half[0]
	case "nan":
		items[pick].Encoded = withNaN(items[pick].Encoded)
	}
	return items, nil
}

// shuffled puts the items in the given order. If that changes nothing, it moves the first one to
// the end.
func shuffled(items []dialect.Row, order []int) []dialect.Row {
	out, moved := make([]dialect.Row, len(items)), false
	for to, from := range order {
		out[to] = items[from]
		moved = moved || to != from
	}
	if !moved && len(out) > 1 {
		out = append(out[1:], out[0])
	}
	return out
}

// withNaN replaces the first number with NaN.
func withNaN(encoded []byte) []byte {
	if encoded[0] == '[' {
		_, rest, _ := strings.Cut(string(encoded), ",")
		return []byte("[NaN," + rest)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Trim(string(encoded), `"`))
	if err != nil {
		panic("emulator: " + err.Error()) // it is our own JSON
	}
	binary.LittleEndian.PutUint32(raw, math.Float32bits(float32(math.NaN())))
	return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"')
}
