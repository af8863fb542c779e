package openaicompat

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/vecspace/embedding"
)

// Field is one member of every request's JSON object.
type Field struct {
	Name  string
	Value any
}

// encoder writes a request in one pass. encoding/json encodes the constant parts once; only the
// texts are appended by hand.
type encoder struct {
	head  []byte
	tails [][]byte // by task
}

func newEncoder(model string, fields []Field, taskFields func(embedding.Task) []Field) (encoder, error) {
	head, err := appendFields([]byte("{"), []Field{{"model", model}})
	if err != nil {
		return encoder{}, err
	}
	e := encoder{head: append(head, `,"input":[`...)}
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		all := fields
		if taskFields != nil {
			all = append(all[:len(all):len(all)], taskFields(task)...)
		}
		tail := []byte("]")
		if len(all) > 0 {
			tail = append(tail, ',')
		}
		if tail, err = appendFields(tail, all); err != nil {
			return encoder{}, err
		}
		e.tails = append(e.tails, append(tail, '}'))
	}
	return e, nil
}

func appendFields(b []byte, fields []Field) ([]byte, error) {
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		v, err := json.Marshal(f.Value)
		if err != nil {
			return nil, fmt.Errorf("field %q cannot be sent as JSON: %w", f.Name, err)
		}
		b = append(appendString(b, f.Name), ':')
		b = append(b, v...)
	}
	return b, nil
}

// size guesses the length of the encoded request. It is exact if no text needs an escape.
func (e encoder) size(req embedding.Request) int {
	n := len(e.head) + len(e.tail(req.Task))
	for _, text := range req.Texts {
		n += len(text) + len(`"",`)
	}
	return n
}

func (e encoder) tail(t embedding.Task) []byte {
	if int(t) < len(e.tails) {
		return e.tails[t]
	}
	return e.tails[embedding.TaskDocument]
}

// encode returns the request's body, which the caller owns.
func (e encoder) encode(req embedding.Request) []byte {
	return e.append(make([]byte, 0, e.size(req)), req)
}

func (e encoder) append(b []byte, req embedding.Request) []byte {
	b = append(b, e.head...)
	for i, text := range req.Texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, text)
	}
	return append(b, e.tail(req.Task)...)
}

// appendString appends s as a JSON string. The guard ensures that s is valid UTF-8. Unlike
// encoding/json it does not escape <, >, & and U+2028: JSON does not require it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	at := len(b)
	b = append(b, s...)
	clean := unescaped(b[at:])
	if clean < len(s) {
		b = appendEscaped(b[:at+clean], s[clean:])
	}
	return append(b, '"')
}

// unescaped returns the length of the longest prefix of p that needs no escape. It looks at eight
// bytes at a time: the high bit of a lane is set if its byte is below 0x20, a quote or a backslash.
// A borrow may set it in a higher lane too, so the byte loop decides.
func unescaped(p []byte) int {
	const lo, hi = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(p); i += 8 {
		w := binary.LittleEndian.Uint64(p[i:])
		quote, slash := w^lo*'"', w^lo*'\\'
		if ((w-lo*0x20)&^w|(quote-lo)&^quote|(slash-lo)&^slash)&hi != 0 {
			break
		}
	}
	for ; i < len(p); i++ {
		if c := p[i]; c < 0x20 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(b, s[start:]...)
}
