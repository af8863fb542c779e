package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// What is not known is refused by name. Each case changes one place of a file that is read.
func TestRefuses(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "wordpiece-uncased.json"))
	expect.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{`{"added_tokens"`, `["added_tokens"`, "invalid character"},
		{`"type":"WordPiece","unk_token"`, `"type":"BPE","unk_token"`, `the model is of type "BPE"; `},
		{`"type":"WordPiece","unk_token"`, `"unk_token"`, "the model has no type"},
		{`"unk_token":"[UNK]"`, `"unk_token":"<unk>"`, `the unk_token "<unk>" is not in the vocabulary`},
		{`"continuing_subword_prefix":"##"`, `"continuing_subword_prefix":""`, `continuing_subword_prefix ""`},
		{`"max_input_chars_per_word":100`, `"max_input_chars_per_word":0`, "max_input_chars_per_word 0"},
		{`"[UNK]":1,`, `"[UNK]":-1,`, `the id -1 for "[UNK]"`},
		{`"[UNK]":1,`, `"[UNK]":"1",`, "the model: "},
		{`"type":"BertNormalizer"`, `"type":"NFC"`, `the normalizer is of type "NFC", want "BertNormalizer"`},
		{`"type":"BertPreTokenizer"`, `"type":"Whitespace"`, `the pre_tokenizer is of type "Whitespace", want "BertPreTokenizer"`},
		{`"type":"TemplateProcessing"`, `"type":"ByteLevel"`, `the post_processor is of type "ByteLevel"`},
		{`"single":[`, `"single":[{"Sequence":{"id":"A","type_id":0}},`, "the text 2 times"},
		{`"special_tokens":{"[CLS]"`, `"special_tokens":{"[cls]"`, `names the token "[CLS]", and its special_tokens do not`},
		{`"ids":[2]`, `"ids":[-2]`, "the id -2"},
		{`"single_word":false`, `"single_word":true`, `the added token "[PAD]" has single_word`},
		{`"normalized":false`, `"normalized":true`, `the added token "[PAD]" has single_word or normalized`},
		{`"content":"[PAD]"`, `"content":""`, "an added token is empty"},
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
