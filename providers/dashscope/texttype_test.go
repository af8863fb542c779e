package dashscope_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/dashscope"
)

func TestVariants(t *testing.T) {
	for _, tc := range []struct {
		o         dashscope.Options
		variant   string
		symmetric bool
	}{
		{dashscope.Options{}, "", true},
		{dashscope.Options{TextType: true}, "text_type", false},
		{dashscope.Options{Instruct: "find it"}, `text_type,query=instruct:"find it"`, false},
		{dashscope.Options{Instruct: "find it", TextType: true}, `text_type,query=instruct:"find it"`, false},
	} {
		tc.o.Model = "text-embedding-v4"
		m, err := build(t, tc.o)
		if err != nil || m.Variant != tc.variant || m.Symmetric != tc.symmetric || m.Space != "dashscope/text-embedding-v4@1024" {
			t.Errorf("%+v: got %+v, %v, want Variant %v, Symmetric %v, Space dashscope/text-embedding-v4@1024",
				tc.o, m, err, tc.variant, tc.symmetric)
		}
	}
}
