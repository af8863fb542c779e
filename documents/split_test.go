package documents

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/plain"
)

// missing returns the words of a text that are neither in a part nor in its metadata. A word that
// is longer than a quarter of a part may be cut: its pieces follow each other, with headings
// between.
func missing(text string, parts []Part, size int) (words []string) {
	split := func(text string) []string { return strings.FieldsFunc(text, func(r rune) bool { return !ofWord(r) }) }
	have := map[string]bool{}
	var all []string
	for i, p := range parts {
		all = append(all, split(p.Text)...)
		for key, value := range p.Meta {
			if i == 0 {
				all = append(all, split(key+"\n"+value)...)
			}
		}
	}
	for _, word := range all {
		have[word] = true
	}
	for _, word := range split(text) {
		if have[word] {
			continue
		}
		rest := word
		for _, piece := range all {
			if utf8.RuneCountInString(word) > size/4 {
				rest = strings.TrimPrefix(rest, piece)
			}
		}
		if have[word] = rest == ""; rest != "" {
			words = append(words, word)
		}
	}
	return words
}

// TestEveryWordIsInAPart reads files that have each construct of Markdown, and of this machine's
// Markdown what EMBEDDING_MARKDOWN names, a folder such as the module cache.
func TestEveryWordIsInAPart(t *testing.T) {
	for _, dir := range []string{filepath.Join("testdata", "corpus"), os.Getenv("EMBEDDING_MARKDOWN")} {
		if dir == "" {
			continue
		}
		sizes := []int{0, 100, 250}
		if dir == os.Getenv("EMBEDDING_MARKDOWN") {
			sizes = sizes[:1]
		}
		for _, size := range sizes {
			o := Options{Size: size}
			parts, out, err := Folder(dir, o)
			expect.NoError(t, err)
			limit := max(size, minSize)
			if size == 0 {
				limit = DefaultSize
			}
			files := map[string][]Part{}
			for _, p := range parts {
				files[p.File] = append(files[p.File], p)
				if n := utf8.RuneCountInString(p.Text); n > limit {
					t.Errorf("%s: got a part of %d characters, want at most %d", p.File, n, limit)
				}
			}
			read := 0
			root := os.DirFS(dir)
			expect.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() || !o.reads(name) || slices.ContainsFunc(out, func(l LeftOut) bool { return l.File == name }) || strings.Contains("/"+name, "/.") {
					return err
				}
				read++
				data, err := fs.ReadFile(root, name)
				expect.NoError(t, err)
				text, err := plain.Decode(data)
				expect.NoError(t, err)
				if words := missing(text, files[name], limit); len(words) > 0 {
					t.Errorf("%s in parts of %d: got no part with %q", name, limit, words[:min(len(words), 10)])
				}
				return nil
			}))
			t.Logf("%s in parts of %d: %d files in %d parts, left out: %v", dir, limit, read, len(parts), out)
			if dir == filepath.Join("testdata", "corpus") && (read < 40 || len(out) > 0) {
				t.Errorf("got %d files, and left out %v; want 40 or more, and none", read, out)
			}
		}
	}
}

func TestSplitMarkdown(t *testing.T) {
	long := strings.Repeat("many words ", 40)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"parts stand under their headings": {
			text: "intro\n# A\n\na\n## B\n\nb\n\nbb\n# C\nc\n",
			want: []string{"intro", "# A\na", "# A\n## B\nb\n\nbb", "# C\nc"},
		},
		"headings without text": {text: "# A\n## B\n## C\n### D\nd\n# E", want: []string{"# A\n## B", "# A\n## C\n### D\nd", "# E"}},
		"underlined":            {text: "A\n===\na\n\nB\n---\nb\n", want: []string{"# A\na", "# A\n## B\nb"}},
		"no headings in code":   {text: "# A\n\n```sh\n# b\n\nc\n```\n~~~\n# d\n~~~\n", want: []string{"# A\n```sh\n# b\n\nc\n```\n~~~\n# d\n~~~"}},
		"nor in a list's":       {text: "# A\n1. x\n   ```\n# b\n   ```\n- ```\n# c\n  ```\n", want: []string{"# A\n1. x\n   ```\n# b\n   ```\n- ```\n# c\n  ```"}},
		"an open fence is text": {text: "```\na\n# B\nb\n~~~~\n~~~\n# C\n", want: []string{"```\na", "# B\nb\n~~~~\n~~~", "# C"}},
		"a quotation ends its fence": {
			text: "> ```\n> a\n\n# B\n\n```\n# c\n```\n",
			want: []string{"> ```\n> a", "# B\n```\n# c\n```"},
		},
		"punctuation is no part": {text: "---\n\n# A\n\n***\n\n# B\n- - -\n", want: []string{"# A\n***", "# B\n- - -"}},
		"a long table repeats its heading": {
			text: "| k | v |\n|---|---|\n| a | " + long[:60] + "|\n| b | " + long[:60] + "|\n",
			want: []string{"| k | v |\n|---|---|\n| a | " + long[:60] + "|", "| k | v |\n|---|---|\n| b | " + long[:60] + "|"},
		},
		"long code keeps its indentation": {
			text: "```\n  " + long[:60] + "\n    " + long[:60] + "\n```",
			want: []string{"```\n  " + strings.TrimSpace(long[:60]), "    " + long[:60] + "\n```"},
		},
		"inner headings first": {
			text: "# " + long[:20] + "\n## " + long[:20] + "\n### " + long[:20] + "\ntext\n",
			want: []string{"## " + strings.TrimSpace(long[:20]) + "\n### " + strings.TrimSpace(long[:20]) + "\ntext", "# " + strings.TrimSpace(long[:20])},
		},
		"nothing": {text: " \n\n\t\n"},
	} {
		expect.Equal(t, name, SplitMarkdown(c.text, minSize), c.want)
	}
}

