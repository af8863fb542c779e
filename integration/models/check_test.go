package models

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/check"
	"github.com/vecspace/embedding/internal/expect"
)

// look checks a reference against a real server, and returns what it found by the check's name.
func look(t *testing.T, reference string) (check.Report, map[string]check.Finding) {
	t.Helper()
	c, err := check.New(reference, check.Options{})
	expect.NoError(t, err)
	r := c.Run(t.Context())
	var b strings.Builder
	expect.NoError(t, r.Text(&b))
	t.Log("\n" + b.String())
	found := map[string]check.Finding{}
	for _, f := range r.Findings {
		found[f.Check] = f
	}
	return r, found
}

// A real server agrees with what is known of it. Its dimensions and its longest text are found, and
// a reference that says them agrees too.
func TestCheck(t *testing.T) {
	for _, m := range models {
		t.Run(m.name, func(t *testing.T) {
			limit := 0
			if m.bodyLimit > 0 { // thousands of tokens take the server minutes
				limit = 4 << 10
			}
			p := watch(t, m.start(t), limit)
			r, found := look(t, "openai:"+m.name+"?base_url="+p.url)
			if r.Count(check.Differs)+r.Count(check.NotAsked) > 0 {
				t.Errorf("got %d findings that differ and %d that could not be asked, want none", r.Count(check.Differs), r.Count(check.NotAsked))
			}
			expect.Equal(t, "dimensions", found["dimensions"].Found, fmt.Sprint(m.dimensions))
			expect.Equal(t, "base64", found["base64"].Found, "the same bits as numbers")
			expect.Equal(t, "unit length", found["unit length"].Found, "unit length")
			for name, want := range map[string]check.Verdict{
				"base64": check.Agrees, "repeatability": check.Agrees, "order": check.Agrees, "roles": check.Agrees,
				"usage": check.NotStated, "texts of a request": check.NotStated, "longest text": check.NotStated, "rate headers": check.NotStated,
			} {
				if f := found[name]; f.Verdict != want {
					t.Errorf("got %+v, want the verdict %q", f, want)
				}
			}
			longest := 0
			if _, err := fmt.Sscan(found["longest text"].Options["max_text_tokens"], &longest); err != nil || longest < 480 {
				t.Errorf("got %+v, want a limit of 480 tokens or more", found["longest text"])
			}
			if m.name == "tiny" && longest > 512 { // the other one reads longer texts in pieces
				t.Errorf("got the limit %d, want 512 at most", longest)
			}
			if r, _ := look(t, r.Right); r.Count(check.Differs)+r.Count(check.NotAsked) > 0 {
				t.Errorf("got findings that differ, want that the reference that is right agrees")
			}
		})
	}
}

// A reference that says what llama.cpp's server does not do is found out.
func TestCheckFindsWhatDiffers(t *testing.T) {
	s := servers.Llama(t)
	reference := "openai:tiny?base_url=" + s.URL
	r, found := look(t, reference+"&native_dimensions=32&max_text_tokens=2000&max_texts=30")
	for name, words := range map[string]string{"dimensions": "64", "longest text": "refused", "texts of a request": "2049 taken, and perhaps more"} {
		if f := found[name]; f.Verdict != check.Differs || !strings.Contains(f.Found, words) {
			t.Errorf("got %+v, want that it differs: %s", f, words)
		}
	}
	if !strings.Contains(r.Right, "native_dimensions=64") || !strings.Contains(r.Right, "max_text_tokens=") || r.Count(check.NotAsked) > 0 {
		t.Errorf("got the reference %s, want the server's dimensions and longest text in it", r.Right)
	}
	r, found = look(t, reference+"&dimensions=16")
	if f := found["dimensions"]; f.Verdict != check.Differs || f.Options["native_dimensions"] != "64" || found["base64"].Verdict != check.Agrees {
		t.Errorf("got %+v, want that the server ignores the dimensions", f)
	}
	if r, _ := look(t, r.Right); r.Count(check.Differs)+r.Count(check.NotAsked) > 0 {
		t.Errorf("got findings that differ, want that the reference that is right agrees")
	}
}

func TestCheckKey(t *testing.T) {
	s := servers.LlamaWithKey(t, "sk-of-this-test")
	for key, want := range map[string]check.Verdict{"sk-of-this-test": check.Agrees, "sk-another": check.Differs} {
		t.Setenv("KEY_OF_THIS_TEST", key)
		r, found := look(t, "openai:tiny?key_env=KEY_OF_THIS_TEST&max_text_tokens=500&base_url="+s.URL)
		if f := found["key"]; f.Verdict != want {
			t.Errorf("got %+v, want the verdict %q", f, want)
		}
		if want == check.Differs && r.Requests != 1 {
			t.Errorf("got %d requests, want 1", r.Requests)
		}
	}
}
