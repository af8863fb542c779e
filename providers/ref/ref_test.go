package ref

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		reference       string
		provider, model string
		option, value   string // one option to look at; "" looks at none
		written         string // by String; "": as it was read
	}{
		{reference: "static:base", provider: "static", model: "base"},
		{reference: "openai:nomic-embed-text:latest", provider: "openai", model: "nomic-embed-text:latest"},
		{reference: "openai:org/model-v1.5@rev", provider: "openai", model: "org/model-v1.5@rev"},
		{reference: "openai:模型", provider: "openai", model: "模型"},
		{reference: "openai:m?base_url=http://localhost:11434/v1", provider: "openai", model: "m", option: "base_url", value: "http://localhost:11434/v1"},
		{reference: "openai:m?space=a?b=c:d#e", provider: "openai", model: "m", option: "space", value: "a?b=c:d#e"},
		{reference: "x:m?instruct=1+1", provider: "x", model: "m", option: "instruct", value: "1+1"},
		{reference: "x:m?instruct=a%20b", provider: "x", model: "m", option: "instruct", value: "a b", written: "x:m?instruct=a b"},
		{reference: "x:m?instruct=a%26b%25", provider: "x", model: "m", option: "instruct", value: "a&b%"},
		{reference: "x:m?b=2&a=1", provider: "x", model: "m", option: "b", value: "2", written: "x:m?a=1&b=2"},
		{reference: "x:task-3", provider: "x", model: "task-3"}, // sk- inside a word is no key
	} {
		ref, err := Parse(tc.reference)
		if err != nil {
			t.Errorf("%q: %v", tc.reference, err)
			continue
		}
		if ref.Provider != tc.provider || ref.Model != tc.model || ref.Values[tc.option] != tc.value {
			t.Errorf("%q: %+v", tc.reference, ref)
		}
		want := tc.written
		if want == "" {
			want = tc.reference
		}
		expect.Equal(t, tc.reference+" written", ref.String(), want)
	}
}

func TestParseRefuses(t *testing.T) {
	for reference, want := range map[string]string{
		"":                          "the reference is empty: use provider:model",
		"static":                    `the reference "static" has no colon: use provider:model`,
		"static?dimensions=64":      `the reference "static" has no colon`,
		":base":                     `the reference ":base" does not begin with a provider's name`,
		"Static:base":               "lower-case letters, digits, - and _",
		"-x:base":                   "does not begin with a provider's name",
		"sta tic:base":              "does not begin with a provider's name",
		"http://localhost/v1":       "", // a URL is a provider named http: the table refuses it
		"static:":                   `the reference "static:" names no model`,
		"static:?dimensions=64":     "names no model",
		"static: base":              "spaces around the model's name",
		"static:base\t":             "spaces around the model's name",
		"static:ba\nse":             "characters that no model's name has",
		"static:ba\xffse":           "characters that no model's name has",
		"static:base?":              "not of the form name=value&name=value",
		"static:base?=64":           "not of the form name=value",
		"static:base?Dimensions=64": "an option's name has lower-case letters",
		"static:base?a=1&":          "not of the form name=value",
		"static:base?dimensions":    `the option "dimensions" of "static:base" has no value: write dimensions=value`,
		"static:base?dimensions=":   "has no value",
		"x:m?a=1&a=2":               `the option "a" of "x:m" is given twice`,
		"x:m?a=100%":                "write a percent sign as %25",
		"x:m?a=%zz":                 "not properly percent-encoded",
		"x:m?a=%ff":                 "does not decode to UTF-8",
		"x:m?api_key=hidden":        "a key is never part of a reference",
		"x:m?token=hidden":          "set the provider's environment variable",
		"x:m?access-token=hidden":   "a key is never part of a reference",
	} {
		_, err := Parse(reference)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", reference, err)
			}
			continue
		}
		if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", reference, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: the error shows a secret: %v", reference, err)
		}
	}
}

