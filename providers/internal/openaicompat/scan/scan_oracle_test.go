package scan

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// tree is a JSON value read by encoding/json, with everything that a map would lose: order,
// doubles, the digits of numbers.
type tree struct {
	kind    byte // { [ " 0 t f n
	text    string
	names   []string // of an object
	members []tree   // of an object, or a list's elements
}

func treeOf(body []byte) tree {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return readTree(d)
}

func readTree(d *json.Decoder) tree {
	token, err := d.Token()
	if err != nil {
		panic(err) // the caller knows that it is valid
	}
	switch v := token.(type) {
	case json.Delim:
		t := tree{kind: byte(v)}
		for d.More() {
			if v == '{' {
				name, _ := d.Token()
				t.names = append(t.names, name.(string))
			}
			t.members = append(t.members, readTree(d))
		}
		_, _ = d.Token()
		return t
	case string:
		return tree{kind: '"', text: v}
	case json.Number:
		return tree{kind: '0', text: v.String()}
	case bool:
		return tree{kind: 't', text: strconv.FormatBool(v)}
	}
	return tree{kind: 'n'}
}

// only returns the member of a name, and how many there are.
func (t tree) only(name string) (tree, int) {
	var found tree
	n := 0
	for i := range t.names {
		if t.names[i] == name {
			found = t.members[i]
			n++
		}
	}
	return found, n
}

// unmarked is body without its byte order mark.
func unmarked(body []byte) []byte { return bytes.TrimPrefix(body, []byte(byteOrderMark)) }

var errForm = errors.New("not the form of an answer")

// expected reads an answer slowly and plainly. The body is valid JSON.
func expected(body []byte, n, dims int) ([][]float32, error) {
	top := treeOf(unmarked(body))
	data, count := top.only("data")
	if count != 1 || data.kind != '[' || len(data.members) != n {
		return nil, errForm
	}
	rows := make([][]float32, n)
	var stray [][]float32
	for _, item := range data.members {
		index, one := item.only("index")
		vector, two := item.only("embedding")
		if one > 1 || two != 1 {
			return nil, errForm
		}
		row, err := expectedRow(vector)
		if err != nil || len(row) == 0 || dims > 0 && len(row) != dims {
			return nil, errForm
		}
		dims = len(row)
		if one == 0 || index.kind == 'n' {
			stray = append(stray, row)
			continue
		}
		f, err := strconv.ParseFloat(index.text, 64)
		if strings.IndexByte(`0"`, index.kind) < 0 || err != nil || f != math.Trunc(f) || f < 0 || f >= float64(n) || rows[int(f)] != nil {
			return nil, errForm
		}
		rows[int(f)] = row
	}
	switch {
	case len(stray) == n:
		return stray, nil
	case len(stray) == 1:
		for i := range rows {
			if rows[i] == nil {
				rows[i] = stray[0]
			}
		}
	case len(stray) > 1:
		return nil, errForm
	}
	return rows, nil
}

func expectedRow(vector tree) ([]float32, error) {
	var row []float32
	switch vector.kind {
	case '[':
		for _, number := range vector.members {
			f, err := strconv.ParseFloat(number.text, 32)
			if number.kind != '0' || err != nil {
				return nil, errForm
			}
			row = append(row, float32(f))
		}
	case '"':
		b, err := base64.StdEncoding.DecodeString(vector.text)
		if err != nil || len(b)%4 != 0 {
			return nil, errForm
		}
		for ; len(b) > 0; b = b[4:] {
			row = append(row, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	default:
		return nil, errForm
	}
	return row, nil
}

// expectedRest is what has to be left of the answer, as a tree.
func expectedRest(body []byte) tree {
	top := treeOf(unmarked(body))
	var rest tree
	rest.kind, rest.text = top.kind, top.text
	if top.kind != '{' {
		return top
	}
	seen := false
	for i, name := range top.names {
		if name == "data" {
			if !seen {
				rest.names, rest.members = append(rest.names, name), append(rest.members, tree{kind: '['})
			}
			seen = true
			continue
		}
		rest.names, rest.members = append(rest.names, name), append(rest.members, top.members[i])
	}
	return rest
}

// syntaxOffset says where encoding/json finds body to be no JSON, -1 if it is JSON.
func syntaxOffset(body string) int64 {
	var raw json.RawMessage
	plain := strings.TrimPrefix(body, byteOrderMark)
	err := json.Unmarshal([]byte(plain), &raw)
	if err == nil {
		return -1
	}
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		panic(err)
	}
	return syntax.Offset + int64(len(body)-len(plain))
}

// pieces gives a text in pieces of the sizes given, the last one again and again.
type pieces struct {
	text  string
	sizes []int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	size := p.sizes[0]
	if len(p.sizes) > 1 {
		p.sizes = p.sizes[1:]
	}
	n := copy(b[:min(len(b), size)], p.text)
	p.text = p.text[n:]
	return n, nil
}
