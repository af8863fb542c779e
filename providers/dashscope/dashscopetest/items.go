package dashscopetest

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
)

// item is one entry of an answer.
type item struct {
	index   int
	encoded []byte // JSON of the vector
}

// items returns what the answer holds, spoilt where a fault says so.
func (x *exchange) items(c *call, digests []digest, spoil *fault) ([]item, error) {
	space := c.model
	if spoil != nil && spoil.Fault.Name == "drift" {
		space = "drift\x00" + c.model
	}
	encoded, err := x.encoded(x.r.Context(), c, space, c.dimensions, digests)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(encoded))
	for i := range items {
		items[i] = item{index: i, encoded: encoded[i]}
	}
	if spoil == nil {
		return items, nil
	}
	x.mu.Lock()
	pick, order := spoil.rand.IntN(len(items)), spoil.rand.Perm(len(items))
	x.mu.Unlock()
	switch spoil.Fault.Name {
	case "shuffled":
		items = shuffled(items, order)
	case "wrong-count":
		items = append(items[:pick], items[pick+1:]...)
	case "duplicate-index":
		if len(items) == 1 {
			items = []item{items[0], items[0]}
		} else {
			items[pick].index = items[(pick+1)%len(items)].index
		}
	case "null-vector":
		items[pick].encoded = []byte("null")
	case "wrong-dimensions":
		one := call{texts: c.texts[pick : pick+1], encoding: c.encoding}
		half, err := x.encoded(x.r.Context(), &one, space, c.dimensions/2, digests[pick:pick+1])
		if err != nil {
			return nil, err
		}
		items[pick].encoded = half[0]
	case "nan":
		items[pick].encoded = withNaN(items[pick].encoded)
	}
	return items, nil
}

// shuffled puts the items in the given order, or, where that changes nothing, the first one last.
func shuffled(items []item, order []int) []item {
	out, moved := make([]item, len(items)), false
	for to, from := range order {
		out[to] = items[from]
		moved = moved || to != from
	}
	if !moved && len(out) > 1 {
		out = append(out[1:], out[0])
	}
	return out
}

// withNaN puts NaN in the place of the first number.
func withNaN(encoded []byte) []byte {
	if encoded[0] == '[' {
		_, rest, _ := strings.Cut(string(encoded), ",")
		return []byte("[NaN," + rest)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Trim(string(encoded), `"`))
	if err != nil {
		panic("dashscopetest: " + err.Error()) // it is our own
	}
	binary.LittleEndian.PutUint32(raw, math.Float32bits(float32(math.NaN())))
	return quoted(raw)
}