// What a shell or a template engine fills in elsewhere is never a part of a name or an address.
func TestParseRefusesVariables(t *testing.T) {
	for _, reference := range []string{
		"${EMBED_REF}", "$EMBED_REF", "{{ .Values.reference }}", "ollama:${MODEL}", "ollama:$MODEL", "ollama:{{ .Values.model }}",
		"vllm:${MODEL:-bge}?base_url=http://localhost:8000/v1", "openai:${MODEL:?not set}", "${PROVIDER}:m", "ollama:{model}", "ollama:<%= model %>",
		"openai:%MODEL%", "ollama:{% model %}", "openai:m?base_url=${URL}", "openai:m?base_url=$URL", "openai:m?base_url=http://${HOST}:8000/v1",
		"openai:m?base_url=http://{{ .Values.host }}/v1", "openai:m?base_url=http://$(HOST)/v1", "openai:m?base_url=%HOST%",
		"openai:m?base_url=http://%HOST%/v1", "openai:m?base_url=%24%7BURL%7D", "openai:m?dimensions=${DIM}", "dashscope:m?region=$REGION",
		"openai:m?${OPTIONS}",
	} {
		_, err := Parse(reference)
		if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), "envsubst") && !strings.Contains(reference, "?${") {
			t.Errorf("%q: got the error %v, want the hint that variables are not filled in", reference, err)
		}
	}
	for _, reference := range []string{"x:m?instruct=under $5 {or} 100%25", "x:m?base_url=http://h/%7Euser/v1", "x:m?space=na%C3%AFve%20b%20c", "x:m@1.0+2"} {
		if _, err := Parse(reference); err != nil {
			t.Errorf("%q: got the error %v, want none", reference, err)
		}
	}
}

const secret = "0123456789abcdef0123"

// Wherever in a reference a key begins a word, the reference is refused and the error does not
// quote it.
func TestParseRefusesKeys(t *testing.T) {
	for _, prefix := range []string{"sk-", "SK-", "gsk_", "hf_", "jina_", "AIza"} {
		key := prefix + secret
		for _, reference := range []string{
			key, key + ":model", "dashscope:" + key, "dashscope:m/" + key, "dashscope:m?" + key, "dashscope:m?" + key + "=1",
			"dashscope:m?region=" + key, "dashscope:m?region=x&space=a " + key, "dashscope:m?key=" + key,
			"dashscope:m?base_url=https://" + key + "@host/v1", "dashscope:m?region=%73k-" + secret, "?" + key, key + "?" + key,
		} {
			_, err := Parse(reference)
			if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), "environment variable") {
				t.Errorf("%q: %v", reference, err)
			} else if strings.Contains(err.Error(), secret) {
				t.Errorf("%q: the error shows the key: %v", reference, err)
			}
		}
	}
}

// FuzzParse holds what Parse promises of any string: no panic, an error of kind Invalid, a
// reference that reads the same once written, and no word that begins like a key in an error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"static:base", "dashscope:text-embedding-v4?dimensions=512&region=intl", "openai:a:b?base_url=http://h:1/v1",
		"x:m?a=%25%26&b=c=d", "x:m?", "?", ":", "x:m?a=%zz", "\xff:\x00?=&"} {
		f.Add(s, uint(3))
	}
	f.Fuzz(func(t *testing.T, reference string, at uint) {
		ref, err := Parse(reference)
		if err != nil {
			if !errors.Is(err, embedding.Invalid) {
				t.Errorf("%q: %v", reference, err)
			}
		} else {
			again, err := Parse(ref.String())
			if err != nil || again.String() != ref.String() || again.Provider != ref.Provider || again.Model != ref.Model || len(again.Values) != len(ref.Values) {
				t.Fatalf("%q: %+v is written as %q and read as %+v, %v", reference, ref, ref, again, err)
			}
			for name, value := range ref.Values {
				expect.Equal(t, fmt.Sprintf("%q: option %q", reference, name), again.Values[name], value)
			}
		}
		i := int(at % uint(len(reference)+1))
		for _, before := range []string{"", " ", ":", "?", "=", "&", "/", "@"} {
			if i > 0 && before == "" {
				continue // it might not begin a word
			}
			planted := reference[:i] + before + "sk-" + secret + reference[i:]
			if _, err := Parse(planted); err == nil {
				t.Errorf("%q: a key is taken", planted)
			} else if strings.Contains(err.Error(), secret) {
				t.Errorf("%q: the error shows the key: %v", planted, err)
			}
		}
	})
}
