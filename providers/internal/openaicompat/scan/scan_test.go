package scan

import (
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
)

// check holds one reading of body against encoding/json: whether it is JSON, and where not; the
// vectors bit for bit; the rest; and whether it is the answer asked for.
func check(t *testing.T, body string, n, dims int, a Answer, err error) {
	t.Helper()
	syntax, isSyntax := errors.AsType[*SyntaxError](err)
	if offset := syntaxOffset(body); offset >= 0 {
		if !isSyntax || syntax.Offset != offset || a.Rest != nil || a.Vectors != nil {
			t.Fatalf("got %v and rest %q, want a syntax error after %d bytes\nbody %q", err, a.Rest, offset, body)
		}
		return
	}
	if isSyntax {
		t.Fatalf("got %v, and encoding/json takes it\nbody %q", err, body)
	}
	want, wantErr := expected([]byte(body), n, dims)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("got the error %v, want %v\nbody %q", err, wantErr, body)
	}
	if !same(a.Vectors, want) {
		t.Fatalf("got %v, want %v\nbody %q", a.Vectors, want, body)
	}
	if errors.Is(err, ErrTooLong) {
		return
	}
	if syntaxOffset(string(a.Rest)) >= 0 {
		t.Fatalf("the rest %q is no JSON\nbody %q", a.Rest, body)
	}
	if got, want := treeOf(a.Rest), expectedRest([]byte(body)); !reflect.DeepEqual(got, want) {
		t.Fatalf("the rest is %q: %v, want %v\nbody %q", a.Rest, got, want, body)
	}
	data, _ := treeOf(unmarked([]byte(body))).only("data")
	if err == nil && a.Items != len(data.members) {
		t.Fatalf("%d items, want %d", a.Items, len(data.members))
	}
}

// same compares bit for bit, as NaN and -0 ask for.
func same(a, b [][]float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for k := range a[i] {
			if math.Float32bits(a[i][k]) != math.Float32bits(b[i][k]) {
				return false
			}
		}
	}
	return true
}

const base64Pair = "AACAPwAAAEA=" // 1 and 2

