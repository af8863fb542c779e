package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vecspace/embedding/providers/azure/azuredialect"
	"github.com/vecspace/embedding/providers/bedrock/bedrockdialect"
	"github.com/vecspace/embedding/providers/cohere/coheredialect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopedialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/gemini/geminidialect"
	"github.com/vecspace/embedding/providers/jina/jinadialect"
	"github.com/vecspace/embedding/providers/ollama/ollamadialect"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
	"github.com/vecspace/embedding/providers/tei/teidialect"
	"github.com/vecspace/embedding/providers/voyage/voyagedialect"
)

// wire is a dialect under its name.
type wire struct {
	name string
	dialect.Dialect
	routes []dialect.Route
	list   bool // answers are OpenAI's list, which has a place for failed texts
	unsaid bool // requests name no model, so that the path may
}

// mount is a wire below a path.
type mount struct {
	prefix string
	*wire
}

// mounts returns all mounts in the order in which they are tried: OpenAI's wire, each wire below
// its name, then the paths that only one wire has.
func mounts() []mount {
	all := []*wire{
		{name: "openai", Dialect: openaidialect.New(), list: true},
		{name: "azure", Dialect: azuredialect.New(), list: true},
		{name: "bedrock", Dialect: bedrockdialect.New()},
		{name: "cohere", Dialect: coheredialect.New()},
		{name: "dashscope", Dialect: dashscopedialect.New("")},
		{name: "gemini", Dialect: geminidialect.New()},
		{name: "jina", Dialect: jinadialect.New(), list: true},
		{name: "ollama", Dialect: ollamadialect.New()},
		{name: "tei", Dialect: teidialect.New(), unsaid: true},
		{name: "voyage", Dialect: voyagedialect.New(), list: true},
	}
	bare, named := []mount{{"", all[0]}}, []mount{}
	for _, w := range all {
		w.routes = w.Routes()
		named = append(named, mount{"/" + w.name, w})
		only := *w
		only.routes = slices.DeleteFunc(slices.Clone(w.routes), func(r dialect.Route) bool {
			return r.Path == "/" || slices.ContainsFunc(all[0].Routes(), func(o dialect.Route) bool { return o.Path == r.Path })
		})
		if w != all[0] && len(only.routes) > 0 {
			bare = append(bare, mount{"", &only})
		}
	}
	return slices.Concat(bare[:1], named, bare[1:])
}

// route finds the wire and the route of a request, and the model that the path names. If there is
// none, methods has those that the path takes, and the wire is the one that has the path.
func (x *exchange) route() (ok bool, methods []string) {
	outer := x.req.Request
	path := outer.URL.Path
	if path == "/embeddings" || path == "/models" {
		outer = below(outer, "/v1"+path)
		path = outer.URL.Path
	}
	for _, m := range x.s.mounts {
		rest, under := strings.CutPrefix(path, m.prefix)
		if !under || !strings.HasPrefix(rest, "/") {
			continue
		}
		inner, name := outer, ""
		if m.prefix != "" {
			inner = below(outer, strings.TrimPrefix(outer.URL.EscapedPath(), m.prefix))
			if at := strings.LastIndexByte(rest, '/'); m.unsaid && at > 1 {
				name, inner = rest[1:at], below(outer, rest[at:])
			}
		}
		x.req.Request = inner
		for _, route := range m.routes {
			if !route.Matches(x.req) {
				continue
			}
			x.wire = m.wire
			if route.Method == "" || route.Method == x.req.Method {
				x.req.Route, x.named = &route, name
				return true, nil
			}
			methods = append(methods, route.Method)
		}
	}
	x.req.Request = outer
	return false, methods
}

// below returns the request with another path, which is escaped.
func below(r *http.Request, path string) *http.Request {
	inner := *r
	u := *r.URL
	u.Path, u.RawPath = path, ""
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	inner.URL = &u
	return &inner
}
