package ref

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

type decoded struct {
	Model      string
	Region     string           `ref:"region"`
	Dimensions int              `ref:"dimensions"`
	Unlisted   bool             `ref:"unlisted"`
	KeyEnv     string           `ref:"key_env,variable"`
	Space      embedding.Space  `ref:"space"`
	Limits     embedding.Limits `ref:"max_*"`
}

func TestDecode(t *testing.T) {
	for options, want := range map[string]decoded{
		"": {},
		"?dimensions=64&unlisted=true&key_env=MY_KEY_2&region=eu&space=s": {
			Region: "eu", Dimensions: 64, Unlisted: true, KeyEnv: "MY_KEY_2", Space: "s",
		},
		"?unlisted=false": {},
		"?max_texts=1&max_tokens=2&max_text_tokens=3": {Limits: embedding.Limits{Texts: 1, Tokens: 2, TextTokens: 3}},
	} {
		r, err := Parse("x:m" + options)
		expect.NoError(t, err)
		got := decoded{Model: r.Model}
		expect.NoError(t, r.Decode(&got))
		want.Model = "m"
		expect.Equal(t, "options of "+options, got, want)
	}
	got := decoded{Region: "us", Dimensions: 8, Unlisted: true}
	expect.NoError(t, Ref{}.Decode(&got))
	expect.Equal(t, "defaults", got, decoded{Region: "us", Dimensions: 8, Unlisted: true})
}

// A Ref's client reaches the options, and one of theirs stays where it has none.
func TestDecodeClient(t *testing.T) {
	type options struct {
		Dimensions int `ref:"dimensions"`
		HTTPClient *http.Client
	}
	r, err := Parse("x:m?dimensions=64")
	expect.NoError(t, err)
	own, given := new(http.Client), new(http.Client)
	got := options{HTTPClient: own}
	expect.NoError(t, r.Decode(&got))
	if got.HTTPClient != own {
		t.Error("got another client, want the options' own")
	}
	r.Client = given
	expect.NoError(t, r.Decode(&got))
	if got.HTTPClient != given || got.Dimensions != 64 {
		t.Errorf("got %+v, want the Ref's client and 64 dimensions", got)
	}
	expect.Equal(t, "the text", r.String(), "x:m?dimensions=64")
}

func TestDecodeRefuses(t *testing.T) {
	for options, want := range map[string]string{
		"?dimensions=many":                 `the option "dimensions" is not a whole number above 0`,
		"?dimensions=0":                    `the option "dimensions" is not a whole number above 0`,
		"?dimensions=-64":                  `the option "dimensions" is not a whole number above 0`,
		"?dimensions=99999999999999999999": `the option "dimensions" is not a whole number above 0`,
		"?max_tokens=0":                    `the option "max_tokens" is not a whole number above 0`,
		"?unlisted=yes":                    `the option "unlisted" is neither true nor false`,
		"?key_env=" + secret:               `the option "key_env" does not name an environment variable`,
		"?dimension=64": `there is no option "dimension"; there are dimensions, key_env, max_text_tokens, max_texts, ` +
			`max_tokens, region, space, unlisted`,
		"?color=red&dimensions=64&size=10": `there is no option "color"`,
		"?max_*=10":                        "not of the form name=value",
	} {
		r, err := Parse("x:m" + options)
		if err == nil {
			var got decoded
			if err = r.Decode(&got); err != nil && !strings.Contains(err.Error(), "x:m: ") {
				t.Errorf("%s: got the error %v, want it to name x:m", options, err)
			}
		}
		if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", options, err, want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the value: %v", options, err)
		}
	}
	bare := Ref{Provider: "x", Model: "m", Values: map[string]string{"size": "1"}}
	if err := bare.Decode(&struct{ Size int }{}); err == nil || !strings.Contains(err.Error(), `there is no option "size"; there are none`) {
		t.Errorf("got the error %v, want that there are no options", err)
	}
}

// A tag on a field that Decode cannot set is a mistake of the program.
func TestDecodePanics(t *testing.T) {
	defer func() {
		expect.Equal(t, "panic", recover(), `ref: the option "rate" has a field of type *float64`)
	}()
	_ = Ref{}.Decode(&struct {
		Rate float64 `ref:"rate"`
	}{})
}
