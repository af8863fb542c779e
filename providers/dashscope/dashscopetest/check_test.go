package dashscopetest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/emulator"
)

// algo is the envelope of the model layer, which has the request id twice.
func algo(message string) string {
	return `{"error":{"message":"` + message + `","type":"InvalidParameter","param":null,"code":"InvalidParameter"},"id":"ID","request_id":"ID"}`
}

func gateway(message, kind, code string) string {
	return `{"error":{"message":"` + message + `","type":"` + kind + `","param":null,"code":"` + code + `"},"request_id":"ID"}`
}

func flat(code, message string) string {
	return `{"code":"` + code + `","message":"` + message + `","request_id":"ID"}`
}

const (
	contents    = "<400> InternalError.Algo.InvalidParameter: Value error, contents is neither str nor list of str.: input.contents"
	contentsOld = "contents is neither str nor list of str.: payload.input.contents"
	batch       = "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than %d.: input.contents"
	batchOld    = "batch size is invalid, it should not be larger than %d.: payload.input.contents"
	lengths     = "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 8192]"
	dims        = "<400> InternalError.Algo.InvalidParameter: Value error, dimension for embedding v3 is invalid, its value shold be in [64, 128, 256, 512, 768, 1024, 1536, 2048, 3072]"
	noBody      = "Required body invalid, please check the request body format."
)

func TestRefusals(t *testing.T) {
	long := strings.Repeat("word ", 8193)
	china := open(t, dashscopetest.Options{Region: "cn"})
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{`, 400, gateway(noBody, "invalid_request_error", "invalid_parameter_error")},
		{`[]`, 400, gateway(noBody, "invalid_request_error", "invalid_parameter_error")},
		{`{"model":4}`, 400, gateway(noBody, "invalid_request_error", "invalid_parameter_error")},
		{`{"input":"a"}`, 400, gateway("you must provide a model parameter.", "invalid_request_error", "invalid_request_error")},
		{`{"model":"","input":"a"}`, 400, gateway("you must provide a model parameter.", "invalid_request_error", "invalid_request_error")},
		{`{"model":"v9","input":"a"}`, 404, gateway("The model `v9` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found")},
		{`{"model":"qwen3-vl-embedding","input":"a"}`, 404, gateway("Unsupported model `qwen3-vl-embedding` for OpenAI compatibility mode.", "invalid_request_error", "model_not_supported")},
		{`{"model":"tongyi-embedding-vision-plus-2026-03-06","input":"a"}`, 404, gateway("Unsupported model `tongyi-embedding-vision-plus-2026-03-06` for OpenAI compatibility mode.", "invalid_request_error", "model_not_supported")},
		{`{"model":"text-embedding-v4"}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":null}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":[]}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":7}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":[[15339,1917],[65]]}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":["a",null]}`, 400, algo(contents)},
		{`{"model":"text-embedding-v2","input":[1]}`, 400, algo(contentsOld)},
		{`{"model":"text-embedding-v4","input":` + asJSON(many(11)) + `}`, 400, algo(fmt.Sprintf(batch, 10))},
		{`{"model":"text-embedding-v3","input":` + asJSON(many(11)) + `}`, 400, algo(fmt.Sprintf(batch, 10))},
		{`{"model":"qwen3.7-text-embedding","input":` + asJSON(many(21)) + `}`, 400, algo(fmt.Sprintf(batch, 20))},
		{`{"model":"text-embedding-v2","input":` + asJSON(many(26)) + `}`, 400, algo(fmt.Sprintf(batchOld, 25))},
		{`{"model":"text-embedding-v4","input":"a","dimensions":4}`, 400, algo(dims)},
		{`{"model":"text-embedding-v4","input":"a","dimensions":-1}`, 400, algo(dims)},
		{`{"model":"text-embedding-v4","input":"a","dimensions":"64"}`, 400, algo(dims)},
		{`{"model":"text-embedding-v3","input":"a","dimensions":2048}`, 400, algo(dims)},
		{`{"model":"text-embedding-v4","input":""}`, 400, algo(lengths)},
		{`{"model":"text-embedding-v4","input":["a"," \n"]}`, 400, algo(lengths)},
		{`{"model":"text-embedding-v4","input":["a","` + long + `"]}`, 400, algo(lengths)},
		{`{"model":"text-embedding-v4","input":"a","encoding_format":"int8"}`, 400,
			algo("<400> InternalError.Algo.InvalidParameter: Value error, encoding_format is invalid, only float is supported.: encoding_format")},
		// The answer names the first problem.
		{`{"model":"v9","input":7,"dimensions":4}`, 404, gateway("The model `v9` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found")},
		{`{"model":"text-embedding-v4","input":[1,2,3,4,5,6,7,8,9,10,11],"dimensions":4}`, 400, algo(contents)},
		{`{"model":"text-embedding-v4","input":["","","","","","","","","","",""],"dimensions":4}`, 400, algo(fmt.Sprintf(batch, 10))},
		{`{"model":"text-embedding-v4","input":"","dimensions":4}`, 400, algo(dims)},
	} {
		refused(t, do(t, china, call{body: c.body}), c.status, c.want)
	}
	if l := china.Ledger(); l.Billed != 0 || l.Texts != 0 || l.Answers[400]+l.Answers[404] != l.Requests {
		t.Errorf("a refused request was billed: %+v", l)
	}
	expect.Equal(t, "status of 8192 tokens", do(t, china, call{body: `{"model":"text-embedding-v4","input":"` + strings.Repeat("1 ", 8192) + `"}`}).Code, 200)
}

