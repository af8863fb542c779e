package bedrocktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// signature is an Authorization header of Signature Version 4. The emulator reads and computes it
// from AWS's description
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html) and
// shares no code with the signer.
type signature struct {
	key, date, region, service string
	headers                    []string
	signature                  string
}

const algorithm = "AWS4-HMAC-SHA256"

// readSignature returns false for a header that is not a signature.
func readSignature(header string) (signature, bool) {
	var s signature
	fields, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return s, false
	}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			parts := strings.Split(value, "/")
			if len(parts) != 5 || parts[4] != "aws4_request" {
				return s, false
			}
			s.key, s.date, s.region, s.service = parts[0], parts[1], parts[2], parts[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.signature = value
		}
	}
	return s, s.key != "" && s.signature != "" && slices.Contains(s.headers, "host") && slices.Contains(s.headers, "x-amz-date")
}

// canonical returns the request in the form that both sides sign.
func (s signature) canonical(r *http.Request, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, encoded(r.URL.EscapedPath(), true), query(r))
	for _, name := range s.headers {
		values := slices.Clone(r.Header.Values(name))
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(values, ","))
	}
	fmt.Fprintf(&b, "\n%s\n%x", strings.Join(s.headers, ";"), sha256.Sum256(body))
	return b.String()
}

// toSign returns the string to sign.
func (s signature) toSign(r *http.Request, canonical string) string {
	return fmt.Sprintf("%s\n%s\n%s/%s/%s/aws4_request\n%x", algorithm, r.Header.Get("X-Amz-Date"), s.date, s.region, s.service, sha256.Sum256([]byte(canonical)))
}

// of returns the signature made with a secret.
func (s signature) of(secret, toSign string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request", toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// query returns the canonical form of a URL's query.
func query(r *http.Request) string {
	var pairs []string
	for name, all := range r.URL.Query() {
		for _, v := range all {
			pairs = append(pairs, encoded(name, false)+"="+encoded(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encoded percent-encodes all bytes of s except letters, digits, -._~ and, in a path, slashes. The
// path is already encoded once for the wire; the signature needs it encoded again.
func encoded(s string, path bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0, path && c == '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