// bodies are answers to 2 texts with 2 dimensions, right ones and wrong ones.
var bodies = []string{
	`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.0695386752486229,-1.5]},{"object":"embedding","index":1,"embedding":[1e-3,-0]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7},"id":"x"}`,
	`{"data":[{"embedding":[0.25, -0.5],"index":1},{"index":0,"embedding":[ 1 , 2.0 ]}]}`,
	" \r\n\t{ \"a\" : [ 1 , { } , [ ] ] , \"data\" : [ { \"index\" : 0 , \"embedding\" : [\n  0.125,\n  0.5\n] } , { \"index\" : 1 , \"embedding\" : [0.125,0.5] } ] , \"b\" : null }\n",
	`{"data":[{"index":0,"embedding":"` + base64Pair + `"},{"index":1,"embedding":"\u0041ACAPwAAAE\u0041="}],"x":"\"\\\/\b\f\n\r\t\ud83d\ude00\ud800"}`,
	`{"data":[{"index":0,"embedding":"AACAPwAA\/38="},{"index":1,"embedding":"AADAfwAAgH8="}]}`,
	`{"d\u0061t\u0061":[{"ind\u0065x":0,"\u0065mbedding":[1,2]},{"\u0069\u006e\u0064\u0065\u0078":1,"\u0065\u006d\u0062\u0065\u0064\u0064\u0069\u006e\u0067":[1,2]}],"usage":{}}`,
	`{"x":{"data":[1]},"data":[{"x":{"index":7,"embedding":[9]},"index":0,"embedding":[1,2],"y":[[[{}]]]},{"z":"]}","index":1,"embedding":[3,4],"":""}],"error":null}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4]}],"data":[]}`,
	`{"data":[],"a":1}`, `{"a":1,"data":null,"b":2}`, `{"data":{}}`, `{"data":"x"}`, `{"data":[null,null]}`, `{"data":[1,2]}`, `{}`, `[]`, `null`, `"data"`, `17`, `-0.5e-7`, `true`, ` `, ``,
	`{"error":{"message":"sorry","code":500}}`, `[{"error":{"message":"sorry"}}]`, `{"Data":[],"DATA":1}`,
	`{"data":[{"index":0,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]},{"index":2,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]},{"index":1,"embedding":[1,2]}],"k":0}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":2,"embedding":[1,2]}]}`,
	`{"data":[{"index":-1,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":-0,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":0.0,"embedding":[1,2]},{"index":1e0,"embedding":[1,2]}]}`,
	`{"data":[{"index":99999999999999999999,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":"0","embedding":[1,2]},{"index":null,"embedding":[1,2]}]}`,
	`{"data":[{"index":"\u0031","embedding":[1,2]},{"embedding":[3,4]}]}`, `{"data":[{"embedding":[1,2]},{"index":1,"embedding":[3,4]}]}`,
	`{"data":[{"embedding":[1,2]},{"index":0,"embedding":[3,4]}]}`, `{"data":[{"embedding":[1,2]},{"index":2,"embedding":[3,4]}]}`,
	`{"data":[{"embedding":[1,2]}]}`, `{"data":[{"embedding":[1,2]},{"embedding":[1,2]},{"index":1,"embedding":[3,4]}]}`,
	`{"data":[{"index":"","embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`, `{"data":[{"index":" 1","embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`,
	`{"data":[{"index":0.5,"embedding":[1,2]},{"index":-0.0,"embedding":[1,2]}]}`, `{"data":[{"index":true,"embedding":[1,2]},{"index":[0],"embedding":[1,2]}]}`,
	`{"data":[{"index":null,"index":null,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`, `{"data":[{"index":null},{"index":0,"embedding":[1,2]}]}`,
	byteOrderMark + `{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`, byteOrderMark, "\xef\xbb{}", byteOrderMark + byteOrderMark + "{}", byteOrderMark + "[]",
	`{"data":[{"embedding":[1,2]},{"embedding":[1,2]}]}`, `{"data":[{"index":0},{"index":1}]}`,
	`{"data":[{"index":0,"index":1,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[1,2],"embedding":[3,4]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}`,
	`{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}]}`,
	`{"data":[{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}]}`,
	`{"data":[{"index":0,"embedding":null},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[[1,2]]},{"index":1,"embedding":[1,null]}]}`,
	`{"data":[{"index":0,"embedding":[1,"2"]},{"index":1,"embedding":{"float":[1,2]}}]}`,
	`{"data":[{"index":0,"embedding":[1,1e39]},{"index":1,"embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":""},{"index":1,"embedding":""}]}`,
	`{"data":[{"index":0,"embedding":"AACAPwAAAEA"},{"index":1,"embedding":"AACAPwAAAEA="}]}`,
	`{"data":[{"index":0,"embedding":"AACAPwAAAEAA"},{"index":1,"embedding":"` + base64Pair + `"}]}`,
	`{"data":[{"index":0,"embedding":"AACA\nPwAAAEA="},{"index":1,"embedding":"` + base64Pair + `"}]}`,
	"{\"data\":[{\"index\":0,\"embedding\":\"AACA\nPwAAAEA=\"},{\"index\":1,\"embedding\":\"" + base64Pair + `"}]}`,
	`{"data":[{"index":0,"embedding":"A-_APwAAAEA="},{"index":1,"embedding":"%"}]}`,
	`{"data":[{"index":0,"embedding":"AACAPwAAAEA=AACA"},{"index":1,"embedding":"===="}]}`,
	`{"data":[{"index":0,"embedding":"AACAPwAAAEB="},{"index":1,"embedding":"` + base64Pair + `"}]}`,
	`{"data":[{"index":0,"embedding":[1,2,]}]}`, `{"data":[{"index":0,"embedding":[1 2]}]}`, `{"data":[{"index":0,"embedding":[,1]}]}`,
	`{"data":[{"index":0,"embedding":[01,2]}]}`, `{"data":[{"index":0,"embedding":[1.,2]}]}`, `{"data":[{"index":0,"embedding":[.1,2]}]}`,
	`{"data":[{"index":0,"embedding":[0.1.2,2]}]}`, `{"data":[{"index":0,"embedding":[NaN,2]}]}`, `{"data":[{"index":0,"embedding":[1,2}]}`,
	`{"data":[{"index":0,"embedding":[-,2]}]}`, `{"data":[{"index":0,"embedding":[1e,2]}]}`, `{"data":[{"index":0 "embedding":[1,2]}]}`,
	`{"data":[{"index":0,"embedding":[0.1,0.2],}]}`, `{"data":[{"index":0,"embedding":[1,2]},]}`, `{"data":[,]}`, `{"data":[{,}]}`, `{,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`,
	`{"a":"` + "\x01" + `"}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":"\u00`, `{"a":"` + "\xff\xfe" + `"}`, "\x00", "{\"data\":[\x00]}", "\ufeff{}",
	`{"data":[{"index":0,"embedding":"AAC\xAPw"}]}`, `{"data":[{"index":0,"embedding":"AACAPw`, `{"\u0064` + strings.Repeat(`\u0064`, 30) + `":1,"` + strings.Repeat("a", 63) + `\u0064":2,"data":[]}`,
	`tru`, `trux`, `nul`, `falsee`, `{} {}`, `{}x`, `{"data":[]}}`, `1 2`, `01`, `- 1`, `{"data":[{"index":0,"embedding":[1,2]}`,
	strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat(`{"a":`, 50) + `0` + strings.Repeat("}", 50),
}

