package wire

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// decode makes res.Body the plain body. No request asks for a compressed answer, and some proxies
// send one all the same. Its error names a coding that it does not know.
func decode(res *http.Response) error {
	coding := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding")))
	switch coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
	default:
		return errors.New("the answer is compressed (" + coding + "), which was not asked for")
	}
	raw := bufio.NewReader(res.Body)
	closer := res.Body
	if magic, _ := raw.Peek(2); string(magic) != "\x1f\x8b" { // a proxy took the coding off
		res.Body = body{raw, closer}
		return nil
	}
	res.ContentLength = -1 // that of the compressed body
	res.Body = body{&unzipper{raw: raw}, closer}
	return nil
}

type body struct {
	io.Reader
	io.Closer
}

// unzipper reads gzip from its first byte on.
type unzipper struct {
	raw io.Reader
	zip *gzip.Reader
}

func (u *unzipper) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.raw); err != nil {
			return 0, err
		}
	}
	return u.zip.Read(p)
}

// damaged reports whether err is that of a body which is no gzip although it says so.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}
