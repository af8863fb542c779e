package ref

import (
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestArgs(t *testing.T) {
	read := func(options string) (*Args, error) {
		ref, err := Parse("x:m" + options)
		expect.NoError(t, err)
		a := ref.Args()
		a.String("region")
		a.Int("dimensions")
		a.Bool("unlisted")
		a.Variable("key_env")
		return a, a.Err()
	}
	a, err := read("?dimensions=64&unlisted=true&key_env=MY_KEY_2&region=eu")
	if err != nil || a.Int("dimensions") != 64 || !a.Bool("unlisted") || a.Variable("key_env") != "MY_KEY_2" || a.String("region") != "eu" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = read("?unlisted=false"); err != nil || a.Int("dimensions") != 0 || a.Bool("unlisted") || a.Variable("key_env") != "" {
		t.Errorf("%+v, %v", a, err)
	}
	for options, want := range map[string]string{
		"?dimensions=many":                 `the option "dimensions" is not a whole number above 0`,
		"?dimensions=0":                    `the option "dimensions" is not a whole number above 0`,
		"?dimensions=-64":                  `the option "dimensions" is not a whole number above 0`,
		"?dimensions=99999999999999999999": `the option "dimensions" is not a whole number above 0`,
		"?unlisted=yes":                    `the option "unlisted" is neither true nor false`,
		"?key_env=" + secret:               `the option "key_env" does not name an environment variable`,
		"?dimension=64":                    `there is no option "dimension"; there are dimensions, key_env, region, unlisted`,
		"?color=red&dimensions=64&size=10": `there is no option "color"`,
	} {
		_, err := read(options)
		if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), "x:m: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", options, err, want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the value: %v", options, err)
		}
	}
	bare := Ref{Provider: "x", Model: "m", Values: map[string]string{"size": "1"}}
	if err := bare.Args().Err(); err == nil || !strings.Contains(err.Error(), `there is no option "size"; there are none`) {
		t.Errorf("got the error %v, want that there are no options", err)
	}
}

func TestLimits(t *testing.T) {
	r, err := Parse("x:m?max_texts=1&max_tokens=2&max_text_tokens=3")
	expect.NoError(t, err)
	a := r.Args()
	expect.Equal(t, "limits", a.Limits(), embedding.Limits{Texts: 1, Tokens: 2, TextTokens: 3})
	expect.NoError(t, a.Err())
}

func TestBuild(t *testing.T) {
	for reference, want := range map[string]string{"x:m?size=1": "", "x:m?size=1&color=red": `no option "color"`} {
		r, err := Parse(reference)
		expect.NoError(t, err)
		built := 0
		a := r.Args()
		_, err = Build(a, func(size int) (embedding.Embedder, error) { built += size; return nil, nil }, a.Int("size"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || (built == 1) != (want == "") {
			t.Errorf("%s: got %v after %d calls of build, want %q", reference, err, built, want)
		}
	}
}
