package openai_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
)

// getsKey checks which host is asked, with which key, and that the error of a refusal has the
// advice and not the key.
func getsKey(t *testing.T, o openai.Options, host, key, advice string) {
	t.Helper()
	var asked, sent string
	o.HTTPClient = &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		asked, sent = r.URL.Host, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})}
	_, err := embedding.Query(t.Context(), vendortest.Opened(t)(openai.New(o)), "hello")
	if !errors.Is(err, embedding.Auth) || !strings.Contains(err.Error(), advice) || strings.Contains(err.Error(), "sk-") {
		t.Errorf("%+v: got %v, want %v and %q", o, err, embedding.Auth, advice)
	}
	if asked != host || sent != key {
		t.Errorf("%+v: %s was asked with the key %q, want %s with %q", o, asked, sent, host, key)
	}
}

// TestWhoGetsTheKey holds the rule of the package documentation: OpenAI's key goes to OpenAI and to
// the base URL of the environment, and nowhere else unless it is said by name.
func TestWhoGetsTheKey(t *testing.T) {
	const given, elsewhere = "https://given.example/v1", "https://variable.example/v1"
	for _, tc := range []struct {
		name       string
		o          openai.Options
		key, base  string // the environment
		host, sent string
		advice     string
	}{
		{name: "OpenAI", o: openai.Options{}, key: "sk-env", base: "", host: "api.openai.com", sent: "sk-env", advice: "the key in OPENAI_API_KEY is wrong"},
		{name: "OpenAI by its URL", o: openai.Options{BaseURL: "https://api.openai.com/v1/"}, key: "sk-env", base: elsewhere, host: "api.openai.com", sent: "sk-env", advice: "the key in OPENAI_API_KEY is wrong"},
		{name: "a key with a line break after it", o: openai.Options{}, key: "sk-env\n", base: "", host: "api.openai.com", sent: "sk-env", advice: "the key in OPENAI_API_KEY is wrong"},
		{name: "the environment's server", o: openai.Options{}, key: "sk-env", base: elsewhere, host: "variable.example", sent: "sk-env", advice: "the key in OPENAI_API_KEY is wrong"},
		{name: "the environment's server without a key", o: openai.Options{}, key: "", base: elsewhere, host: "variable.example", sent: "", advice: "no key was sent: set Options.KeyEnv"},
		{name: "another server", o: openai.Options{BaseURL: given}, key: "sk-env", base: elsewhere, host: "given.example", sent: "", advice: "no key was sent: set Options.KeyEnv"},
		{name: "loopback", o: openai.Options{BaseURL: "http://localhost:11434/v1"}, key: "sk-env", base: "", host: "localhost:11434", sent: "", advice: "no key was sent"},
		{name: "another server, its variable named", o: openai.Options{BaseURL: given, KeyEnv: "GIVEN_KEY"}, key: "sk-env", base: "", host: "given.example", sent: "sk-given", advice: "the key in GIVEN_KEY is wrong"},
		{name: "another server, OpenAI's variable named", o: openai.Options{BaseURL: given, KeyEnv: openai.KeyVariable}, key: "sk-env", base: "", host: "given.example", sent: "sk-env", advice: "the key in OPENAI_API_KEY is wrong"},
		{name: "a key of the program's", o: openai.Options{BaseURL: given, Key: "sk-own"}, key: "sk-env", base: "", host: "given.example", sent: "sk-own", advice: "the key in Options.Key is wrong"},
		{name: "OpenAI, another variable", o: openai.Options{KeyEnv: "GIVEN_KEY"}, key: "sk-env", base: "", host: "api.openai.com", sent: "sk-given", advice: "the key in GIVEN_KEY is wrong"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(openai.KeyVariable, tc.key)
			t.Setenv(openai.BaseURLVariable, tc.base)
			t.Setenv("GIVEN_KEY", "sk-given")
			tc.o.Model = "text-embedding-3-small"
			getsKey(t, tc.o, tc.host, tc.sent, tc.advice)
		})
	}
}

func TestNoKey(t *testing.T) {
	t.Setenv(openai.KeyVariable, " ")
	t.Setenv(openai.BaseURLVariable, "")
	t.Setenv("MINE", "")
	for want, o := range map[string]openai.Options{
		"no API key: set the variable OPENAI_API_KEY": {},
		"no API key: set the variable MINE":           {BaseURL: "http://localhost:8080/v1", KeyEnv: "MINE"},
	} {
		o.Model = "text-embedding-3-small"
		_, err := build(t, o)
		vendortest.Refused(t, fmt.Sprintf("%+v", o), err, embedding.Auth, want)
	}
}
