// Package spaces knows how earlier versions named vector spaces.
package spaces

import (
	"net"
	"strings"

	"github.com/vecspace/embedding"
)

// FirstStatic is the Space of the first edition of static:base, up to the "@".
const FirstStatic = "static/base-9680046a"

// Former returns the spaces in which an earlier version had the vectors of m, if no other model can
// have had them: those of the first edition of static:base, whatever m's dimensions. A server's old
// name is not among them, because servers at other ports and paths had the same.
func Former(m embedding.Model) (former []embedding.Space) {
	if m.Provider != "static" || m.ID != "base" || !strings.HasPrefix(string(m.Space), "static/base-") {
		return nil
	}
	for _, dimensions := range []string{"256", "128", "64"} {
		former = append(former, FirstStatic+"@"+embedding.Space(dimensions))
	}
	return former
}

// Keep returns advice for an error about stored vectors of another space than m's. It is "" unless
// stored is what earlier versions derived for m: they left out a server's port and path, and the
// whole address of an Ollama or TEI server, and static:base was its first edition.
func Keep(m embedding.Model, stored embedding.Space) string {
	if dimensions, first := strings.CutPrefix(string(stored), FirstStatic+"@"); first && m.Provider == "static" && m.ID == "base" {
		reference := "static:base1"
		if dimensions != "256" {
			reference += "?dimensions=" + dimensions
		}
		return "; the first edition of static:base made the stored vectors: open them as " + reference +
			", for which a Go program imports providers/static/base1, or move the documents to the present edition with a migration (package migrate)"
	}
	rest, derived := strings.CutPrefix(string(m.Space), m.Origin+"/")
	if m.Origin == "" || !derived {
		return ""
	}
	vendor, address, named := strings.Cut(m.Origin, "@")
	if !named {
		vendor, address = "", m.Origin
	}
	host, _, _ := strings.Cut(address, "~")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	before := strings.Trim(host, "[]")
	switch {
	case vendor == "ollama" || vendor == "tei":
		before = vendor
	case named:
		before = vendor + "@" + before
	}
	old := before + "/" + rest
	if old != string(stored) || stored.Same(m.Space) {
		return ""
	}
	return "; earlier versions called the space of this server " + old + ", without its address, port or path: " +
		"if this server's model made the stored vectors, add space=" +
		strings.NewReplacer("%", "%25", "&", "%26").Replace(old) + " to the reference, or set Options.Space, which keeps them"
}
