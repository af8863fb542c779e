package full_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// The tier and the limit find their server, with its password, and the vectors are in it.
func TestRedis(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	t.Setenv("REDIS_PASSWORD_OF_THE_TEST", "secret")
	address := "'redis://" + server.Addr() + "/0?password_env=REDIS_PASSWORD_OF_THE_TEST'"
	s := read(t, "embedders: {a: {reference: static:base, cache: {tier: {redis: "+address+", ttl: 1h}}, "+
		"limit: {rpm: 6000, shared: {redis: "+address+", account: acme}}}}")
	e, err := s.Embedder("a")
	expect.NoError(t, err)
	_, err = embedding.Documents(t.Context(), e, []string{"one", "two"})
	expect.NoError(t, err)
	keys := server.Keys()
	vectors := 0
	for _, k := range keys {
		if strings.HasPrefix(k, "embedding:") && server.TTL(k) > 0 {
			vectors++
		}
	}
	if vectors != 2 || !strings.Contains(strings.Join(keys, " "), "acme") {
		t.Errorf("got the keys %q, want two vectors and the account acme", keys)
	}
}

// Without its server a tier is passed over, and a limit refuses or leaves each process its part.
func TestRedisUnreachable(t *testing.T) {
	server := miniredis.RunT(t)
	address := "'redis://" + server.Addr() + "'"
	server.Close()
	for field, want := range map[string]error{
		"cache: {tier: {redis: " + address + "}}":                                                nil,
		"retry: {attempts: 1}, limit: {rpm: 6000, shared: {redis: " + address + ", account: a}}": embedding.Unavailable,
		"limit: {rpm: 6000, shared: {redis: " + address + ", account: a, processes: 2}}":         nil,
	} {
		s := read(t, "embedders: {a: {reference: static:base, "+field+"}}")
		e, err := s.Embedder("a")
		expect.NoError(t, err)
		if _, err = embedding.Query(t.Context(), e, "text"); !errors.Is(err, want) {
			t.Errorf("%s: got the error %v, want %v", field, err, want)
		}
	}
}

func TestRedisRefuses(t *testing.T) {
	t.Setenv("REDIS_PASSWORD_OF_THE_TEST", "")
	for address, want := range map[string]string{
		"redis://:secret@localhost":   "the address holds a password",
		"redis://u:secret@local host": "is not a URL such as",
		"localhost:6379":              "is not a URL such as",
		"http://localhost":            "is not a URL such as",
		"redis://localhost?color=red": "color",
		"redis://localhost?password_env=REDIS_PASSWORD_OF_THE_TEST": "set the variable REDIS_PASSWORD_OF_THE_TEST",
	} {
		for _, field := range []string{"cache: {tier: {redis: '" + address + "'}}", "limit: {rpm: 1, shared: {redis: '" + address + "', account: a}}"} {
			if got := refused(t, field); !strings.Contains(got, want) || strings.Contains(got, "secret") {
				t.Errorf("%s: got the error %s, want %q and no password", field, got, want)
			}
		}
	}
	if got := refused(t, "cache: {tier: {redis: 'redis://localhost', max_bytes: 5}}"); !strings.Contains(got, "Redis has no max_bytes") {
		t.Errorf("got the error %s, want that Redis has no max_bytes", got)
	}
}
