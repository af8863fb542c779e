package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

const (
	deepest   = 8     // levels of a failure that are looked at; real ones have four
	mostNodes = 4_096 // values of a failure that are looked at
)

// node is a JSON value of a failure, as far as anybody looks at it.
type node struct {
	text string // a string or a number as it is, "true"
	none bool   // null or false
	obj  bool
	list []node
	keys []string // as named writes them, of an object's list
}

// parse reads a JSON value in one pass. It looks at a bounded number of values and levels and keeps
// what came before an end or a fault, since long bodies are cut. whole says that none came.
func parse(body []byte) (n node, whole bool) {
	p := parser{dec: json.NewDecoder(bytes.NewReader(body)), left: mostNodes}
	p.dec.UseNumber()
	n = p.value(0)
	return n, !p.ended
}

type parser struct {
	dec   *json.Decoder
	left  int // of mostNodes
	ended bool
}

func (p *parser) token() json.Token {
	t, err := p.dec.Token()
	p.ended = p.ended || err != nil
	return t
}

func (p *parser) value(depth int) (n node) {
	p.left--
	switch t := p.token().(type) {
	case string:
		n.text = t
	case json.Number:
		n.text = string(t)
	case bool:
		n.none = !t
		if t {
			n.text = "true"
		}
	case json.Delim:
		n.obj = t == '{'
		if depth == deepest || p.left <= 0 {
			p.skip()
			return n
		}
		for !p.ended && p.dec.More() {
			if p.left <= 0 {
				p.skip()
				return n
			}
			var key string
			if n.obj {
				key, _ = p.token().(string)
				n.keys = append(n.keys, named(key))
			}
			n.list = append(n.list, p.value(depth+1))
		}
		if !p.ended {
			p.token() // the closing one
		}
	default:
		n.none = true
	}
	return n
}

// skip takes the rest of a list or object without a look at it.
func (p *parser) skip() {
	for open := 1; open > 0 && !p.ended; {
		switch p.token() {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}

// named writes the name of a member in lower case and in one word: retry-after, retry_after and
// retryAfter are one.
func named(key string) string { return separators.Replace(strings.ToLower(key)) }

// separators is built once: its table takes 6 kB.
var separators = strings.NewReplacer("-", "", "_", "")

// get returns the member of an object that has the first of names which says anything. Names are as
// named writes them; of several members with one name the last counts.
func (n node) get(names ...string) node {
	for _, name := range names {
		for i, key := range slices.Backward(n.keys) {
			if key == name && n.list[i].says() {
				return n.list[i]
			}
		}
	}
	return node{none: true}
}

// words returns the words of a value: a string or a number as it is, a list's elements joined, an
// object's message.
func (n node) words() string {
	switch {
	case n.obj:
		for _, name := range sayings {
			if said := n.get(name).words(); said != "" {
				return said
			}
		}
		return ""
	case len(n.list) > 0:
		var parts []string
		for _, item := range n.list {
			if s := item.words(); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	case n.none || n.text == "true":
		return ""
	}
	return n.text
}

// sayings are the members that hold an error's words, the most telling first.
var sayings = []string{"message", "msg", "errormsg", "errormessage", "errmsg", "statusmsg", "faultstring",
	"error", "detail", "errors", "title"}

// says reports whether a value says anything: null, false, 0, "" and values made of them do not.
func (n node) says() bool {
	if n.obj || len(n.list) > 0 {
		return slices.ContainsFunc(n.list, node.says)
	}
	return !n.none && n.text != "" && n.text != "0"
}

// find returns the first value under one of names, however deep. A duration may be an object.
func (n node) find(names ...string) (string, bool) {
	for i, item := range n.list {
		if n.obj && slices.Contains(names, n.keys[i]) {
			if text := cmp.Or(item.text, item.get("seconds").text); text != "" {
				return text, true
			}
		}
		if s, ok := item.find(names...); ok {
			return s, true
		}
	}
	return "", false
}
