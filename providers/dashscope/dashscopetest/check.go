package dashscopetest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// elsewhere are models of the service that the compatible path does not have, and the native text path neither.
var elsewhere = []string{
	"qwen3-vl-embedding", "qwen2.5-vl-embedding", "multimodal-embedding-v1",
	"tongyi-embedding-vision-plus", "tongyi-embedding-vision-flash",
	"text-embedding-async-v1", "text-embedding-async-v2",
}

// models returns the text models by name; region "" has all of them.
func models(region string) map[string]dashscope.ModelInfo {
	all := map[string]dashscope.ModelInfo{}
	for _, m := range dashscope.Models() {
		if m.In(region) {
			all[m.ID] = m
		}
	}
	return all
}

// old are the models of before v3. Their errors are worded differently.
func old(model string) bool { return model == "text-embedding-v1" || model == "text-embedding-v2" }

func unknown(model string, native bool) problem {
	named := func(known string) bool {
		return model == known || strings.HasPrefix(model, known+"-2") // a snapshot, by its date
	}
	switch known := slices.ContainsFunc(elsewhere, named); {
	case known && native:
		return wrongURL
	case known:
		return notCompatible.with(model)
	case native:
		return nativeUnknownModel
	}
	return unknownModel.with(model)
}

func (v *vendor) Check(r *emulator.Request, to *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	c := to.Rest.(call)
	info := v.models[c.model]
	p, long := c.check(info, info.DimensionsIn(v.region), r.Limits(c.model, info.Limits), tokens)
	if p != nil {
		return v.refuse(r, *p), long
	}
	to.Dimensions = c.dimensions
	return nil, false
}

// check holds a call against the model and the limits that hold for it, in the service's order: input, number of texts,
// dimensions, length. long reports that the length is what is wrong.
func (c *call) check(info dashscope.ModelInfo, lengths []int, limits embedding.Limits, tokens []int) (p *problem, long bool) {
	refuse := func(now, before problem, args ...any) *problem {
		if old(c.model) {
			now = before
		}
		if len(args) > 0 {
			now = now.with(args...)
		}
		return &now
	}
	if !c.textual {
		return refuse(badContents, badContentsOld), false
	}
	if limits.Texts > 0 && len(c.texts) > limits.Texts {
		return refuse(batchSize, batchSizeOld, limits.Texts), false
	}
	if info.Fixed {
		c.dimensions, c.badDimensions = 0, false
	}
	if c.badDimensions || c.dimensions != 0 && !slices.Contains(lengths, c.dimensions) {
		return &badDimensions, false
	}
	c.dimensions = cmp.Or(c.dimensions, info.Default)
	if c.badParameter != "" {
		bad := badParameter.with(c.badParameter)
		return &bad, false
	}
	if c.encoding != "float" && c.encoding != "base64" {
		return &badEncoding, false
	}
	sum, bytes := 0, 0
	for i, text := range c.texts {
		blank := strings.TrimSpace(text) == "" // the service is said to strip a text before it looks at it
		if over := limits.TextTokens > 0 && tokens[i] > limits.TextTokens; blank || over {
			bad := badRange.with(limits.TextTokens)
			return &bad, over
		}
		sum += tokens[i]
		bytes += len(text)
	}
	if limits.Tokens > 0 && sum > limits.Tokens || limits.Bytes > 0 && bytes > limits.Bytes {
		return &tooLarge, true
	}
	return nil, false
}
