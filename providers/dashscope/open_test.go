package dashscope_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestOpen(t *testing.T) {
	t.Setenv(dashscope.BaseURLVariable, "")
	t.Setenv(dashscope.KeyVariable, "sk-china")
	t.Setenv("OTHER_KEY", "sk-singapore")
	vendortest.Opens(t, dashscope.Open, map[string]embedding.Model{
		"dashscope:text-embedding-v4":            {Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024"},
		"dashscope:text-embedding-v3?region=hk":  {Provider: "dashscope", ID: "text-embedding-v3", Dimensions: 1024, Endpoint: "cn-hongkong.dashscope.aliyuncs.com", Space: "dashscope/text-embedding-v3@1024"},
		"dashscope:text-embedding-v4?space=mine": {Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope.aliyuncs.com", Space: "mine"},
		"dashscope:text-embedding-v4?base_url=http://127.0.0.1:8089/compatible-mode/v1&dimensions=64&key_env=OTHER_KEY": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 64, Endpoint: "127.0.0.1:8089", Space: "dashscope@127.0.0.1:8089/text-embedding-v4@64"},
		"dashscope:next?unlisted=true&dimensions=7&max_texts=5&max_tokens=6&max_text_tokens=4&instruct=find it": {
			Provider: "dashscope", ID: "next", Dimensions: 7, Endpoint: "dashscope.aliyuncs.com", Space: "dashscope/next@7", Variant: `text_type,query=instruct:"find it"`,
			Limits: embedding.Limits{Texts: 5, Tokens: 6, TextTokens: 4}},
		"dashscope:text-embedding-v4?region=intl&native=true&instruct=find it": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope-intl.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024", Variant: `native,text_type,query=instruct:"find it"`},
		"dashscope:text-embedding-v4?region=intl&workspace=llm-x1&text_type=true": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "llm-x1.ap-southeast-1.maas.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024", Variant: "text_type"},
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Setenv(dashscope.BaseURLVariable, "")
	t.Setenv(dashscope.KeyVariable, "")
	vendortest.BadReferences(t, dashscope.Open, embedding.Invalid, map[string]string{
		"dashscope:text-embedding-v4?color=red": `there is no option "color"; there are allow_http, base_url, dimensions, instruct, key_env, max_text_tokens, max_texts, max_tokens, native, region, space, text_type, unlisted, workspace`,
	})
	vendortest.BadReferences(t, dashscope.Open, embedding.Auth, map[string]string{
		"dashscope:text-embedding-v4":              "DASHSCOPE_API_KEY",
		"dashscope:text-embedding-v4?key_env=MINE": "set the variable MINE",
	})
}
