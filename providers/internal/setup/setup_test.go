package setup

import (
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestDimensions(t *testing.T) {
	for _, tc := range []struct {
		offered []int
		asked   int
		want    int
		err     string
	}{
		{[]int{1024, 512}, 0, 1024, ""},
		{[]int{1024, 512}, 512, 512, ""},
		{[]int{1024, 512}, 100, 0, "m has no 100 dimensions; it has 1024, 512"},
		{[]int{1024}, 512, 0, "it has 1024 only"},
		{nil, 77, 77, ""},
		{nil, 0, 0, ""},
		{nil, -1, 0, "at least 1"},
		{nil, 65_536, 65_536, ""},
		{nil, 65_537, 0, "at most 65536"},
		{nil, math.MaxInt, 0, "at most 65536"},
	} {
		got, err := Dimensions("m", tc.offered, tc.asked)
		if got != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%v, %d: got %d, %v", tc.offered, tc.asked, got, err)
		}
	}
}

func TestOrigin(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.acme.example/v1":              "acme",
		"https://EU.api.acme.example":              "acme",
		"https://api.acme.example.evil.example/v1": "acme@api.acme.example.evil.example",
		"https://notapi.acme.example/v1":           "acme@notapi.acme.example",
		"http://localhost:8080/v1":                 "acme@localhost:8080",
		"no URL":                                   "acme",
	} {
		expect.Equal(t, base, Origin("acme", base, "/v1", "api.acme.example"), want)
	}
}

func TestLocalOrigin(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:11434":   "acme",
		"http://localhost:11434/":  "acme",
		"http://LOCALHOST:11434":   "acme",
		"http://127.0.0.1:11435":   "acme@127.0.0.1:11435",
		"http://127.0.0.2:11434":   "acme@127.0.0.2:11434",
		"http://127.0.0.1:11434/a": "acme@127.0.0.1:11434~a",
		"https://localhost:11434":  "acme",
		"http://gpu.example:11434": "acme@gpu.example:11434",
		"http://[::1]:11434":       "acme@[::1]:11434",
		"https://gpu.example":      "acme@gpu.example",
		"":                         "acme",
	} {
		expect.Equal(t, base, LocalOrigin("acme", base, "http://127.0.0.1:11434"), want)
	}
}

// TestAddress: base URLs of one line have one address, and those of two lines have two.
func TestAddress(t *testing.T) {
	seen := map[string]string{}
	for _, same := range [][]string{
		{"https://h.example/v1", "https://h.example/v1/", "https://H.example:443/v1//", " https://h.example./v1"},
		{"http://h.example/v1", "http://h.example:80/v1", "https://h.example:80/v1"}, // one port has one server
		{"https://h.example:8080/v1", "http://h.example:8080/v1"},
		{"https://h.example"}, {"https://h.example/v2"}, {"https://h.example/v1/v1"}, {"https://h.example/V1"},
		{"https://h.example/bge/v1"}, {"https://h.example/e5/v1"}, {"https://h.example/a/b/v1"}, {"https://h.example/a~b/v1", "https://h.example/a%7Eb/v1"},
		{"https://h.example/a/v1"}, {"https://h.example/a"}, {"https://h.example/a%2Fb/v1"},
		{"http://127.0.0.1:1/v1"}, {"http://127.0.0.1:2/v1"}, {"http://localhost:1/v1"}, {"http://[::1]:1/v1"}, {"https://[::1]/v1"},
	} {
		for i, base := range same {
			got := Address(base, "/v1")
			if i == 0 && seen[got] != "" || i > 0 && seen[got] != same[0] || strings.Contains(got, "/") {
				t.Errorf("%s: got the address %q, which %q has", base, got, seen[got])
			}
			if i == 0 {
				seen[got] = base
			}
		}
	}
}

func TestLimits(t *testing.T) {
	got := Limits(embedding.Limits{Texts: 5, Tokens: -1}, embedding.Limits{Texts: 9, Tokens: 7, TextTokens: 3})
	expect.Equal(t, "limits", got, embedding.Limits{Texts: 5, Tokens: 7, TextTokens: 3})
}

func TestKey(t *testing.T) {
	t.Setenv("JSONHTTP_KEY", " k\n")
	if k, from := Key("", "JSONHTTP_KEY"); k != "k" || from != "JSONHTTP_KEY" {
		t.Errorf("got %v, %v, want k from JSONHTTP_KEY", k, from)
	}
	if k, from := Key("given", "JSONHTTP_KEY"); k != "given" || from != "Options.Key" {
		t.Errorf("got %v, %v, want given from Options.Key", k, from)
	}
}

func TestRequiredKey(t *testing.T) {
	t.Setenv("ACME_API_KEY", "k")
	t.Setenv("OTHER", "o")
	for _, tc := range []struct{ given, named, base, want string }{
		{"", "", "https://api.acme.example/v1", "k"},
		{"", "", "http://localhost:80", "k"},
		{"", "", "https://evil.example", ""},
		{"", "", "https://api.acme.example.evil.example", ""},
		{"", "OTHER", "https://evil.example", "o"},
		{"g", "", "https://evil.example", "g"},
		{"", "UNSET_KEY", "https://api.acme.example", ""},
	} {
		got, _, err := RequiredKey(tc.given, tc.named, "ACME_API_KEY", tc.base, "acme.example")
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%+v: got %q, %v, want %v, no error: %v", tc, got, err, tc.want, tc.want != "")
		}
	}
}
