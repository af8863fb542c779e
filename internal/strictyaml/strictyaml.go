// Package strictyaml reads YAML of a known form. An unknown field is an error with its line, and
// nothing is expanded. A library parses the syntax. This package reads the meaning from its nodes,
// so that no error quotes a value, which may be a key for another service.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Node is a place in the file.
type Node = yaml.Node

// Parse returns the root of the only document in data, nil if there is none.
func Parse(data []byte) (*Node, error) {
	// A directive of YAML 1.2 becomes a comment, which keeps the number of each line.
	if at := directive.FindSubmatchIndex(data); at != nil {
		data = slices.Concat(data[:at[2]], []byte("#"), data[at[2]+1:])
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		hint := ""
		if unfilled.Match(data) {
			hint = "; " + fill
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: ") + hint)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has more than one document")
	}
	if len(doc.Content) != 1 {
		return nil, nil
	}
	return doc.Content[0], nil
}

// directive finds the version in front of a document. The library reads version 1.1 and what both
// versions share, which is all that the forms here use.
var directive = regexp.MustCompile(`^(?:\x{FEFF})?(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*(%YAML[ \t]+1\.\d+[ \t]*(?:#[^\r\n]*)?\r?\n)(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*---\s`)

// unfilled is in a value that a template engine or envsubst should have filled in.
var unfilled = regexp.MustCompile(`\$[{(]|\{\{|\{%|<%`)

const fill = "variables and templates are not filled in here: use envsubst on the file, or os.ExpandEnv and Read"

// Decoder keeps the first error and reads nothing after it.
type Decoder struct{ Err error }

// Fields say what is done with the value of each name.
type Fields map[string]func(*Node)

// Fail notes what is wrong at n.
func (d *Decoder) Fail(n *Node, format string, args ...any) {
	if template(n) {
		format, args = fill, nil
	}
	if d.Err == nil {
		d.Err = fmt.Errorf("line %d: %w", n.Line, fmt.Errorf(format, args...))
	}
}

// template reports whether n holds a variable or a template, such as {{ x }}, which is a mapping as
// the key of a mapping.
func template(n *Node) bool {
	return unfilled.MatchString(n.Value) || n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode
}

// Group is Mapping as what Fields hold.
func (d *Decoder) Group(f Fields) func(*Node) {
	return func(n *Node) { d.Mapping(n, f) }
}

// Mapping reads a mapping with known names only.
func (d *Decoder) Mapping(n *Node, f Fields) {
	d.Each(n, func(key, value *Node) {
		read := f[key.Value]
		if read == nil {
			var known []string
			for name := range f {
				known = append(known, name)
			}
			slices.Sort(known)
			d.Fail(key, "there is no field of this name; there are %s", strings.Join(known, ", ")) // not quoted: it may be a key
			return
		}
		read(value)
	})
}

// Each reads a mapping with any names, all different.
func (d *Decoder) Each(n *Node, do func(key, value *Node)) {
	if n.Kind != yaml.MappingNode || template(n) || n.Anchor != "" {
		d.Fail(n, "a mapping is needed here (name: value), without anchors and aliases")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && d.Err == nil; i += 2 {
		key := n.Content[i]
		var name string
		if d.Text(&name)(key); d.Err == nil && seen[name] {
			d.Fail(key, "a name is given twice")
		}
		if seen[name] = true; d.Err == nil {
			do(key, n.Content[i+1])
		}
	}
}

// Text reads a value that is not empty.
func (d *Decoder) Text(to *string) func(*Node) {
	return func(n *Node) {
		if n.Kind != yaml.ScalarNode || template(n) || n.Anchor != "" || n.Value == "" || n.ShortTag() == "!!null" || n.Style&yaml.TaggedStyle != 0 {
			d.Fail(n, "a plain value is needed here, without anchors, aliases and tags")
			return
		}
		*to = n.Value
	}
}

// List reads a list of such values.
func (d *Decoder) List(to *[]string) func(*Node) {
	return func(n *Node) {
		if n.Kind != yaml.SequenceNode || n.Anchor != "" || len(n.Content) == 0 {
			d.Fail(n, "a list of references is needed here, without anchors and aliases")
			return
		}
		for _, item := range n.Content {
			var s string
			d.Text(&s)(item)
			*to = append(*to, s)
		}
	}
}

// Number reads a whole number above 0.
func (d *Decoder) Number(to *int) func(*Node) {
	return func(n *Node) {
		if v, ok := d.whole(n); d.Err == nil && (!ok || v == 0) {
			d.Fail(n, "a whole number above 0 is needed here")
		} else if d.Err == nil {
			*to = int(v)
		}
	}
}

// Count reads a whole number of 0 or more, where 0 is the same as leaving it out.
func (d *Decoder) Count(to *int) func(*Node) {
	return func(n *Node) {
		v, ok := d.whole(n)
		if d.Err == nil && !ok {
			d.Fail(n, "a whole number of 0 or more is needed here")
		}
		*to = int(v)
	}
}

// Size reads a number of bytes. 0 is the default.
func (d *Decoder) Size(to *int64) func(*Node) {
	return func(n *Node) {
		v, ok := d.whole(n)
		if d.Err == nil && !ok {
			d.Fail(n, "a whole number of bytes is needed here, or 0 for the default")
		}
		*to = v
	}
}

// whole reads a whole number that is not negative and that an int holds.
func (d *Decoder) whole(n *Node) (int64, bool) {
	var s string
	if d.Text(&s)(n); d.Err != nil {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, strconv.IntSize)
	return v, err == nil && v >= 0
}

// Sum reads a number above 0.
func (d *Decoder) Sum(to *float64) func(*Node) {
	return func(n *Node) {
		var s string
		if d.Text(&s)(n); d.Err != nil {
			return
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			d.Fail(n, "a number above 0 is needed here")
			return
		}
		*to = v
	}
}

// Duration reads one of 0 or more, as time.ParseDuration takes it.
func (d *Decoder) Duration(to *time.Duration) func(*Node) {
	return func(n *Node) {
		var s string
		if d.Text(&s)(n); d.Err != nil {
			return
		}
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			d.Fail(n, "a duration is needed here, such as 500ms, 30s or 2m")
			return
		}
		*to = v
	}
}