// TestEveryOffset gives each body in two pieces, split at every offset, and in pieces of every
// size: the result is that of the body in one piece, which is held against encoding/json.
func TestEveryOffset(t *testing.T) {
	small, middle := newScanner(8), newScanner(window)
	for _, body := range bodies {
		for _, dims := range []int{2, 0} {
			want, wantErr := Read(strings.NewReader(body), 2, dims)
			check(t, body, 2, dims, want, wantErr)
			for at := range len(body) + 1 {
				sizes := []int{max(1, at), len(body)}
				alike := func(what string, a Answer, err error) {
					if fmt.Sprint(err) != fmt.Sprint(wantErr) || !same(a.Vectors, want.Vectors) || string(a.Rest) != string(want.Rest) || a.Items != want.Items {
						t.Fatalf("%s at %d: got %v, %v, rest %q, want %v, %v, rest %q\nbody %q",
							what, at, a.Vectors, err, a.Rest, want.Vectors, wantErr, want.Rest, body)
					}
				}
				a, err := Read(&pieces{body, sizes}, 2, dims)
				alike("split", a, err)
				small.buf = small.buf[:8] // it grows
				small.reset()
				a, err = small.read(&pieces{body, sizes}, 2, dims)
				alike("split, with a small buffer,", a, err)
				middle.reset()
				a, err = middle.read(iotest.DataErrReader(&pieces{body, []int{at + 1}}), 2, dims)
				alike("pieces one longer than", a, err)
			}
		}
	}
}

// TestEveryOffsetOfManyNumbers splits an answer whose numbers go the fast way.
func TestEveryOffsetOfManyNumbers(t *testing.T) {
	rows := vectors(2, 8)
	for _, body := range []string{answerOf(rows, printed), answerOf(rows, encodedRow), strings.ReplaceAll(answerOf(rows, printed), ",", ", ")} {
		for at := range len(body) + 1 {
			a, err := Read(&pieces{body, []int{max(1, at), len(body)}}, 2, 8)
			if err != nil || !same(a.Vectors, rows) {
				t.Fatalf("split at %d: %v, %v", at, a.Vectors, err)
			}
			a, err = newScanner(window).read(&pieces{body, []int{at + 1}}, 2, 0)
			if err != nil || !same(a.Vectors, rows) {
				t.Fatalf("in pieces of %d: %v, %v", at+1, a.Vectors, err)
			}
		}
	}
}

