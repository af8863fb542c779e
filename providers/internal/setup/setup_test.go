package setup

import (
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
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

func TestSpace(t *testing.T) {
	for base, want := range map[string]embedding.Space{
		"https://api.acme.example/v1":              "acme/m@8",
		"https://EU.api.acme.example":              "acme/m@8",
		"https://api.acme.example.evil.example/v1": "acme@api.acme.example.evil.example/m@8",
		"https://notapi.acme.example":              "acme@notapi.acme.example/m@8",
		"http://localhost:8080":                    "acme@localhost/m@8",
	} {
		if got := Space("acme", base, "m", 8, "api.acme.example"); got != want {
			t.Errorf("%s: %q, want %q", base, got, want)
		}
	}
	if got := Space("acme", "http://localhost", "m", 0); got != "" {
		t.Errorf("a space of unknown dimensions: %q", got)
	}
}

func TestLimits(t *testing.T) {
	got := Limits(embedding.Limits{Texts: 5, Tokens: -1}, embedding.Limits{Texts: 9, Tokens: 7, TextTokens: 3})
	if want := (embedding.Limits{Texts: 5, Tokens: 7, TextTokens: 3}); got != want {
		t.Errorf("got %+v, want %v", got, want)
	}
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
