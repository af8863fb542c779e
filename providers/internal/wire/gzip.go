package wire

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
)

// decode makes res.Body the plain body. No request asks for a compressed answer, and some proxies
// send one all the same, or name a coding that is none. What comes says more than its name. The
// error names a coding that cannot be read.
func decode(res *http.Response) error {
	coding := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding")))
	if coding == "" || coding == "identity" {
		return nil
	}
	raw, closer := bufio.NewReader(res.Body), res.Body
	magic, _ := raw.Peek(2)
	switch {
	case string(magic) == "\x1f\x8b":
		res.Body = body{&unzipper{raw: raw, open: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }}, closer}
	case len(magic) == 2 && magic[0] == 0x78 && binary.BigEndian.Uint16(magic)%31 == 0: // RFC 1950
		res.Body = body{&unzipper{raw: raw, open: func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }}, closer}
	case len(magic) > 0 && strings.IndexByte("{[<\" \t\r\n\xef", magic[0]) < 0 && !strings.HasSuffix(coding, "gzip"):
		return errors.New("the answer is compressed (" + coding + "), which was not asked for")
	default: // a proxy took the coding off
		res.Body = body{raw, closer}
		return nil
	}
	res.ContentLength = -1 // that of the compressed body
	return nil
}

type body struct {
	io.Reader
	io.Closer
}

// unzipper reads a compressed body from its first byte on.
type unzipper struct {
	raw  io.Reader
	open func(io.Reader) (io.Reader, error)
	zip  io.Reader
}

func (u *unzipper) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = u.open(u.raw); err != nil {
			return 0, err
		}
	}
	return u.zip.Read(p)
}

// damaged reports whether err is that of a body which is not what it begins as.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) || errors.As(err, &corrupt)
}