func TestNativeRefusals(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{`, 400, flat("InvalidParameter", noBody)},
		{`{"input":{"texts":["a"]},"parameters":{}}`, 400, flat("BadRequest.EmptyModel", `Required parameter \"model\" missing from request.`)},
		{`{"model":"text-embedding-v4","parameters":{}}`, 400, flat("BadRequest.EmptyInput", "Required input parameter missing from request.")},
		{`{"model":"text-embedding-v4","input":{"texts":["a"]}}`, 400, flat("BadRequest.EmptyParameters", `Required parameter \"parameters\" missing from request.`)},
		{`{"model":"text-embedding-v4","input":"a","parameters":{}}`, 400, flat("BadRequest.IllegalInput", "The input parameter requires json format.")},
		{`{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":3}`, 400, flat("InvalidParameter", noBody)},
		{`{"model":"v9","input":{"texts":["a"]},"parameters":{}}`, 400, flat("InvalidParameter", "Model not exist.")},
		{`{"model":"qwen3-vl-embedding","input":{"texts":["a"]},"parameters":{}}`, 400,
			flat("InvalidParameter", "url error, please check url！ For details, see: https://www.alibabacloud.com/help/en/model-studio/error-code#error-url")},
		{`{"model":"text-embedding-v4","input":{"texts":` + asJSON(many(11)) + `},"parameters":{}}`, 400, flat("InvalidParameter", fmt.Sprintf(batch, 10))},
		{`{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{"dimension":3}}`, 400, flat("InvalidParameter", dims)},
		{`{"model":"text-embedding-v4","input":{"texts":[""]},"parameters":{}}`, 400, flat("InvalidParameter", lengths)},
		{`{"model":"text-embedding-v4","input":{},"parameters":{}}`, 400, flat("InvalidParameter", contents)},
		{`{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{"text_type":"x"}}`, 400,
			flat("InvalidParameter", "<400> InternalError.Algo.InvalidParameter: Value error, text_type is invalid.: parameters.text_type")},
		{`{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{"output_type":"sparse"}}`, 400,
			flat("InvalidParameter", "<400> InternalError.Algo.InvalidParameter: Value error, output_type is invalid.: parameters.output_type")},
	} {
		refused(t, do(t, s, call{path: dashscopetest.NativePath, body: c.body}), c.status, c.want)
	}
}

func TestBodyTooLarge(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	body := `{"model":"text-embedding-v4","input":"` + strings.Repeat("x", 16<<20) + `"}`
	refused(t, do(t, s, call{body: body}), 400, gateway("Payload Too Large.", "BadRequest.TooLarge", "BadRequest.TooLarge"))
}

// Every model of the table answers with its default and with every dimension in its region, and no
// other.
func TestModelsAndRegions(t *testing.T) {
	for _, region := range []string{"intl", "cn"} {
		s := open(t, dashscopetest.Options{Region: region})
		for _, m := range models.All() {
			body := func(dims string) string {
				return `{"model":"` + m.ID + `","input":"a"` + dims + `}`
			}
			if !m.In(region) {
				expect.Equal(t, m.ID+" in "+region+": status", do(t, s, call{body: body("")}).Code, 404)
				continue
			}
			expect.Equal(t, m.ID+" in "+region+": dimensions", len(vectors(t, s, body(""))[0]), m.Default)
			in := map[int]bool{}
			for _, n := range m.DimensionsIn(region) {
				in[n] = true
			}
			for _, n := range []int{32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 2560, 3072} {
				w := do(t, s, call{body: body(fmt.Sprintf(`,"dimensions":%d`, n))})
				switch {
				case m.Fixed:
					expect.Equal(t, region+" "+m.ID+": dimensions, whatever is asked for", len(vectors(t, s, body(fmt.Sprintf(`,"dimensions":%d`, n)))[0]), m.Default)
				case in[n] != (w.Code == 200):
					t.Errorf("%s %s with %d dimensions: %d", region, m.ID, n, w.Code)
				}
			}
		}
	}
	intl := open(t, dashscopetest.Options{})
	refused(t, do(t, intl, call{body: `{"model":"text-embedding-v3","input":"a","dimensions":256}`}), 400, algo(dims))
	refused(t, do(t, intl, call{body: `{"model":"text-embedding-v1","input":"a"}`}), 404,
		gateway("The model `text-embedding-v1` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"))
}

// The row limit of v3 went 6, 20, 10 over the years: it changes while the emulator runs.
func TestLimitsChange(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	body := `{"model":"text-embedding-v3","input":` + asJSON(many(20)) + `}`
	set := func(l embedding.Limits) {
		expect.NoError(t, s.Configure(emulator.Settings{Limits: map[string]embedding.Limits{"text-embedding-v3": l}}))
	}
	set(embedding.Limits{Texts: 6})
	refused(t, do(t, s, call{body: body}), 400, algo(fmt.Sprintf(batch, 6)))
	set(embedding.Limits{Texts: 20})
	expect.Equal(t, "vectors", len(vectors(t, s, body)), 20)
	set(embedding.Limits{Texts: 20, TextTokens: 2})
	refused(t, do(t, s, call{body: body}), 400, algo(strings.Replace(lengths, "8192", "2", 1)))
	set(embedding.Limits{Texts: 20, Tokens: 30})
	refused(t, do(t, s, call{body: body}), 400, gateway("Payload Too Large.", "BadRequest.TooLarge", "BadRequest.TooLarge"))
	set(embedding.Limits{Texts: 20, Bytes: 100})
	refused(t, do(t, s, call{body: body}), 400, gateway("Payload Too Large.", "BadRequest.TooLarge", "BadRequest.TooLarge"))
	set(embedding.Limits{})
	refused(t, do(t, s, call{body: body}), 400, algo(fmt.Sprintf(batch, 10)))
}