// TestEveryEnd cuts an answer off at every place, and puts what does not belong there at every
// place.
func TestEveryEnd(t *testing.T) {
	body := bodies[0]
	for at := range len(body) {
		a, err := Read(strings.NewReader(body[:at]), 2, 2)
		check(t, body[:at], 2, 2, a, err)
		for _, c := range []byte("\x00\x1f \n\"\\,:[]{}-+.0e9/tn\x7f\xff") {
			changed := body[:at] + string([]byte{c}) + body[at+1:]
			a, err := Read(strings.NewReader(changed), 2, 2)
			check(t, changed, 2, 2, a, err)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, deep := range []int{deepest - 4, deepest - 3, deepest - 2, deepest - 1, deepest, deepest + 1} {
		nested := strings.Repeat("[", deep) + strings.Repeat("]", deep)
		for _, body := range []string{nested, `{"a":` + nested + `}`, `{"data":[{"x":` + nested + `}]}`, `{"data":[{"index":0,"embedding":[` + nested + `]}]}`,
			strings.Repeat(`{"":`, deep) + "1" + strings.Repeat("}", deep)} {
			a, err := Read(strings.NewReader(body), 1, 1)
			_, isSyntax := errors.AsType[*SyntaxError](err)
			if offset := syntaxOffset(body); isSyntax != (offset >= 0) {
				t.Errorf("%d levels in %.20s...: got %v, rest of %d bytes; encoding/json %d, want a syntax error: %v",
					deep, body, err, len(a.Rest), offset, offset >= 0)
			}
		}
	}
}

// TestSiblings: only what is open counts as depth.
func TestSiblings(t *testing.T) {
	many := strings.Repeat(`{},[],`, deepest)
	body := `{"a":[` + many + `0],"data":[{"b":[` + many + `0],"index":0,"embedding":[1]}]}`
	_, err := Read(strings.NewReader(body), 1, 1)
	expect.NoError(t, err)
}

func TestBounds(t *testing.T) {
	t.Run("a long rest", func(t *testing.T) {
		body := `{"data":[{"index":0,"embedding":[1]}],"pad":"` + strings.Repeat("x", mostRest) + `"}`
		if a, err := Read(strings.NewReader(body), 1, 1); !errors.Is(err, ErrTooLong) || a.Rest != nil {
			t.Errorf("got %v, rest of %d bytes, want %v, Rest nil", err, len(a.Rest), ErrTooLong)
		}
	})
	t.Run("members of items are no rest", func(t *testing.T) {
		body := `{"data":[{"index":0,"pad":"` + strings.Repeat("x", 2*mostRest) + `","embedding":[1]}]}`
		_, err := Read(strings.NewReader(body), 1, 1)
		expect.NoError(t, err)
	})
	t.Run("a slab that no answer fills", func(t *testing.T) {
		body := `{"data":[{"index":0,"embedding":[` + strings.Repeat("0,", 4000) + `0]}]}`
		if _, err := Read(strings.NewReader(body), mostNumbers/4000, 0); !errors.Is(err, ErrTooLong) {
			t.Errorf("got %v, want %v", err, ErrTooLong)
		}
	})
	t.Run("tokens longer than the buffer", func(t *testing.T) {
		rows := vectors(2, 3*bufferSize/4)
		body := answerOf(rows, encodedRow)
		a, err := Read(strings.NewReader(body), 2, 0)
		if err != nil || !same(a.Vectors, rows) {
			t.Errorf("got %d vectors and the error %v, want the vectors that were written", len(a.Vectors), err)
		}
		long := "0." + strings.Repeat("3", 2*bufferSize)
		body = `{"` + long + `":` + long + `,"data":[{"index":0,"` + long + `":0,"embedding":[` + long + `]}]}`
		a, err = Read(strings.NewReader(body), 1, 1)
		check(t, body, 1, 1, a, err)
		expect.NoError(t, err)
	})
}

func TestErrorsOfTheReader(t *testing.T) {
	broken := errors.New("broken")
	for at := range len(bodies[0]) {
		r := io.MultiReader(strings.NewReader(bodies[0][:at]), iotest.ErrReader(broken))
		if a, err := Read(r, 2, 2); err != broken || a.Vectors != nil || a.Rest != nil {
			t.Fatalf("broken after %d bytes: %v, %v", at, a, err)
		}
	}
	if _, err := Read(idle{}, 2, 2); err != io.ErrNoProgress {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// TestReadsToTheEnd: a connection is used again only if its answer was read up to io.EOF.
func TestReadsToTheEnd(t *testing.T) {
	for _, body := range []string{bodies[0], bodies[0] + " \n", `{"data":[]}`, `{"error":"x"}`, `null`} {
		ended := false
		_, _ = Read(io.MultiReader(strings.NewReader(body), eofReader{&ended}), 2, 2)
		if !ended {
			t.Errorf("%q was not read to its end", body)
		}
	}
}

type eofReader struct{ ended *bool }

func (r eofReader) Read([]byte) (int, error) { *r.ended = true; return 0, io.EOF }

// TestErrorsSayWhere looks at the words, which users read.
func TestErrorsSayWhere(t *testing.T) {
	for _, tc := range []struct{ body, says string }{
		{`{}`, "has no data"},
		{`[]`, "no JSON object"},
		{`{"data":null}`, "data is no list"},
		{`{"data":[]}`, "no vector for any of the 2 texts"},
		{`{"data":[{"index":0,"embedding":[1,2]}]}`, "no vector for text 1"},
		{`{"data":[{"index":1,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`, "two vectors for text 1"},
		{`{"data":[{"index":7,"embedding":[1,2]}]}`, "vector for text 7, of 2 texts"},
		{`{"data":[{"embedding":[1,2]}]}`, "1 items of the answer have no index"},
		{`{"data":[{}]}`, "item 0 of the answer has no vector"},
		{`{"data":[{"index":0,"embedding":[1,2]},{"index":true,"embedding":[1,2]}]}`, "item 1 of the answer has an index that is no number"},
		{`{"data":[{"index":1}]}`, "for text 1, has no vector"},
		{`{"data":[{"index":1,"embedding":[1]}]}`, "item 0 of the answer has a vector of 1 numbers, want 2"},
		{`{"data":[{"index":1,"embedding":[1,2,3]}]}`, "more than 2 numbers"},
		{`{"data":[{"index":1,"embedding":[1,null]}]}`, "something else than a number at place 1"},
		{`{"data":[{"index":1,"embedding":[1,1e39]}]}`, "number at place 1 that float32 cannot hold"},
		{`{"data":[{"index":1,"embedding":"x"}]}`, "no base64"},
		{`{"data":[{"index":1,"embedding":"AAA="}]}`, "whose last number is cut"},
		{`{"data":[null]}`, "item 0 of the answer is no object"},
		{`{"data":[x]}`, `invalid character 'x' (byte 10)`},
		{`{"data":[`, `ends too early (byte 9)`},
	} {
		if _, err := Read(strings.NewReader(tc.body), 2, 2); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want it to say %q", tc.body, err, tc.says)
		}
	}
}

// TestRowsAreApart: appending to a row does not reach the next, and a later reading leaves the rows
// alone.
func TestRowsAreApart(t *testing.T) {
	for _, dims := range []int{4, 0} {
		rows := vectors(3, 4)
		a, err := Read(strings.NewReader(answerOf(rows, printed)), 3, dims)
		expect.NoError(t, err)
		rest := string(a.Rest)
		for i := range a.Vectors {
			_ = append(a.Vectors[i], 99)
		}
		for range 10 {
			other := strings.ReplaceAll(answerOf(vectors(9, 7), encodedRow), "text-embedding-v4", "another")
			_, err := Read(strings.NewReader(other), 9, 0)
			expect.NoError(t, err)
		}
		if !same(a.Vectors, rows) || string(a.Rest) != rest {
			t.Errorf("dims %d: the rows became %v, the rest %s", dims, a.Vectors, a.Rest)
		}
	}
}

// TestAllocations: the rows, their slab and the rest. The scanner is reset and not put into the
// pool, which forgets on purpose under -race.
func TestAllocations(t *testing.T) {
	rows := vectors(10, 64)
	for name, write := range map[string]func([]float32) string{"floats": printed, "base64": encodedRow} {
		body := answerOf(rows, write)
		for _, dims := range []int{64, 0} {
			r, s := strings.NewReader(body), newScanner(bufferSize)
			got := testing.AllocsPerRun(200, func() {
				r.Reset(body)
				s.reset()
				_, err := s.read(r, len(rows), dims)
				expect.NoError(t, err)
			})
			expect.Equal(t, fmt.Sprint(name, ", dims ", dims, ": allocations"), got, 3)
		}
	}
}

// moves checks that a scanner copies no byte of its buffer often: time is linear in the answer,
// whatever its form and however small the pieces that it comes in.
func moves(t *testing.T, body string, first, then, texts int) {
	t.Helper()
	s := newScanner(first)
	r := &pieces{body, []int{first, then}}
	_, _ = s.read(r, texts, 0)
	if most := int64(8+window) * int64(len(body)+1); s.moved > most {
		t.Errorf("%d bytes were moved for an answer of %d, want at most %d", s.moved, len(body), most)
	}
}

// TestTimeIsLinear in the answer for what it could be long in.
func TestTimeIsLinear(t *testing.T) {
	const long = 1 << 17
	for name, body := range map[string]string{
		"a string":       `{"a":"` + strings.Repeat("x", long) + `"}`,
		"escapes":        `{"a":"` + strings.Repeat(`\u0041`, long/6) + `"}`,
		"base64":         `{"data":[{"embedding":"` + strings.Repeat("AACAPwAAAEA=", long/12) + `"}]}`,
		"a number":       `{"data":[{"embedding":[` + strings.Repeat("1", long) + `]}]}`,
		"an index":       `{"data":[{"index":"` + strings.Repeat("1", long) + `"}]}`,
		"lists":          strings.Repeat("[", long),
		"objects":        strings.Repeat(`{"a":`, long/5),
		"white space":    strings.Repeat(" ", long) + `{"data"` + strings.Repeat("\n", long) + `:[]}`,
		"names":          `{"` + strings.Repeat(`data","`, long/7),
		"numbers":        `{"data":[{"embedding":[` + strings.Repeat("0.5,", long/4) + `1]}]}`,
		"indented":       `{"data":[{"embedding":[` + strings.Repeat("\n            0.5,", long/16) + `1]}]}`,
		"items":          `{"data":[` + strings.Repeat(`{"embedding":[1]},`, long/18) + `{}]}`,
		"broken strings": strings.Repeat(`"`, long),
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 7, bufferSize} {
				moves(t, body, size, size, 2)
			}
		})
	}
}