func TestSplitText(t *testing.T) {
	sentence := "A sentence of forty characters, exactly."
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"short":      {text: "# a\n\nb\n", want: []string{"# a\n\nb"}},
		"paragraphs": {text: sentence + "\n\n" + sentence + "\n\n\n" + sentence, want: []string{sentence + "\n\n" + sentence, sentence}},
		"lines":      {text: sentence + "\n" + sentence + "\n" + sentence, want: []string{sentence + "\n" + sentence, sentence}},
		"sentences":  {text: sentence + " " + sentence + " " + sentence, want: []string{sentence + " " + sentence, sentence}},
		"words":      {text: strings.Repeat("word ", 30), want: []string{strings.TrimSpace(strings.Repeat("word ", 20)), strings.TrimSpace(strings.Repeat("word ", 10))}},
		"Chinese":    {text: strings.Repeat("一二三四五六七八九。", 12), want: []string{strings.Repeat("一二三四五六七八九。", 10), strings.Repeat("一二三四五六七八九。", 2)}},
		"a path":     {text: strings.Repeat("/abcdefgh", 14), want: []string{strings.Repeat("/abcdefgh", 11) + "/", "abcdefgh" + strings.Repeat("/abcdefgh", 2)}},
		"one word":   {text: strings.Repeat("x", 101), want: []string{strings.Repeat("x", 100), "x"}},
		"marks":      {text: strings.Repeat("x", 99) + "e\u0301\u0301y", want: []string{strings.Repeat("x", 99), "e\u0301\u0301y"}},
		"no words":   {text: "-- ... !?\n\n==="},
	} {
		expect.Equal(t, name, SplitText(c.text, 1), c.want)
	}
}

// Splitting takes time in proportion to the text: twice the text makes about twice the allocations.
// Anything worse runs into the tests' time limit.
func TestSplitIsLinear(t *testing.T) {
	const bytes = 1 << 20
	for name, piece := range map[string]string{
		"letters": "x", "words": "word ", "lines": "a\n", "headings": "# a\n", "deep headings": "###### a\nb\n", "fences": "```\n", "open fences": "``` x\n",
		"fences in quotations": "> ```\n", "one quotation": "> ", "one list": "- ", "numbers": "1. ", "tables": "|a|b|\n|-|-|\n", "pipes": "|", "underlines": "a\n---\n\n",
		"marks": "\u0301", "dashes": "---\n", "front matter": "---\na: b\n", "digits": "1", "spaces": " ", "fences of many lengths": "",
	} {
		text := strings.Repeat(piece, bytes/max(len(piece), 1))
		if piece == "" {
			var b strings.Builder
			for n := 2500; n > 2; n-- {
				b.WriteString(strings.Repeat("`", n) + " x\n")
			}
			text = b.String()
		}
		meta, rest := frontMatter(text)
		parts := SplitMarkdown(rest, 0)
		if name == "words" && len(parts) < bytes/DefaultSize || meta == nil != (name != "front matter") {
			t.Errorf("%s: got %d parts and %d keys of front matter", name, len(parts), len(meta))
		}
	}
}

func FuzzSplit(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "corpus", "*.md"))
	expect.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		expect.NoError(f, err)
		f.Add(string(data), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		limit := max(int(size), minSize)
		if size == 0 {
			limit = DefaultSize
		}
		for kind, split := range map[string]func(string, int) []string{"text": SplitText, "Markdown": SplitMarkdown} {
			rest, meta := text, map[string]string(nil)
			if kind == "Markdown" {
				meta, rest = frontMatter(text)
			}
			parts := []Part{{Meta: meta}}
			for _, part := range split(rest, int(size)) {
				parts = append(parts, Part{Text: part})
				if n := utf8.RuneCountInString(part); n > limit || strings.TrimFunc(part, unicode.IsSpace) == "" {
					t.Errorf("%s: got a part of %d characters, want 1 to %d", kind, n, limit)
				}
			}
			var words []string
			for _, word := range missing(text, parts, limit) {
				if strings.ContainsFunc(word, meaning) && utf8.RuneCountInString(word) <= limit/4 {
					words = append(words, word)
				}
			}
			if len(words) > 0 {
				t.Errorf("%s: got none of %d parts with %q", kind, len(parts), words)
			}
		}
	})
}
