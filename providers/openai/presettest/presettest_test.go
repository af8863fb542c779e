package presettest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/internal/wire"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/internal/preset"
)

// Every preset has an emulator: here or in openaitest.
func TestEveryPresetHasOne(t *testing.T) {
	var want []string
	for _, p := range models.Presets() {
		if p.Name != "openai" {
			want = append(want, p.Name)
		}
	}
	if got := Names(); !slices.Equal(got, want) || len(got) != len(preset.Table()) {
		t.Errorf("there are emulators of %v, and presets %v", got, want)
	}
	for _, name := range Names() {
		if Model(name) == "" || !strings.HasPrefix(BasePath(name), "/") {
			t.Errorf("%s: model %q, path %q", name, Model(name), BasePath(name))
		}
	}
	_, err := New("acme", emulator.Options{})
	vendortest.Refused(t, "no such preset", err, nil, "there are mistral, siliconflow, zhipu")
	_, err = New("zhipu", emulator.Options{Model: "m"})
	vendortest.Refused(t, "no such model", err, nil, "embedding-3")
}

// Each row that is not marked as a guess is in openai's testdata: words and status in one body, the
// frame in one.
func TestTableIsOfTestdata(t *testing.T) {
	titles := map[string]string{}
	for _, p := range models.Presets() {
		titles[p.Name] = p.Title
	}
	words, frames := map[string][]string{}, map[string]bool{}
	f, err := os.Open("../testdata/errors.jsonl")
	expect.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r struct {
			Server, Body, Confidence string
			Status                   int
		}
		expect.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		if r.Confidence == "unverified" {
			continue
		}
		key := fmt.Sprint(r.Server, " ", r.Status)
		words[key] = append(words[key], wire.ReadFailure(r.Status, nil, []byte(r.Body)).Message)
		frames[r.Server+" "+frame(t, r.Body)] = true
		if r.Server == "OpenAI" { // whose words are those of the vendor behind OpenRouter
			key = fmt.Sprint("OpenRouter ", r.Status)
			words[key] = append(words[key], "Provider returned error: "+wire.ReadFailure(r.Status, nil, []byte(r.Body)).Message)
		}
	}
	hole := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for name, row := range preset.Table() {
		for _, answer := range slices.Sorted(maps.Keys(row.Answers)) {
			a := row.Answers[answer]
			if said := wire.ReadFailure(a.Status, nil, []byte(a.Body)); said.Message == "" {
				t.Errorf("%s: %s says nothing: %s", name, answer, a.Body)
			} else if !a.Guess {
				as := regexp.MustCompile("(?i)^" + hole.ReplaceAllString(regexp.QuoteMeta(said.Message), ".+"))
				if !slices.ContainsFunc(words[fmt.Sprint(titles[name], " ", a.Status)], as.MatchString) {
					t.Errorf("%s: no body of testdata with status %d says %q, as %s does: call it a guess", name, a.Status, said.Message, answer)
				}
				if !frames[titles[name]+" "+frame(t, a.Body)] {
					t.Errorf("%s: no body of testdata has the frame of %s: %s", name, answer, frame(t, a.Body))
				}
			}
		}
	}
}

// frame is the names of a body's members, in an order of their own.
func frame(t *testing.T, body string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return "no JSON"
	}
	var names func(v any) string
	names = func(v any) string {
		o, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		var out []string
		for _, name := range slices.Sorted(maps.Keys(o)) {
			out = append(out, name+names(o[name]))
		}
		return "{" + strings.Join(out, " ") + "}"
	}
	return names(v)
}

// answer sends a body and returns what comes.
func ask(t *testing.T, name string, o emulator.Options, body string) (int, string) {
	t.Helper()
	s, err := New(name, o)
	expect.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), "POST", BasePath(name)+"/embeddings", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+emulator.DefaultKey)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// What each preset takes, ignores and refuses, if it differs from the others.
