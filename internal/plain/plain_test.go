package plain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vecspace/embedding/internal/expect"
)

func encoded(order binary.AppendByteOrder, text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(Mark + text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func TestDecode(t *testing.T) {
	text := "Grüße, 世界 😀\nsecond line"
	gbk := []byte{0xc4, 0xe3, 0xba, 0xc3} // "hello" in Chinese
	for name, c := range map[string]struct {
		data []byte
		want string
		err  error
	}{
		"UTF-8":                      {data: []byte(text), want: text},
		"UTF-8 with a mark":          {data: []byte(Mark + text), want: text},
		"two joined files":           {data: []byte(Mark + "# a\n" + Mark + "# b"), want: "# a\n# b"},
		"a mark inside a line":       {data: []byte("a" + Mark + "b"), want: "a" + Mark + "b"},
		"a mark alone":               {data: []byte(Mark)},
		"two marks":                  {data: []byte(Mark + Mark + "a"), want: "a"},
		"nothing":                    {},
		"UTF-16, little":             {data: encoded(binary.LittleEndian, text), want: text},
		"UTF-16, big":                {data: encoded(binary.BigEndian, text), want: text},
		"UTF-16's mark alone":        {data: []byte{0xff, 0xfe}},
		"line ends":                  {data: []byte("a\r\nb\rc\n"), want: "a\nb\nc\n"},
		"escape sequences":           {data: []byte("\x1b[31mred\x1b[0m\tand\fmore"), want: "\x1b[31mred\x1b[0m\tand\fmore"},
		"a stray control character":  {data: []byte(strings.Repeat("words ", 20) + "\x01"), want: strings.Repeat("words ", 20) + "\x01"},
		"UTF-16 without a mark":      {data: encoded(binary.LittleEndian, text)[2:], err: ErrNUL},
		"Chinese in it":              {data: []byte{0x16, 0x4e, 0x4c, 0x75, 0x02, 0x30}, err: ErrBinary},
		"UTF-32 with a mark":         {data: []byte("\xff\xfe\x00\x00a\x00\x00\x00"), err: ErrNUL},
		"UTF-16 that is cut":         {data: encoded(binary.LittleEndian, text)[:9], err: ErrUTF16},
		"half a pair":                {data: encoded(binary.BigEndian, "a😀")[:6], err: ErrUTF16},
		"a pair's second half alone": {data: []byte{0xff, 0xfe, 0x00, 0xde}, err: ErrUTF16},
		"GBK":                        {data: gbk, err: ErrEncoding},
		"Latin-1":                    {data: []byte("caf\xe9"), err: ErrEncoding},
		"ISO-2022-JP":                {data: []byte("\x1b$BF|K\\\x1b(B"), err: ErrEncoding},
		"a NUL":                      {data: []byte("a\x00b"), err: ErrNUL},
		"control characters":         {data: []byte("\x7fELF\x02\x01\x01text"), err: ErrBinary},
		"PDF":                        {data: []byte("%PDF-1.4 " + text), err: ErrBinary},
		"PDF behind a mark":          {data: []byte(Mark + "%PDF-1.4 " + text), err: ErrBinary},
		"PNG":                        {data: []byte("\x89PNG\r\n\x1a\n\x00\x00"), err: ErrNUL},
	} {
		got, err := Decode(c.data)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q and the error %v, want %q and %v", name, got, err, c.want, c.err)
		}
	}
}

func TestReader(t *testing.T) {
	text := strings.Repeat("Grüße, 世界 😀\n", 5000)
	for name, data := range map[string][]byte{
		"UTF-8":             []byte(text),
		"UTF-8 with a mark": []byte(Mark + text),
		"UTF-16, little":    encoded(binary.LittleEndian, text),
		"UTF-16, big":       encoded(binary.BigEndian, text),
	} {
		for kind, in := range map[string]io.Reader{
			"whole": bytes.NewReader(data), "bytes": iotest.OneByteReader(bytes.NewReader(data)),
			"halves": iotest.HalfReader(bytes.NewReader(data)), "data with its end": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			got, err := io.ReadAll(NewReader(in))
			if string(got) != text || err != nil {
				t.Errorf("%s in %s: got %d bytes and the error %v, want the %d of the text", name, kind, len(got), err, len(text))
			}
		}
	}
	for _, data := range []string{"", "a", "\xef", "\xef\xbb", "\xef\xbbx", "\xff", "\xffx", "\xfe"} {
		gone := errors.New("the disk is gone")
		got, err := io.ReadAll(NewReader(io.MultiReader(strings.NewReader(data), iotest.ErrReader(gone))))
		if string(got) != data || err != gone {
			t.Errorf("%q: got %q and the error %v, want it as it is and %v", data, got, err, gone)
		}
	}
}

// A line that has come is read without waiting for the next one.
func TestReaderDoesNotWait(t *testing.T) {
	for in, want := range map[string]string{"a": "a", Mark + "b": "b", "\xff\xfec\x00": "c"} {
		got := make([]byte, 8)
		n, err := NewReader(io.MultiReader(strings.NewReader(in), waits{t})).Read(got)
		if string(got[:n]) != want || err != nil {
			t.Errorf("%q: got %q and the error %v, want %q", in, got[:n], err, want)
		}
	}
}

type waits struct{ t *testing.T }

func (w waits) Read([]byte) (int, error) {
	w.t.Error("read more than it needed")
	return 0, io.EOF
}

func TestLine(t *testing.T) {
	for in, want := range map[string][2]string{
		"text":            {"text", ""},
		Mark + Mark + "a": {"a", ""},
		Mark:              {"", ""},
	} {
		text, why := Line(in)
		expect.Equal(t, "line", [2]string{text, why}, want)
	}
	for line, want := range map[string]string{"a\x00": "NUL", "\x1b$BF|K\\\x1b(B": "ISO-2022"} {
		if _, why := Line(line); !strings.Contains(why, want) {
			t.Errorf("%q: got %q, want a word on %s", line, why, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(Mark + "a\r\n" + Mark + "b"))
	f.Add([]byte("\xff\xfea\x00\x3d\xd8\x00\xde"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := Decode(data)
		if err != nil {
			expect.Equal(t, "text beside an error", text, "")
			return
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r") || strings.Contains("\n"+text, "\n"+Mark) {
			t.Errorf("got %q of %q", text, data)
		}
		again, err := Decode([]byte(text))
		expect.NoError(t, err)
		expect.Equal(t, "decoded again", again, text)
	})
}
