package setup

import (
	"fmt"
	"maps"
	"strings"

	"github.com/vecspace/embedding"
)

// Prefixes are put in front of the texts of each task, for models that were trained with them
// behind servers that do not add them.
type Prefixes map[embedding.Task]string

// QueryAndRest returns the prefixes of queries and of every other task.
func QueryAndRest(query, rest string) Prefixes {
	p := make(Prefixes)
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		p[task] = rest
	}
	p[embedding.TaskQuery] = query
	maps.DeleteFunc(p, func(_ embedding.Task, s string) bool { return s == "" })
	return p
}

// Variant names the prefixes for [embedding.Model].Variant.
func (p Prefixes) Variant() string {
	var parts []string
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		if s := p[task]; s != "" {
			parts = append(parts, fmt.Sprintf("%s=%q", task, s))
		}
	}
	return strings.Join(parts, ",")
}

// Cut adds to a Variant that texts are cut where they are too long: a chain that refuses them must
// not find a cut text's vector in a cache.
func Cut(variant string, truncate bool) string {
	if !truncate {
		return variant
	}
	return strings.TrimPrefix(variant+",truncate", ",")
}

// Texts returns the request's texts, each behind its prefix. It does not change the request.
func (p Prefixes) Texts(req embedding.Request) []string {
	s := p[req.Task]
	if s == "" {
		return req.Texts
	}
	texts := make([]string, len(req.Texts))
	for i, text := range req.Texts {
		texts[i] = s + text
	}
	return texts
}
