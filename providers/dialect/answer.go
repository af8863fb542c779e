package dialect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/vecspace/embedding/internal/floats"
)

// Answer is what a host answers with.
type Answer struct {
	Model   string // the model's name in the answer
	Rows    []Row
	Tokens  int
	Partial bool // some rows have no vector; only [AppendList] has a place for them
}

// Row is one vector of an answer.
type Row struct {
	Index   int
	Vector  []float32
	Encoded []byte // JSON of the vector, instead of Vector
	Failed  []byte // JSON of why there is no vector; only [AppendList] has a place for it
}

// Values returns the row's vector, also that of a row that is already encoded. It returns nil for a
// row without one.
func (r Row) Values() []float32 {
	if r.Encoded == nil {
		return r.Vector
	}
	var raw []byte
	if json.Unmarshal(r.Encoded, &raw) == nil && len(raw)%4 == 0 { // a string is base64
		v := make([]float32, len(raw)/4)
		floats.Decode(v, raw)
		return v
	}
	var v []float32
	if json.Unmarshal(r.Encoded, &v) != nil {
		return nil
	}
	return v
}

// Append appends the vector's JSON to dst: a list of numbers, each with the digits that a float32
// needs, or a string of base64.
func (r Row) Append(dst []byte, asBase64 bool) []byte {
	switch {
	case r.Encoded != nil:
		return append(dst, r.Encoded...)
	case asBase64:
		return AppendBase64(dst, r.Vector)
	}
	return AppendNumbers(dst, r.Vector, 32)
}

// AppendNumbers appends v to dst as a list of numbers. bits is 32 or 64: numbers get as many digits
// as a float of that size needs.
func AppendNumbers(dst []byte, v []float32, bits int) []byte {
	dst = append(dst, '[')
	for i, f := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		if bits == 32 {
			dst = appendFloat(dst, f)
		} else {
			dst = strconv.AppendFloat(dst, float64(f), 'g', -1, bits)
		}
	}
	return append(dst, ']')
}

// AppendBase64 appends to dst a JSON string: the base64 of v as float32 values, little-endian.
func AppendBase64(dst []byte, v []float32) []byte {
	// A piece is a multiple of three bytes, so that pieces join without padding, and needs no heap.
	var piece [768]byte
	dst = append(dst, '"')
	for len(v) > 0 {
		n := min(len(v), len(piece)/4)
		dst = base64.StdEncoding.AppendEncode(dst, floats.Append(piece[:0], v[:n]))
		v = v[n:]
	}
	return append(dst, '"')
}

// AppendRows appends a list of the rows' vectors, in the order of the rows.
func AppendRows(dst []byte, rows []Row, asBase64 bool) []byte {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = row.Append(dst, asBase64)
	}
	return append(dst, ']')
}

// AppendList appends a list of vectors in OpenAI's format, which other services share. usage is
// JSON. A row that failed has null and its error; a partial answer says so.
func AppendList(dst []byte, a Answer, asBase64 bool, usage string) []byte {
	dst = append(dst, `{"object":"list","data":[`...)
	for i, row := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"object":"embedding","index":`...), int64(row.Index), 10)
		if dst = append(dst, `,"embedding":`...); row.Failed != nil {
			dst = append(append(append(dst, `null,"error":`...), row.Failed...), '}')
			continue
		}
		dst = append(row.Append(dst, asBase64), '}')
	}
	dst = append(append(append(dst, `],"model":`...), JSON(a.Model)...), `,"usage":`...)
	if dst = append(dst, usage...); a.Partial {
		dst = append(dst, `,"partial":true`...)
	}
	return append(dst, '}')
}

// JSON returns v as services write it, without escaping <, > and & and without a final newline. It
// panics if v has no JSON.
func JSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("dialect: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Listed returns lengths as a list for a message: "256, 512".
func Listed(lengths []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(lengths), " ", ", "), "[]")
}
