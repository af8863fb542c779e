package migrate

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// FuzzMetadata: what a store holds as JSON is the same JSON after it was read and written.
func FuzzMetadata(f *testing.F) {
	for _, s := range []string{"", "null", "{}", `{"a":1,"b":1.5,"c":[1,{"d":9007199254740993}],"e":null,"f":"x","g":true}`, `{"big":1e400}`, `[1]`, `{"a":`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMetadata([]byte(s))
		if err != nil || m == nil {
			return
		}
		data, err := json.Marshal(m)
		expect.NoError(t, err)
		again, err := parseMetadata(data)
		expect.NoError(t, err)
		// 0e0 is a float64 and comes back as 0, which is an int64: the number is the same.
		if same, err := json.Marshal(again); err != nil || !bytes.Equal(same, data) {
			t.Errorf("%s became %s, %v", data, same, err)
		}
	})
}
