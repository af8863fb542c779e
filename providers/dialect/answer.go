package dialect

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Answer is what a host answers with.
type Answer struct {
	Model  string // the model's name in the answer
	Rows   []Row
	Tokens int
}

// Row is one vector of an answer.
type Row struct {
	Index   int
	Vector  []float32
	Encoded []byte // JSON of the vector, instead of Vector
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
		dst = strconv.AppendFloat(dst, float64(f), 'g', -1, bits)
	}
	return append(dst, ']')
}

// AppendBase64 appends to dst a JSON string: the base64 of v as float32 values, little-endian.
func AppendBase64(dst []byte, v []float32) []byte {
	raw := make([]byte, 0, 4*len(v))
	for _, f := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), raw), '"')
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
// JSON.
func AppendList(dst []byte, a Answer, asBase64 bool, usage string) []byte {
	dst = append(dst, `{"object":"list","data":[`...)
	for i, row := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = row.Append(append(dst, `{"object":"embedding","embedding":`...), asBase64)
		dst = strconv.AppendInt(append(dst, `,"index":`...), int64(row.Index), 10)
		dst = append(dst, '}')
	}
	return fmt.Appendf(dst, `],"model":%s,"usage":%s}`, JSON(a.Model), usage)
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
