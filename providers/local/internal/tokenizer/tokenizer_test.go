package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func read(t testing.TB, name string) *Tokenizer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	expect.NoError(t, err)
	tokens, err := Read(text)
	expect.NoError(t, err)
	return tokens
}

// The ids are those of Hugging Face's tokenizers 0.23.3, which made the rows.
func TestAgainstTokenizers(t *testing.T) {
	for _, model := range []string{"wordpiece", "unigram"} {
		f, err := os.Open(filepath.Join("testdata", model+".jsonl"))
		expect.NoError(t, err)
		defer func() { expect.NoError(t, f.Close()) }()
		tokenizers := make(map[string]*Tokenizer)
		lines := bufio.NewScanner(f)
		n := 0
		for ; lines.Scan(); n++ {
			var row struct {
				Tokenizer, Text string
				IDs             []int32
			}
			expect.NoError(t, json.Unmarshal(lines.Bytes(), &row))
			tokens := tokenizers[row.Tokenizer]
			if tokens == nil {
				tokens = read(t, model+"-"+row.Tokenizer+".json")
				tokenizers[row.Tokenizer] = tokens
			}
			got := append([]int32{}, tokens.Begin...)
			got = append(tokens.Append(got, row.Text), tokens.End...)
			expect.Equal(t, row.Tokenizer+": ids of "+row.Text, got, row.IDs)
		}
		expect.NoError(t, lines.Err())
		if n < 100 {
			t.Errorf("%s: %d rows, want 100 or more", model, n)
		}
	}
}

// Size is above every id: those of the vocabulary, of added tokens and around a text.
func TestSize(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "wordpiece-uncased.json"))
	expect.NoError(t, err)
	expect.Equal(t, "size", read(t, "wordpiece-uncased.json").Size, 148)
	for _, change := range [][2]string{{`"##s":147`, `"##s":999`}, {`"content":"[MASK]","id":4`, `"content":"[MASK]","id":999`}, {`"ids":[3]`, `"ids":[999]`}} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		tokens, err := Read([]byte(changed))
		expect.NoError(t, err)
		expect.Equal(t, "size with "+change[1], tokens.Size, 1000)
	}
}

// No text makes Append panic or give an id that the model does not have.
func FuzzAppend(f *testing.F) {
	all := []*Tokenizer{read(f, "wordpiece-uncased.json"), read(f, "wordpiece-plain.json"), read(f, "unigram-xlmr.json"), read(f, "unigram-bare.json")}
	for _, text := range []string{"", "Hello [SEP] world", "\xff\xfe", "a\u0301 \u4e2d", "[MASK]  [", "ﬁ İ ǅ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tokens := range all {
			for _, id := range tokens.Append(nil, text) {
				if id < 0 || int(id) >= tokens.Size {
					t.Fatalf("got the id %d, want one below %d", id, tokens.Size)
				}
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	tokens := read(b, "wordpiece-uncased.json")
	text := strings.Repeat("The worlds of things, sung again. ", 30)
	var ids []int32
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ids = tokens.Append(ids[:0], text)
	}
}

// folderVariable names a folder with a tokenizer.json and ids.jsonl, the ids of many texts by
// Hugging Face's tokenizers. The integration tests make it.
const folderVariable = "VECSPACE_TOKENIZER"

func TestFolder(t *testing.T) {
	dir := os.Getenv(folderVariable)
	if dir == "" {
		t.Skip(folderVariable + " names no folder")
	}
	text, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	expect.NoError(t, err)
	tokens, err := Read(text)
	expect.NoError(t, err)
	f, err := os.Open(filepath.Join(dir, "ids.jsonl"))
	expect.NoError(t, err)
	defer func() { expect.NoError(t, f.Close()) }()
	equal, all := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); all++ {
		var row struct {
			Text string
			IDs  []int32
		}
		expect.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		got := append([]int32{}, tokens.Begin...)
		got = append(tokens.Append(got, row.Text), tokens.End...)
		if slices.Equal(got, row.IDs) {
			equal++
		} else {
			t.Errorf("%q: got %v, want %v", row.Text, got, row.IDs)
		}
	}
	t.Logf("%d of %d texts have equal ids", equal, all)
	if all < 2000 {
		t.Errorf("got %d texts, want 2,000", all)
	}
}
