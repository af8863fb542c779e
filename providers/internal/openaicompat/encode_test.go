package openaicompat

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestEncoder(t *testing.T) {
	e, err := newEncoder(`quo"ted`, []Field{{"encoding_format", "float"}, {"dimensions", 64}}, func(task embedding.Task) []Field {
		return []Field{{"text_type", task.String()}}
	})
	expect.NoError(t, err)
	for _, tc := range []struct {
		req  embedding.Request
		want string
	}{
		{embedding.Request{Texts: []string{"a", "b\n\"c\""}},
			`{"model":"quo\"ted","input":["a","b\n\"c\""],"encoding_format":"float","dimensions":64,"text_type":"document"}`},
		{embedding.Request{Texts: []string{"衣服"}, Task: embedding.TaskQuery},
			`{"model":"quo\"ted","input":["衣服"],"encoding_format":"float","dimensions":64,"text_type":"query"}`},
		{embedding.Request{Texts: []string{"a"}, Task: 77}, // a task of a later version
			`{"model":"quo\"ted","input":["a"],"encoding_format":"float","dimensions":64,"text_type":"document"}`},
	} {
		expect.Equal(t, "encoded", string(e.append(nil, tc.req)), tc.want)
	}
	plain, err := newEncoder("m", nil, nil)
	expect.NoError(t, err)
	req := embedding.Request{Texts: []string{"one", "two"}}
	got := plain.append(nil, req)
	expect.Equal(t, "encoded", string(got), `{"model":"m","input":["one","two"]}`)
	if size := plain.size(req); size < len(got) || size > len(got)+8 {
		t.Errorf("size says %d for %d bytes", size, len(got))
	}
	if _, err := newEncoder("m", []Field{{"f", func() {}}}, nil); err == nil {
		t.Error("a field that is no JSON was taken")
	}
}

func TestEncoderAllocations(t *testing.T) {
	e, err := newEncoder("m", nil, nil)
	expect.NoError(t, err)
	req := embedding.Request{Texts: []string{strings.Repeat("plain text ", 50), strings.Repeat("\"quoted\" ", 50)}}
	buf := make([]byte, 0, 4096)
	expect.Equal(t, "allocations of encoding into a large enough buffer", testing.AllocsPerRun(100, func() { buf = e.append(buf[:0], req) }), 0)
}

// FuzzAppendString holds the hand-written encoder against encoding/json's decoder.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "tab\there", "quote\" slash\\", "\x00\x1f\x7f", "é衣\u2028\u2029<>&", "1234567\"", "12345678\n12345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // the guard refuses it
		}
		b := appendString([]byte("x"), s)
		var got string
		if err := json.Unmarshal(b[1:], &got); err != nil {
			t.Fatalf("%q became %s: %v", s, b[1:], err)
		}
		if got != s {
			t.Fatalf("%q became %q, want %v", s, got, s)
		}
	})
}

// TestAppendStringEveryPlace puts a character that needs an escape at every place of the eight-byte
// window.
func TestAppendStringEveryPlace(t *testing.T) {
	for _, c := range []string{"\"", "\\", "\n", "\r", "\t", "\x00", "\x1f", "\x20", "\x7f", "é"} {
		for n := range 20 {
			for at := range n + 1 {
				s := strings.Repeat("a", at) + c + strings.Repeat("é", n-at)
				var got string
				if err := json.Unmarshal(appendString(nil, s), &got); err != nil || got != s {
					t.Fatalf("%q became %q, %v, want %v", s, got, err, s)
				}
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e, err := newEncoder("text-embedding-v4", []Field{{"encoding_format", "float"}, {"dimensions", 1024}}, nil)
	expect.NoError(b, err)
	req := embedding.Request{Texts: make([]string, 10)}
	for i := range req.Texts {
		req.Texts[i] = strings.Repeat("the quick brown fox, and so on. ", 16)[:500]
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.append(buf[:0], req)
	}
}
