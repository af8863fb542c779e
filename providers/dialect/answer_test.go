package dialect

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestRows(t *testing.T) {
	rows := []Row{{Index: 0, Vector: []float32{0.1, -1, 1e-7}}, {Index: 1, Encoded: []byte("null")}}
	expect.Equal(t, "rows", string(AppendRows([]byte("x"), rows, false)), `x[[0.1,-1,1e-07],null]`)
	expect.Equal(t, "base64 rows", string(AppendRows(nil, rows, true)), `["zczMPQAAgL+Vv9Yz",null]`)
	expect.Equal(t, "a list", string(AppendList(nil, Answer{Model: `m"<`, Rows: rows[:1]}, false, `{}`)),
		`{"object":"list","data":[{"object":"embedding","embedding":[0.1,-1,1e-07],"index":0}],"model":"m\"<","usage":{}}`)
}
