package static

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/providers/static/internal/linked"
	"golang.org/x/text/unicode/norm"
)

// testdata returns the folder of labeled data, or skips.
func testdata(t testing.TB) string {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("SKIPPED, NOT TESTED: set EMBEDDING_TESTDATA to the folder with static-model, stsb-multi-mt, scifact and cranfield")
	}
	return dir
}

// first links the first edition for one test, as package base1 does for a program.
func first(t testing.TB) {
	data, err := os.ReadFile("base1/weights.bin")
	expect.NoError(t, err)
	linked.Base1 = string(data)
	t.Cleanup(func() { linked.Base1 = "" })
}

func open(t testing.TB, dims int) embedding.Embedder {
	e, err := New(Options{Dimensions: dims})
	expect.NoError(t, err)
	return e
}

func vectors(t testing.TB, e embedding.Embedder, texts ...string) [][]float32 {
	t.Helper()
	v, err := embedding.Documents(t.Context(), e, texts)
	expect.NoError(t, err)
	return v
}

func TestWeights(t *testing.T) {
	expect.Equal(t, "SHA-256 of weights.bin", fmt.Sprintf("%x", sha256.Sum256([]byte(weights))), weightsSHA256)
	if len(weights) > 8e6 {
		t.Errorf("%d bytes", len(weights))
	}
	if s := string(open(t, 0).Model().Space); !strings.Contains(s, weightsSHA256[:8]) {
		t.Errorf("the space %s does not tell remade weights apart", s)
	}
}

// TestFixture compares with what train/fixture.py computes: testdata/fixture.json is the present
// edition's, the shared data have the first edition's.
func TestFixture(t *testing.T) {
	t.Run("base", func(t *testing.T) { compareFixture(t, "testdata/fixture.json", "base", loaded) })
	t.Run("base1", func(t *testing.T) {
		path := filepath.Join(testdata(t), "static-model", "fixture.json")
		first(t)
		compareFixture(t, path, "base1", loadedBase1)
	})
}

func compareFixture(t *testing.T, path, name string, table func() *table) {
	data, err := os.ReadFile(path)
	expect.NoError(t, err)
	var fixture map[string][]struct {
		Text string
		IDs  []int
		Head []float32
		// Lexical is the head of 256 lexical dimensions; the first edition has none.
		Lexical []float32
	}
	expect.NoError(t, json.Unmarshal(data, &fixture))
	e, err := New(Options{Model: name})
	expect.NoError(t, err)
	s, known := new(scratch), 0
	for _, texts := range fixture {
		for _, f := range texts {
			table().embed(s, make([]float32, 256), 256, f.Text)
			if !slices.Equal(s.rows, f.IDs) && len(s.rows)+len(f.IDs) > 0 {
				t.Errorf("%q: rows %v, want %v", f.Text, s.rows, f.IDs)
			}
			if len(f.IDs) == 0 {
				continue
			}
			known++
			compareHead(t, f.Text, vectors(t, e, f.Text)[0], f.Head)
			if f.Lexical != nil {
				both, err := New(Options{Model: name, Lexical: 256})
				expect.NoError(t, err)
				compareHead(t, f.Text+", lexical", vectors(t, both, f.Text)[0][256:], f.Lexical)
			}
		}
	}
	if known < 15 {
		t.Errorf("only %d texts of the fixture were compared", known)
	}
}

func compareHead(t *testing.T, text string, got, want []float32) {
	t.Helper()
	for i, x := range want {
		if math.Abs(float64(got[i]-x)) > 1e-5 {
			t.Errorf("%q: dimension %d is %v, want %v", text, i, got[i], x)
		}
	}
}

// plainFold is a version of the folding as its description says it.
func plainFold(version int, text string) string {
	form, dropped := norm.NFD, []*unicode.RangeTable{unicode.Mn}
	if version == 2 {
		form, dropped = norm.NFKD, append(dropped, unicode.Cf)
	}
	text = form.String(strings.Map(unicode.ToLower, text))
	if version == 2 {
		text = strings.Map(unicode.ToLower, text)
	}
	text = strings.Map(func(r rune) rune {
		to, replaced := simplified()[r]
		switch {
		case unicode.In(r, dropped...):
			return -1
		case r == 'ς':
			return 'σ'
		case version == 2 && replaced:
			return to
		}
		return r
	}, text)
	return text
}

