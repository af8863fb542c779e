package dialect

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestRows(t *testing.T) {
	rows := []Row{{Index: 0, Vector: []float32{0.1, -1, 1e-7}}, {Index: 1, Encoded: []byte("null")}}
	expect.Equal(t, "rows", string(AppendRows([]byte("x"), rows, false)), `x[[0.1,-1,1e-07],null]`)
	expect.Equal(t, "base64 rows", string(AppendRows(nil, rows, true)), `["zczMPQAAgL+Vv9Yz",null]`)
	expect.Equal(t, "a list", string(AppendList(nil, Answer{Model: `m"<`, Rows: rows[:1]}, false, `{}`)),
		`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-1,1e-07]}],"model":"m\"<","usage":{}}`)
}

// A vector of any length is one string of base64, bit for bit, and can be read back.
func TestBase64(t *testing.T) {
	for n := range 600 {
		v := make([]float32, n)
		var raw []byte
		for i := range v {
			v[i] = math.Float32frombits(0x3f000000 + uint32(7919*i))
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v[i]))
		}
		got := AppendBase64([]byte("x"), v)
		if want := `x"` + base64.StdEncoding.EncodeToString(raw) + `"`; string(got) != want {
			t.Fatalf("%d values: got %s, want %s", n, got, want)
		}
		if back := (Row{Encoded: got[1:]}).Values(); !slices.Equal(back, v) {
			t.Fatalf("%d values are read back as %v, want %v", n, back, v)
		}
	}
	expect.Equal(t, "numbers read back", Row{Encoded: []byte("[0.5,-1]")}.Values(), []float32{0.5, -1})
	expect.Equal(t, "plain values", Row{Vector: []float32{2}}.Values(), []float32{2})
	expect.Equal(t, "no vector", len(Row{Encoded: []byte("null")}.Values()), 0)
}

func TestPartialList(t *testing.T) {
	a := Answer{Model: "m", Partial: true, Rows: []Row{{Index: 0, Vector: []float32{1}}, {Index: 1, Failed: []byte(`{"message":"blank"}`)}}}
	expect.Equal(t, "a partial list", string(AppendList(nil, a, false, `{}`)),
		`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":null,"error":{"message":"blank"}}],"model":"m","usage":{},"partial":true}`)
}
