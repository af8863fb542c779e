package wire

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/vecspace/embedding"
)

// Sendable reports whether a key can stand in a header: it has visible characters of ASCII only.
func Sendable(key string) bool {
	return strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// NoCredentials is for a source of tokens or keys that failed (err), or gave none that can be sent (nil). A source that
// could not reach its server may reach it later; any other failure asks for a change of configuration.
func NoCredentials(what string, err error) (embedding.Kind, error) {
	if err == nil {
		return embedding.Auth, errors.New("the source of the " + what + " gave none that can be sent")
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
