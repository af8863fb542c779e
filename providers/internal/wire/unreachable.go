package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/vecspace/embedding"
)

// CodeUnreachable is the code of a failure to connect that no repetition cures.
const CodeUnreachable = "unreachable"

// lasting returns the kind of a failure to connect that no repetition cures, with advice, or
// Unknown. A refused connection is none of those: a server that restarts refuses too.
func lasting(err error) (kind embedding.Kind, advice string) {
	said := err.Error()
	op, _ := errors.AsType[*net.OpError](err)
	proxied := op != nil && op.Op == "proxyconnect"
	switch dns, _ := errors.AsType[*net.DNSError](err); {
	case strings.Contains(said, "invalid proxy address"):
		return embedding.Invalid, "the variable HTTPS_PROXY or HTTP_PROXY is no proxy's address: use the form http://host:port"
	case said == "Proxy Authentication Required":
		return embedding.Auth, "the proxy wants a name and a password: HTTPS_PROXY holds them, as http://name:password@host:port"
	case dns != nil && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary && proxied:
		return embedding.Invalid, "there is no such proxy: check the variable HTTPS_PROXY or HTTP_PROXY"
	case dns != nil && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary:
		return embedding.Invalid, "there is no such host: check the base URL"
	case errors.Is(err, http.ErrSchemeMismatch):
		return embedding.Invalid, "the server speaks http on this port: begin the base URL with http://"
	case strings.Contains(said, `malformed HTTP response "\x15\x03`):
		return embedding.Invalid, "the server speaks https on this port: begin the base URL with https://"
	case untrusted(err):
		return embedding.Invalid, "this machine does not trust the server's certificate: check the base URL, " +
			"or name the certificate's authority in SSL_CERT_FILE or in the transport of Options.HTTPClient"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return embedding.Invalid, "what answers on this port speaks no TLS: check the base URL's port, and whether it is http"
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return embedding.Invalid, "check the base URL"
	}
	if op != nil && op.Op == "remote error" && op.Err != nil && handshake[op.Err.Error()] {
		return embedding.Invalid, "the server refuses this client's TLS: check the base URL, and whether it wants a certificate"
	}
	return embedding.Unknown, ""
}

func untrusted(err error) bool {
	_, verified := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return verified || authority || host || invalid
}

// handshake holds the alerts by which a server says that it will never take this client.
var handshake = map[string]bool{
	"tls: handshake failure": true, "tls: protocol version not supported": true, "tls: insufficient security level": true,
	"tls: bad certificate": true, "tls: unsupported certificate": true, "tls: revoked certificate": true, "tls: expired certificate": true,
	"tls: unknown certificate": true, "tls: unknown certificate authority": true, "tls: certificate required": true,
	"tls: unrecognized name": true, "tls: access denied": true, "tls: no application protocol": true,
}
