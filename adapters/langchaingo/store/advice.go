package store

import (
	"regexp"
	"strings"
)

// advice is what to do about a server that lacks something, by what is in its error or its client's. Where the server names the cause
// well enough (a wrong password, a database that is not there), there is none.
var advice = []struct{ sign, say string }{
	{`extension "vector" is not available`, "install pgvector on the PostgreSQL server, which has none"},
	{`permission denied to create extension "vector"`, "let a superuser run CREATE EXTENSION vector in this database, once"},
	{`access method "hnsw" does not exist`, "pgvector is older than 0.5 in this database: install a later one on the server and run ALTER EXTENSION vector UPDATE, or open it without WithHNSWIndex"},
	{"410 Gone", "if the server is Chroma 1 or later, it serves /api/v2 only, which langchaingo's chroma does not speak: run Chroma 0.5.23, or use another store"},
	{"not supporting RESP3", "the server is older than Redis 6: run Redis 6 or later, or Valkey, with a search module that keeps vectors (RediSearch 2.4 or later)"},
	{"Could not parse field spec", "the server's search module keeps no vectors: load RediSearch 2.4 or later"},
}

// advised adds to an error of the store what to do about it, and takes passwords of URLs out of it: net/url quotes what it cannot parse.
func advised(err error) error {
	text := password.ReplaceAllString(err.Error(), "://$1:xxxxx@")
	for _, a := range advice {
		if strings.Contains(text, a.sign) {
			text += ": " + a.say
			break
		}
	}
	return &said{text, err}
}

// password is that of a URL, up to the last @ before its path, so that one with an unescaped @ goes as a whole.
var password = regexp.MustCompile(`://([^\s:/@]*):[^\s/]*@`)

// said is an error in other words.
type said struct {
	text string
	err  error
}

func (e *said) Error() string { return e.text }
func (e *said) Unwrap() error { return e.err }