// FuzzAnswer holds the scanner against encoding/json, the body given in pieces of two sizes.
func FuzzAnswer(f *testing.F) {
	for i, body := range bodies {
		f.Add(body, uint8(2), uint8(i%2*2), uint8(i), uint8(i*7))
	}
	f.Add(answerOf(vectors(3, 4), printed), uint8(3), uint8(4), uint8(50), uint8(100))
	f.Add(answerOf(vectors(3, 4), encodedRow), uint8(3), uint8(0), uint8(50), uint8(100))
	f.Fuzz(func(t *testing.T, body string, n, dims, first, then uint8) {
		texts, numbers := int(n%8), int(dims%8)
		a, err := Read(strings.NewReader(body), texts, numbers)
		check(t, body, texts, numbers, a, err)
		b, err2 := newScanner(int(first)+1).read(&pieces{body, []int{int(first) + 1, int(then) + 1}}, texts, numbers)
		check(t, body, texts, numbers, b, err2)
		moves(t, body, int(first)+1, int(then)+1, texts)
		if fmt.Sprint(err) != fmt.Sprint(err2) || string(a.Rest) != string(b.Rest) || a.Items != b.Items {
			t.Fatalf("in one piece %v, rest %q; in several %v, rest %q", err, a.Rest, err2, b.Rest)
		}
	})
}