// simplified has the lines of traditional.txt, and the fraction slash.
var simplified = sync.OnceValue(func() map[rune]rune {
	pairs := map[rune]rune{'\u2044': '/'}
	for line := range strings.Lines(traditional) {
		r := []rune(line)
		pairs[r[0]] = r[1]
	}
	return pairs
})

// reference is the tokenizer as its description says it, without any thought for speed.
func reference(t *table, version int, text string) (rows []int, words []string) {
	row := map[string]int{}
	for i, piece := range strings.Split(t.vocab, "\n") {
		row[piece] = i
	}
	folded := []rune(plainFold(version, text))
	isHan := func(r rune) bool {
		return r >= 0x3400 && r <= 0x4DBF || r >= 0x4E00 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x2FA1F
	}
	kind := func(r rune) byte {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Z):
			return ' '
		case isHan(r):
			return 'h'
		case r < 128 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) || unicode.IsPunct(r):
			return 'p'
		}
		return 'w'
	}
	for i := 0; i < len(folded); {
		j := i + 1
		k := kind(folded[i])
		for k != 'p' && j < len(folded) && kind(folded[j]) == k {
			j++
		}
		if k != ' ' {
			words = append(words, string(folded[i:j]))
		}
		i = j
	}
	for _, w := range words {
		r := []rune(w)
		han := isHan(r[0])
		if !han && len(r) > 100 {
			continue
		}
		var got []int
		for i := 0; i < len(r); {
			prefix := ""
			if i > 0 && !han {
				prefix = "##"
			}
			j := len(r)
			for ; j > i; j-- {
				if id, ok := row[prefix+string(r[i:j])]; ok {
					got = append(got, id)
					break
				}
			}
			if j == i {
				if !han {
					got = nil
					break
				}
				j++
			}
			i = j
		}
		rows = append(rows, got...)
	}
	return rows, words
}

func TestFoldOfEachCharacter(t *testing.T) {
	for _, version := range []int{1, 2} {
		f := foldings(version)
		for r := rune(0x80); r <= unicode.MaxRune; r++ {
			if r >= 0xD800 && r <= 0xDFFF {
				continue
			}
			if got, want := string(f.fold(nil, string(r))), plainFold(version, string(r)); got != want {
				t.Fatalf("version %d, %U: %q, want %q", version, r, got, want)
			}
		}
	}
}

// TestSameText has pairs that a reader takes for the same text. The first edition took them for
// different ones.
func TestSameText(t *testing.T) {
	for _, pair := range [][2]string{
		{"co\u00adoperate with the zero\u200bwidth space", "cooperate with the zerowidth space"},
		{"\ufeffﬁle ½ m² №5 ™", "file 1/2 m2 no5 tm"},
		{"ＦＵＬＬ－ｗｉｄｔｈ　ｌｅｔｔｅｒｓ！", "full-width letters!"},
		{"數據庫連接失敗，請重試", "数据库连接失败，请重试"},
		{"這裡的復習", "这里的复习"},
		{"𝐁𝐨𝐥𝐝 Ⅳ ①", "bold iv 1"},
		{"ⅷ ﷺ", "viii صلى الله عليه وسلم"},
	} {
		v := vectors(t, open(t, 0), pair[0], pair[1])
		if c := embedding.Cosine(v[0], v[1]); c < .99999 {
			t.Errorf("%q and %q: cosine %v, want 1", pair[0], pair[1], c)
		}
	}
	// Simplified text has these characters too, so they stay.
	for _, text := range []string{"著名", "乾坤", "象征", "瞭望", "慰藉", "覆盖"} {
		f := foldings(2)
		expect.Equal(t, "folded", string(f.fold(nil, text)), text)
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"Hello, World!", "Café déjà-vu ÉCOLE", "İstanbul ß ſ Σς", "中国人民银行在北京。mixed文字", "e\u0301\u0301 \u0301x", "##a a##", "\u200b\u00ad", "ﬁ ½ ™ ＡＢＣ", "數據庫", "한국어", strings.Repeat("x", 101)} {
		f.Add(s)
	}
	first(f)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 300 {
			return
		}
		for i, m := range []*table{loadedBase1(), loaded()} {
			want, ws := reference(m, i+1, text)
			s := new(scratch)
			v := make([]float32, 64)
			n := m.embed(s, v, 64, text)
			if !slices.Equal(s.rows, want) && len(s.rows)+len(want) > 0 {
				t.Fatalf("version %d, %q: rows %v, want %v of the words %q", i+1, text, s.rows, want, ws)
			}
			if n != len(want) {
				t.Fatalf("version %d: %d tokens of %d", i+1, n, len(want))
			}
			if length(v) < .999 || length(v) > 1.001 {
				t.Fatalf("version %d, %q: length %v", i+1, text, length(v))
			}
		}
	})
}

