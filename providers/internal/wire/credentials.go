package wire

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/vecspace/embedding"
)

// Sendable reports whether a header can hold a key: all its characters are visible ASCII, and none
// is a quote, which belongs to the file or the shell that the key is from.
func Sendable(key string) bool {
	return strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'`", r) }) < 0
}

// NoCredentials returns the kind and the words for a source of credentials that failed with err, or
// that returned some that cannot be sent if err is nil. A source that could not reach its server
// may reach it later. Any other failure needs a change of configuration.
func NoCredentials(what string, err error) (embedding.Kind, error) {
	if err == nil {
		return embedding.Auth, errors.New("the source of the " + what + " returned none that a header can carry")
	}
	kind := embedding.Auth
	var unreached net.Error
	if errors.As(err, &unreached) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		kind = embedding.Unavailable
	}
	if own, ok := errors.AsType[*embedding.Error](err); ok {
		kind = own.Kind
	}
	return kind, Cause{Words: Words("the source of the "+what+" failed: "+err.Error(), "", nil), Err: known(err)}
}
