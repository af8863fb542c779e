package dashscope

import (
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// textTypes reports whether requests have the texts' role. An instruction is for queries, so it
// implies the role.
func (o Options) textTypes() bool { return o.TextType || o.Instruct != "" || o.Native }

// variant names what gives the same text another vector. It has the text type, although documents
// are the service's default: nobody knows whether the compatible API uses it. So the native API,
// which does, has a variant of its own.
func (o Options) variant() string {
	switch {
	case o.Native && o.Instruct != "":
		return fmt.Sprintf("native,text_type,query=instruct:%q", o.Instruct)
	case o.Native:
		return "native,text_type"
	case o.Instruct != "":
		return fmt.Sprintf("text_type,query=instruct:%q", o.Instruct)
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
