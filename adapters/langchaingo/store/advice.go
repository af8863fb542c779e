package store

import (
	"regexp"
	"strings"
)

// advice says what to do about a server that lacks something, by a part of its or its client's
// error. There is none if the server names the cause itself (a wrong password, a missing database).
var advice = []struct{ sign, say string }{
	{`extension "vector" is not available`, "install pgvector on the PostgreSQL server, which has none"},
	{`permission denied to create extension "vector"`, "let a superuser run CREATE EXTENSION vector in this database, once"},
	{`access method "hnsw" does not exist`, "pgvector is older than 0.5 in this database: install a later one on the server and run ALTER EXTENSION vector UPDATE, or open it without WithHNSWIndex"},
	{"410 Gone", "if the server is Chroma 1 or later, it serves /api/v2 only, which langchaingo's chroma does not speak: run Chroma 0.5.23, or use another store"},
	{"not supporting RESP3", "the server is older than Redis 6: run Redis 6 or later, or Valkey, with a search module that keeps vectors (RediSearch 2.4 or later)"},
	{"Could not parse field spec", "the server's search module keeps no vectors: load RediSearch 2.4 or later"},
}

// advised adds advice to a store's error and removes passwords of URLs, which net/url quotes if it
// cannot parse a URL.
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

// password matches up to the last @ before a URL's path, because a password may contain an
// unescaped @.
var password = regexp.MustCompile(`://([^\s:/@]*):[^\s/]*@`)

// said is an error with another message.
type said struct {
	text string
	err  error
}

func (e *said) Error() string { return e.text }
func (e *said) Unwrap() error { return e.err }
