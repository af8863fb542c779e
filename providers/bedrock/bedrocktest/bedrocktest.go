// Package bedrocktest emulates Amazon Bedrock's text embeddings, so that programs and tests run
// against the service's limits and errors without credentials, a network or a bill.
//
//	e, err := bedrocktest.New(bedrocktest.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL, region: bedrocktest.DefaultRegion
//	// credentials: bedrocktest.DefaultCredentials(), or the API key emulator.DefaultKey
//
// The emulator is an http.Handler for /model/{id}/invoke with Titan v2 and Cohere's models. It
// verifies signatures (Signature Version 4): it computes each signature itself, from the request as
// received. Options.Keys are Bedrock API keys, which need no signature.
package bedrocktest

import (
	"cmp"
	"crypto/hmac"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrockdialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

// DefaultRegion is the emulator's region if Options.Region is empty.
const DefaultRegion = "us-east-1"

// DefaultCredentials returns the good credentials if Options.Credentials is nil.
func DefaultCredentials() bedrock.Credentials {
	return bedrock.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
}

// Options configures [New].
type Options struct {
	emulator.Options
	Region      string                // requests must be signed for it; "" means DefaultRegion
	Credentials []bedrock.Credentials // the good ones; nil means DefaultCredentials
}

// New returns an emulator. It does no I/O.
func New(o Options) (*emulator.Server, error) {
	who := account{region: cmp.Or(o.Region, DefaultRegion), credentials: o.Credentials}
	if who.credentials == nil {
		who.credentials = []bedrock.Credentials{DefaultCredentials()}
	}
	for _, c := range who.credentials {
		if c.AccessKeyID == "" || c.SecretAccessKey == "" {
			return nil, errors.New("bedrocktest: credentials without an access key id or a secret")
		}
	}
	v := emulator.Vendor{Name: "bedrocktest", Dialect: bedrockdialect.New(), Faults: emulator.Faults(words), Positional: true, Find: served, Admit: who.admit}
	v.Models = emulator.Models(bedrock.Catalog())
	return emulator.New(v, o.Options)
}

// account holds what may sign requests.
type account struct {
	region      string
	credentials []bedrock.Credentials
}

const dateForm = "20060102T150405Z"

// admit verifies the signature of a request that has no key.
func (a account) admit(r *dialect.Request, body []byte) *dialect.Refusal {
	date := r.Header.Get("X-Amz-Date")
	s, ok := readSignature(r.Header.Get("Authorization"))
	at, err := time.Parse(dateForm, date)
	if !ok || err != nil {
		why := bedrockdialect.New().Words(r).NoKey
		return &why
	}
	who := a.claimed(r, s)
	switch now := r.Arrived.UTC(); {
	case who == nil:
		return words["auth"].With()
	case s.region != a.region || s.service != "bedrock" || !strings.HasPrefix(date, s.date+"T"):
		return &wrongRegion
	case now.Sub(at).Abs() > 5*time.Minute:
		return skewed.With("{date}", date, "{oldest}", now.Add(-5*time.Minute).Format(dateForm), "{now}", now.Format(dateForm))
	}
	canonical := s.canonical(r.Request, body)
	toSign := s.toSign(r.Request, canonical)
	if !hmac.Equal([]byte(s.of(who.SecretAccessKey, toSign)), []byte(s.signature)) {
		return mismatch.With("{canonical}", canonical, "{string}", toSign)
	}
	return nil
}

// claimed returns the credentials that a signature names, or nil if they are unknown.
func (a account) claimed(r *dialect.Request, s signature) *bedrock.Credentials {
	token := r.Header.Get("X-Amz-Security-Token")
	at := slices.IndexFunc(a.credentials, func(c bedrock.Credentials) bool { return c.AccessKeyID == s.key && c.SessionToken == token })
	if at < 0 || token != "" && !slices.Contains(s.headers, "x-amz-security-token") {
		return nil
	}
	return &a.credentials[at]
}

// served returns the model of one of AWS's inference profiles, which have an area in front of the
// model.
func served(name string) string {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	for _, area := range []string{"global.", "us.", "eu.", "apac."} {
		if rest, ok := strings.CutPrefix(name, area); ok {
			return rest
		}
	}
	return name
}
