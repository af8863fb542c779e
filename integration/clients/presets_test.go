package clients

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/presettest"
)

// OpenAI's client runs against every preset's emulator. It reads each one's answers and errors,
// with and without base64 and tokens.
func TestPresets(t *testing.T) {
	const one = `1`
	var args []string
	all := map[string]want{}
	denied, noModel, invalid := want{raised: "AuthenticationError", status: 401}, want{raised: "NotFoundError", status: 404}, want{raised: "BadRequestError", status: 400}
	for name, tc := range map[string]struct {
		dimensions      int
		unmetered       bool
		key, model      want
		empty           want // zero: invalid
		shorter, longer want // of 7 dimensions, and 40,000 tokens
	}{
		"siliconflow": {dimensions: 1024, key: denied, model: want{raised: "BadRequestError", status: 400, says: "Model does not exist"}, shorter: invalid,
			longer: want{raised: "APIStatusError", status: 413, says: "must have less than 8192 tokens"}},
		"zhipu": {dimensions: 2048, key: denied, model: want{raised: "BadRequestError", status: 400, code: "1211"}, shorter: invalid,
			longer: want{raised: "BadRequestError", status: 400, code: "1261"}},
		"volcengine": {dimensions: 2048, key: denied, model: noModel, shorter: want{raised: "BadRequestError", status: 400, says: "dimensions"},
			longer: want{raised: "BadRequestError", status: 400, says: "exceed max_sequence_length: `4096`"}},
		"together": {dimensions: 1024, unmetered: true, key: denied, model: want{raised: "NotFoundError", status: 404, code: "model_not_available"}, shorter: want{value: `1024`},
			longer: want{raised: "BadRequestError", status: 400, says: "less than 512 tokens"}},
		"openrouter": {dimensions: 1536, key: denied, model: want{raised: "BadRequestError", status: 400, says: "acme-9 is not a valid model ID"}, shorter: want{value: `7`},
			longer: want{raised: "BadRequestError", status: 400, says: "Provider returned error"}},
		"deepinfra": {dimensions: 1024, key: want{raised: "PermissionDeniedError", status: 403}, model: noModel, empty: want{raised: "UnprocessableEntityError", status: 422},
			shorter: want{raised: "UnprocessableEntityError", status: 422}, longer: want{value: one}},
		"vllm": {dimensions: 1024, key: denied, model: noModel, shorter: want{raised: "BadRequestError", status: 400, says: "matryoshka"},
			longer: want{raised: "BadRequestError", status: 400, says: "maximum context length is 8192 tokens"}},
		"lmstudio": {dimensions: 1024, unmetered: true, key: denied, model: want{value: one}, shorter: want{value: `1024`}, longer: want{value: one}},
		"llamacpp": {dimensions: 1024, key: denied, model: want{value: one}, shorter: want{value: `1024`},
			longer: want{raised: "InternalServerError", status: 500, says: "too large to process", attempts: 3}},
		"localai": {dimensions: 1024, unmetered: true, key: denied, model: want{raised: "InternalServerError", status: 500, attempts: 3}, shorter: want{value: `1024`},
			longer: want{raised: "InternalServerError", status: 500, says: "too large to process", attempts: 3}},
	} {
		s, err := presettest.New(name, emulator.Options{Keys: []string{key}, Control: true})
		expect.NoError(t, err)
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		args = append(args, name, server.URL, presettest.BasePath(name), presettest.Model(name))
		tokens := `,"tokens":5`
		if tc.unmetered {
			tokens = ""
		}
		for what, w := range map[string]want{
			"single":        {value: fmt.Sprintf(`{"dimensions":%d,"index":0%s}`, tc.dimensions, tokens)},
			"batch":         {value: batch, attempts: 3},
			"unknown model": tc.model,
			"wrong key":     tc.key,
			"empty":         cmp.Or(tc.empty, invalid),
			"dimensions":    tc.shorter,
			"too long":      tc.longer,
			"too fast":      {raised: "RateLimitError", status: 429},
			"down":          {value: one, attempts: 2},
		} {
			all[name+": "+what] = w
		}
	}
	if want := len(presettest.Names()) - 1; len(args) != 4*want { // Mistral has a client of its own
		t.Errorf("got %d presets, want %d of %v", len(args)/4, want, presettest.Names())
	}
	client := func(t testing.TB, more ...string) *exec.Cmd { return servers.OpenAIClient(t, append(more, args...)...) }
	run(t, http.NotFoundHandler(), client, "preset_client.py", all)
}