func TestWhatPresetsDifferIn(t *testing.T) {
	for _, tc := range []struct {
		preset, body string
		status       int
		want         string // a regular expression
	}{
		{"mistral", `{"model":"codestral-embed","input":["a"],"output_dimension":64}`, 200, `^{"object":"list","data":\[{"object":"embedding","embedding":\[(-?[0-9.e-]+,?){64}\],"index":0}.*"prompt_audio_seconds":null},"id":"[0-9a-f]{32}"}$`},
		{"mistral", `{"model":"codestral-embed","input":["a"],"output_dimension":3073}`, 400, `output_dimension must be between 1 and 3072`},
		{"mistral", `{"model":"mistral-embed","input":["a"],"output_dimension":64}`, 400, `output_dimension is not supported for this model`},
		{"mistral", `{"model":"mistral-embed","input":["a"],"dimensions":64}`, 422, `"type":"extra_forbidden","loc":\["body","dimensions"\]`},
		{"mistral", `{"model":"mistral-embed","input":["a"],"encoding_format":"int8"}`, 422, `"type":"enum","loc":\["body","encoding_format"\]`},
		{"mistral", `{"model":"mistral-embed","input":["a"],"output_dtype":"int8"}`, 422, `"type":"enum","loc":\["body","output_dtype"\]`},
		{"mistral", `{"model":"mistral-embed","input":[1]}`, 422, `"json_invalid"`},
		{"mistral", `{"model":"mistral-embed","input":[""]}`, 400, `"code":"3210","raw_status_code":400`},
		{"siliconflow", `{"model":"Qwen/Qwen3-Embedding-0.6B","input":["a"],"dimensions":64}`, 200, `^{"object":"list","data":\[{"object":"embedding","embedding":\[(-?[0-9.e-]+,?){64}\],"index":0}`},
		{"siliconflow", `{"model":"Qwen/Qwen3-Embedding-0.6B","input":["a"],"dimensions":65}`, 400, `"code":20015`},
		{"siliconflow", `{"model":"BAAI/bge-m3","input":["a"],"dimensions":64}`, 400, `"code":20015`},
		{"siliconflow", `{"model":"BAAI/bge-m3","input":["a"],"encoding_format":"base64"}`, 200, `"embedding":"`},
		{"siliconflow", `{"model":"BAAI/bge-m4","input":["a"]}`, 400, `"code":20012`},
		{"siliconflow", `{"model":"BAAI/bge-m3","input":[""]}`, 400, `"code":20015`},
		{"zhipu", `{"model":"embedding-3","input":["a"],"dimensions":256,"encoding_format":"base64"}`, 200, `\[(-?[0-9.e-]+,?){256}\].*"completion_tokens":0`},
		{"zhipu", `{"model":"embedding-3","input":["a"],"dimensions":128}`, 400, `"code":"1210"`},
		{"volcengine", `{"model":"doubao-embedding-text-240715","input":["a"],"dimensions":128}`, 400, `"param":"dimensions","type":"BadRequest"`},
		{"volcengine", `{"model":"doubao-embedding-text-240715","input":["a"],"encoding_format":"base64"}`, 200, `"embedding":"`},
		{"volcengine", `{"model":"doubao-embedding-text-240715","input":["a"],"encoding_format":"int8"}`, 400, "`encoding_format`"},
		{"volcengine", `{"model":"ep \"1\"","input":["a"]}`, 404, `The model or endpoint ep \\"1\\" does not exist`},
		{"together", `{"model":"BAAI/bge-base-en-v1.5","input":["a"],"dimensions":7}`, 200, `"index":0}\],"model":"BAAI/bge-base-en-v1.5"}$`},
		{"openrouter", `{"model":"openai/text-embedding-3-small","input":["a"],"dimensions":8}`, 200, `\[(-?[0-9.e-]+,?){8}\].*"cost":0}`},
		{"openrouter", `{"model":"qwen/qwen3","input":["a"]}`, 400, `^{"error":{"message":"qwen/qwen3 is not a valid model ID","code":400},"user_id":"user_0"}$`},
		{"deepinfra", `{"model":"intfloat/multilingual-e5-large","input":[]}`, 422, `"loc":\["body","input"\]`},
		{"vllm", `{"model":"BAAI/bge-m3","input":["a"],"dimensions":1024}`, 400, `^{"error":{"message":"Model \\"BAAI/bge-m3\\" does not support matryoshka representation`},
		{"vllm", `{"model":"m","input":["a"]}`, 404, `"message":"The model .m. does not exist."`},
		{"llamacpp", `{"model":"any \"name\"","input":["a",""],"dimensions":64}`, 200, `^{"model":"any \\"name\\"","object":"list","usage":{"prompt_tokens":2,"total_tokens":2},"data":\[{"embedding":\[[^\]]+\],"index":0,"object":"embedding"},{`},
		{"vllm", `{"model":"BAAI/bge-m3","input":[[1,2,3],[4]]}`, 200, `"index":1.*"total_tokens":4`},
		{"lmstudio", `{"model":"m","input":[1,2]}`, 400, `'input' field must be a string or an array of strings`},
		{"llamacpp", `{"model":"m","input":[1,2]}`, 200, `"total_tokens":2`},
		{"llamacpp", `{"model":"m","input":[]}`, 400, `"\\"input\\" must not be empty"`},
		{"llamacpp", `{"model":"m","input":["a"],"encoding_format":"int8"}`, 400, `"code":400`},
		{"lmstudio", `{"model":"m","input":["a"],"dimensions":64,"encoding_format":"base64"}`, 200, `\[(-?[0-9.e-]+,?){900,}\],"index":0}\],"model":"BAAI/bge-m3","usage":{"prompt_tokens":0,"total_tokens":0}}$`},
		{"localai", `{"model":"BAAI/bge-m3","input":["a"],"dimensions":64,"encoding_format":"base64"}`, 200, `"embedding":".*"prompt_tokens":0`},
		{"localai", `{"model":"m","input":["a"]}`, 500, `could not load model`},
	} {
		status, got := ask(t, tc.preset, emulator.Options{}, tc.body)
		if status != tc.status || !regexp.MustCompile(tc.want).MatchString(got) || !json.Valid([]byte(got)) {
			t.Errorf("%s %s: %d %.300s", tc.preset, tc.body, status, got)
		}
	}
}

// A server that users run themselves has the model it is told to have, and asks for a key only if
// it is given some.
func TestLocalServers(t *testing.T) {
	for _, name := range Names() {
		if !find(name).Local {
			continue
		}
		if status, got := ask(t, name, emulator.Options{Model: "mine"}, `{"model":"mine","input":["a"]}`); status != 200 || !strings.Contains(got, `"mine"`) {
			t.Errorf("%s: %d %.100s", name, status, got)
		}
		if status, got := ask(t, name, emulator.Options{Keys: []string{"another"}}, `{"model":"BAAI/bge-m3","input":["a"]}`); status != 401 {
			t.Errorf("%s: %d %.100s", name, status, got)
		}
		limits := map[string]embedding.Limits{DefaultModel: {Texts: 1}}
		if status, _ := ask(t, name, emulator.Options{Settings: emulator.Settings{Limits: limits}}, `{"model":"BAAI/bge-m3","input":["a","b"]}`); status == 200 {
			t.Errorf("%s: the limits of the settings are not heeded", name)
		}
	}
}
