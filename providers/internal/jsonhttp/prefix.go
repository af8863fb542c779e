package jsonhttp

import (
	"fmt"
	"maps"
	"strings"

	"github.com/vecspace/embedding"
)

// Prefixes are what stands in front of the texts of each task, for models that were trained so and servers that do not
// put it there themselves.
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

// Variant names the prefixes, as embedding.Model.Variant has to.
func (p Prefixes) Variant() string {
	var parts []string
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		if s := p[task]; s != "" {
			parts = append(parts, fmt.Sprintf("%s=%q", task, s))
		}
	}
	return strings.Join(parts, ",")
}

// Texts returns the request's texts behind their prefix. It changes nothing of the request.
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
