package embedding

import (
	"fmt"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestLimitsMin(t *testing.T) {
	got := Limits{Texts: 10, Tokens: 5}.Min(Limits{Texts: 3, Bytes: 7, TextTokens: -1})
	expect.Equal(t, "the smaller of each", got, Limits{Texts: 3, Tokens: 5, Bytes: 7})
}

func TestUnknownSpaceEqualsNothing(t *testing.T) {
	if Space("").Same("") || !Space("a").Same("a") || Space("a").Same("b") {
		t.Error("Same is wrong about equal, different or unknown spaces")
	}
	expect.Equal(t, "the Space of a model without ID", Model{Provider: "p", Dimensions: 3}.derived().Space, "")
}

// A store's vectors are compared by the part of the Variant that is the documents'.
func TestDocumentVariant(t *testing.T) {
	for variant, want := range map[string]string{
		"": "",
		`document="passage: ",query="query: ",similarity="query: ",classification="query: ",clustering="query: "`: `document="passage: "`,
		`query="Instruct: find, \"it\"\nQuery:"`:         "",
		`query="a",truncate pieces=512+0`:                "truncate,pieces=512+0",
		"input_type":                                     "input_type",
		`document="a, b=\\",truncate=512`:                `document="a, b=\\",truncate=512`,
		`text_type,query=instruct:"find, similarity=it"`: "text_type",
		`query="static:base" document="d: ",query="q: "`: `document="d: "`,
		"a variant of your own":                          "a,variant,of,your,own",
		"querying=fast,query":                            "querying=fast,query",
		`query="never closed, document=x`:                "",
		`document="never closed \`:                       `document="never closed \`,
		`similarity="a"`:                                 "",
		`document="d"  ,, query="q"`:                     `document="d"`,
	} {
		if got := (Model{Variant: variant}).DocumentVariant(); got != want {
			t.Errorf("%s: got the documents' part %s, want %s", variant, got, want)
		}
	}
}

func FuzzDocumentVariant(f *testing.F) {
	f.Add("passage: ", "query: ")
	f.Add(`"a,b" \`, "x\ny,document=z")
	f.Fuzz(func(t *testing.T, document, query string) {
		variant := fmt.Sprintf("document=%q,query=%q truncate", document, query)
		want := fmt.Sprintf("document=%q,truncate", document)
		m := Model{Variant: variant}
		expect.Equal(t, fmt.Sprintf("the documents' part of %s", variant), m.DocumentVariant(), want)
		m.Variant = m.DocumentVariant()
		expect.Equal(t, "the part of a part", m.DocumentVariant(), want)
		m.Variant = document + query // of any form
		if whole, once := m.Variant, m.DocumentVariant(); len(once) > len(whole) {
			t.Errorf("got the part %q, want no more than the whole, %q", once, whole)
		}
	})
}
