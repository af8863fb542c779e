package dashscope

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// textTypes reports whether the texts' role is sent. An instruction is for queries, so it implies the role.
func (o Options) textTypes() bool { return o.TextType || o.Instruct != "" || o.Native }

// variant names what makes the same text another vector. The text type is in it although documents are the service's
// default: whether the compatible API heeds it is not known. So the native API, which heeds it, is a variant of its own.
func (o Options) variant() string {
	switch {
	case o.Native && o.Instruct != "":
		return "native,text_type,instruct=" + o.Instruct
	case o.Native:
		return "native,text_type"
	case o.Instruct != "":
		return "text_type,instruct=" + o.Instruct
	case o.TextType:
		return "text_type"
	}
	return ""
}

func (o Options) taskFields() func(embedding.Task) []openaicompat.Field {
	if !o.textTypes() {
		return nil
	}
	return func(t embedding.Task) []openaicompat.Field {
		if t != embedding.TaskQuery {
			return []openaicompat.Field{{Name: "text_type", Value: "document"}}
		}
		fields := []openaicompat.Field{{Name: "text_type", Value: "query"}}
		if o.Instruct != "" {
			fields = append(fields, openaicompat.Field{Name: "instruct", Value: o.Instruct})
		}
		return fields
	}
}