func length(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestUnknownTexts(t *testing.T) {
	e := open(t, 0)
	texts := []string{"한국어", "한국어", "한국어 문장", "カタカナ", "\u0301", "\u200b", strings.Repeat("x", 101), "word🙂glued"}
	v := vectors(t, e, texts...)
	for i := range v {
		if l := length(v[i]); math.Abs(l-1) > 1e-5 {
			t.Errorf("%q: length %v", texts[i], l)
		}
	}
	if c := embedding.Cosine(v[0], v[1]); c < .99999 {
		t.Errorf("equal words: cosine %v", c)
	}
	if c := embedding.Cosine(v[0], v[2]); c < .5 || c > .9 {
		t.Errorf("one word of two in common: cosine %v", c)
	}
	if c := embedding.Cosine(v[0], v[3]); math.Abs(float64(c)) > .3 {
		t.Errorf("no word in common: cosine %v", c)
	}
	// The same on every machine, for ever: stores keep these vectors.
	expect.Equal(t, "seeded vectors", fmt.Sprintf("%.5f", v[0][:3]), "[-0.05398 0.07484 -0.00926]")
}

func TestTruncation(t *testing.T) {
	for _, text := range []string{"parse command line flags", "如何压缩数据", "한국어"} {
		full := vectors(t, open(t, 256), text)[0]
		for _, dims := range []int{128, 64} {
			short := vectors(t, open(t, dims), text)[0]
			if len(short) != dims || math.Abs(length(short)-1) > 1e-5 {
				t.Errorf("%d dimensions, length %v", len(short), length(short))
			}
			if c := embedding.Cosine(short, full[:dims]); c < .99999 {
				t.Errorf("%q at %d: not the full vector cut and renormalised: %v", text, dims, c)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{`no model "large": there are "base" and "base1"`: {Model: "large"}, "100 dimensions: there are [256 128 64]": {Dimensions: 100}} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) || embedding.KindOf(err) != embedding.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
	e, err := New(Options{Model: "base", Dimensions: 64, Space: "mine"})
	if err != nil || e.Model().Space != "mine" || e.Model().Dimensions != 64 {
		t.Errorf("got %v and the error %v, want the Space mine, 64 dimensions and no error", e, err)
	}
}

func TestManyTextsOnAllCores(t *testing.T) {
	e := open(t, 64)
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = fmt.Sprintf("text number %d about %c", i, 'a'+i%26)
	}
	all := vectors(t, e, texts...)
	for i, text := range texts {
		if !slices.Equal(all[i], vectors(t, e, text)[0]) {
			t.Fatalf("text %d has another vector in company", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&model{m: e.Model(), table: loaded, meaning: 64}).Embed(ctx, embedding.Request{Texts: texts}); err != context.Canceled {
		t.Errorf("got the error %v, want %v", err, context.Canceled)
	}
}

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector adds allocations")
	}
	ctx := t.Context()
	texts := make([]string, 15) // few enough for one goroutine
	for i := range texts {
		texts[i] = "A sentence like any other, 你好 é, 數據庫 ｆｕｌｌ, number " + fmt.Sprint(i)
	}
	for _, o := range []Options{{}, {Lexical: 256}} {
		e, err := New(o)
		expect.NoError(t, err)
		vectors(t, e, texts...)
		if got := testing.AllocsPerRun(100, func() { e.Embed(ctx, embedding.Request{Texts: texts}) }); got > 3 {
			t.Errorf("%+v: %v allocations for 15 texts: the slab and its rows are two", o, got)
		}
	}
}

func Example() {
	e, err := New(Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := embedding.Documents(context.Background(), e, []string{
		"How do I compress a file?", "Make data smaller with gzip", "The cat sat on the mat"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(embedding.Cosine(v[0], v[1]) > embedding.Cosine(v[0], v[2]))
	// Output: true
}

func BenchmarkEmbed(b *testing.B) {
	const english, chinese = "A man is playing a large flute in front of the old city hall.", "一个男人在旧市政厅前吹着一支大长笛。"
	for _, run := range []struct {
		name    string
		n       int
		text    string
		options Options
	}{
		{name: "1", n: 1, text: english},
		{name: "15", n: 15, text: english},
		{name: "1024", n: 1024, text: english},
		{name: "1024 Chinese", n: 1024, text: chinese},
		{name: "1024 lexical", n: 1024, text: english, options: Options{Lexical: 256}},
	} {
		b.Run(run.name, func(b *testing.B) {
			e, err := New(run.options)
			expect.NoError(b, err)
			n, texts := run.n, make([]string, run.n)
			for i := range texts {
				texts[i] = run.text
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Embed(b.Context(), embedding.Request{Texts: texts}); err != nil {
					b.Fatalf("got the error %v, want none", err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "texts/s")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		load(weights, tokenizer)
	}
}

// TestScales holds what sum relies on: every scale is a multiple of 2^-12 and fits its lane.
func TestScales(t *testing.T) {
	m := loaded()
	for row := range len(m.scales) / 2 {
		scale := half(uint16(m.scales[2*row]) | uint16(m.scales[2*row+1])<<8)
		units := m.scale(row)
		if float32(units)/(1<<12) != scale || units >= 1<<20 {
			t.Fatalf("row %d has the scale %v, which is %d units", row, scale, units)
		}
	}
}

// TestSum compares the packed sum with a plain one, also of more rows than a lane holds.
func TestSum(t *testing.T) {
	m := loaded()
	for _, n := range []int{0, 1, 2, 3, 255, 256, 257, 1000} {
		for _, dimensions := range dimensions {
			rows := make([]int, n)
			want := make([]float64, dimensions)
			for i := range rows {
				rows[i] = (i * 7919) % (len(m.scales) / 2)
				for d := range want {
					b := m.rows[rows[i]*m.dimensions/2+d/2]
					q := int(b>>(4*(d%2))&15) - 8
					want[d] += float64(q) * float64(m.scale(rows[i]))
				}
			}
			got, plain := make([]float32, dimensions), make([]float32, dimensions)
			m.sum(got, rows)
			m.sumPlain(plain, rows)
			expect.Equal(t, fmt.Sprint("the sum of ", n, " rows without AVX2"), plain, got)
			for d := range want {
				if math.Abs(float64(got[d])-want[d]) > 1e-6*math.Abs(want[d])+1 {
					t.Fatalf("%d rows, dimension %d of %d: %v, want %v", n, d, dimensions, got[d], want[d])
				}
			}
		}
	}
}

// half widens a positive IEEE 754 half-precision number.
func half(h uint16) float32 {
	const rebias = 1 << 112 // the distance of the two exponents' zeros
	return math.Float32frombits(uint32(h)<<13) * rebias
}

// TestMemory: a loaded table takes an index of its vocabulary and a table of characters from the
// heap. The rows stay where the binary has them, so more of them make the binary larger alone.
func TestMemory(t *testing.T) {
	first, err := os.ReadFile(filepath.Join("base1", "weights.bin"))
	expect.NoError(t, err)
	heap := func(weights string, tokenizer int) int {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		load(weights, tokenizer)
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc - before.TotalAlloc)
	}
	old, now := heap(string(first), 1), heap(weights, tokenizer)
	t.Logf("the first edition takes %d bytes of heap beside %d in the binary, the present one %d beside %d", old, len(first), now, len(weights))
	if characters := 2 * (hanLast - hanFirst + 1); now > old+characters+64<<10 || now > 2<<20 {
		t.Errorf("the heap takes %d bytes, the first edition %d: want no more but for %d of characters", now, old, characters)
	}
}
