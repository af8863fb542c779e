package spaces

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestKeep(t *testing.T) {
	for _, tc := range []struct {
		name        string
		origin      string
		now, stored embedding.Space
		keeps       string // what the advice says after "space="; "" means no advice
	}{
		{name: "a port", origin: "127.0.0.1:8080", now: "127.0.0.1:8080/a/b@4", stored: "127.0.0.1/a/b@4", keeps: "127.0.0.1/a/b@4 "},
		{name: "a path", origin: "gw.example~bge", now: "gw.example~bge/m@4", stored: "gw.example/m@4", keeps: "gw.example/m@4 "},
		{name: "a port and a path", origin: "gw.example:81~bge~", now: "gw.example:81~bge~/m@4", stored: "gw.example/m@4", keeps: "gw.example/m@4 "},
		{name: "IPv6", origin: "[::1]:8080", now: "[::1]:8080/m@4", stored: "::1/m@4", keeps: "::1/m@4 "},
		{name: "IPv6 without a port", origin: "[::1]", now: "[::1]/m@4", stored: "::1/m@4", keeps: "::1/m@4 "},
		{name: "a vendor's emulator", origin: "mistral@127.0.0.1:9", now: "mistral@127.0.0.1:9/m@4", stored: "mistral@127.0.0.1/m@4", keeps: "mistral@127.0.0.1/m@4 "},
		{name: "Ollama", origin: "ollama@gpu:11434", now: "ollama@gpu:11434/m:latest@4", stored: "ollama/m:latest@4", keeps: "ollama/m:latest@4 "},
		{name: "TEI, truncated", origin: "tei@gpu:80", now: "tei@gpu:80/m@4/2", stored: "tei/m@4/2", keeps: "tei/m@4/2 "},
		{name: "a name to be escaped", origin: "h:1", now: "h:1/a&b%c@4", stored: "h/a&b%c@4", keeps: "h/a%26b%25c@4 "},

		{name: "another model", origin: "h:1", now: "h:1/m@4", stored: "h/n@4"},
		{name: "other dimensions", origin: "h:1", now: "h:1/m@4", stored: "h/m@8"},
		{name: "another host", origin: "h:1", now: "h:1/m@4", stored: "g/m@4"},
		{name: "the same host's other port", origin: "h:1", now: "h:1/m@4", stored: "h:2/m@4"},
		{name: "the vendor itself", origin: "cohere@h:1", now: "cohere@h:1/m@4", stored: "cohere/m@4"},
		{name: "a space of the user's", origin: "h:1", now: "mine", stored: "h/m@4"},
		{name: "no address", origin: "", now: "openai/m@4", stored: "openai/m@4"},
		{name: "nothing changed", origin: "h", now: "h/m@4", stored: "h/m@4"},
		{name: "no stamp", origin: "h:1", now: "h:1/m@4", stored: ""},
	} {
		got := Keep(embedding.Model{Origin: tc.origin, Space: tc.now}, tc.stored)
		if (got == "") != (tc.keeps == "") || !strings.Contains(got, "space="+tc.keeps) && got != "" {
			t.Errorf("%s: got %q, want space=%s", tc.name, got, tc.keeps)
		}
	}
}

func TestKeepOfTheFirstStaticEdition(t *testing.T) {
	base := embedding.Model{Provider: "static", ID: "base", Space: "static/base-00000000-t2@256"}
	for stored, reference := range map[embedding.Space]string{
		FirstStatic + "@256": "static:base1,",
		FirstStatic + "@128": "static:base1?dimensions=128,",
	} {
		if got := Keep(base, stored); !strings.Contains(got, "open them as "+reference) || !strings.Contains(got, "migrat") {
			t.Errorf("%s: got %q, want advice to open %s or to migrate", stored, got, reference)
		}
	}
	for name, m := range map[string]embedding.Model{
		"another provider":  {Provider: "openai", ID: "base", Space: "openai/base@256"},
		"the first edition": {Provider: "static", ID: "base1", Space: FirstStatic + "@64"},
	} {
		expect.Equal(t, name+": the advice", Keep(m, FirstStatic+"@256"), "")
	}
}

func TestFormer(t *testing.T) {
	for name, tc := range map[string]struct {
		model embedding.Model
		want  int
	}{
		"static:base":           {embedding.Model{Provider: "static", ID: "base", Space: "static/base-00000000-t2@256"}, 3},
		"with lexical ones":     {embedding.Model{Provider: "static", ID: "base", Space: "static/base-00000000-t2+lexical256@512"}, 3},
		"the first edition":     {embedding.Model{Provider: "static", ID: "base1", Space: FirstStatic + "@64"}, 0},
		"a space of the user's": {embedding.Model{Provider: "static", ID: "base", Space: "mine"}, 0},
		"another provider":      {embedding.Model{Provider: "openai", ID: "base", Space: "static/base-1@256"}, 0},
	} {
		got := Former(tc.model)
		expect.Equal(t, name+": spaces", len(got), tc.want)
		for _, s := range got {
			if s.Same(tc.model.Space) || Keep(tc.model, s) == "" {
				t.Errorf("%s: the space %s is the present one, or nothing tells what to do about it", name, s)
			}
		}
	}
}
