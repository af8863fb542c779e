package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// What is not known is refused by name.
func TestUnigramRefuses(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "unigram-new.json"))
	expect.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{`"unk_id":3`, `"unk_id":null`, "the model's unk_id is no piece"},
		{`"unk_id":3`, `"unk_id":100000`, "the model's unk_id is no piece"},
		{`"byte_fallback":false`, `"byte_fallback":true`, "the model has byte_fallback"},
		{`["<s>",0.0]`, `"<s>"`, "is not a piece with its score"},
		{`["<s>",0.0]`, `["<s>","0"]`, "the model: "},
		{`["<s>",0.0]`, `[7,0.0]`, "the model: "},
		{`"type":"Precompiled"`, `"type":"NFKC"`, `the normalizer is of type "NFKC"; Precompiled, Strip`},
		{`"type":"Strip"`, `"type":"Sequence"`, "a Sequence in a Sequence"},
		{`{"Regex":" {2,}"}`, `{"Regex":"x+"}`, `another pattern than a string or " {2,}"`},
		{`{"Regex":" {2,}"}`, `{"String":""}`, `another pattern than a string or " {2,}"`},
		{`"precompiled_charsmap":"`, `"precompiled_charsmap":"////","x":"`, "precompiled_charsmap is too short"},
		{`"precompiled_charsmap":"`, `"precompiled_charsmap":"AAAAAAAA","x":"`, "precompiled_charsmap is damaged"},
		{`"precompiled_charsmap":"`, `"precompiled_charsmap":"?","x":"`, "the normalizer: "},
		{`"type":"Metaspace"`, `"type":"ByteLevel"`, `the pre_tokenizer is of type "ByteLevel", want "Metaspace"`},
		{`"prepend_scheme":"always"`, `"prepend_scheme":"first"`, `the prepend_scheme "first"; always and never are read`},
		{`"replacement":"▁"`, `"replacement":""`, `the replacement ""`},
		{`"pre_tokenizer":{`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[]},"x":{`, "a Sequence of 0, want WhitespaceSplit and Metaspace"},
	} {
		changed := strings.Replace(string(text), c.from, c.to, 1)
		if changed == string(text) {
			t.Errorf("%s is not in the file", c.from)
		}
		if _, err := Read([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.to, err, c.want)
		}
	}
}

// The older form of prepend_scheme, and a replacement of a string.
func TestOtherForms(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "unigram-new.json"))
	expect.NoError(t, err)
	want := read(t, "unigram-new.json").Append(nil, "Hello  world")
	for _, change := range [][2]string{
		{`"prepend_scheme":"always"`, `"add_prefix_space":true`},
		{`{"Regex":" {2,}"},"content":"▁"`, `{"String":"  "},"content":" "`},
	} {
		tokens, err := Read([]byte(strings.Replace(string(text), change[0], change[1], 1)))
		expect.NoError(t, err)
		expect.Equal(t, "ids with "+change[1], tokens.Append(nil, "Hello  world"), want)
	}
	tokens, err := Read([]byte(strings.Replace(string(text), `"prepend_scheme":"always"`, `"add_prefix_space":false`, 1)))
	expect.NoError(t, err)
	if got := tokens.Append(nil, "a"); slices.Equal(got, read(t, "unigram-new.json").Append(nil, "a")) {
		t.Errorf("without a space in front: got %v, want other ids than with one", got)
	}
}
