package bedrock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Credentials of AWS.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // of temporary credentials
}

// identity authenticates requests: with a key, or with a signature for each request.
type identity struct {
	key  string
	sign func(*http.Request, []byte) (string, error)
	// again reports whether a signature was refused for its time only.
	again func(wire.Failure) bool
	from  string // its source, for advice
}

func (o Options) identity(base, region string) (identity, error) {
	if o.Credentials != nil && (o.Key != "" || o.KeyEnv != "") {
		return identity{}, errors.New("both a key and Credentials are given: leave one out")
	}
	if o.Credentials != nil {
		return signing(region, "Options.Credentials", o.Credentials), nil
	}
	if o.Key != "" || o.KeyEnv != "" {
		key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, hosts(base)...)
		return identity{key: key, from: from}, err
	}
	get := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	one := Credentials{get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"), get("AWS_SESSION_TOKEN")}
	key := get(KeyVariable)
	if key == "" && (one.AccessKeyID == "" || one.SecretAccessKey == "") {
		return identity{}, errors.New("no credentials: set the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or " + KeyVariable +
			"; for profiles and roles set Options.Credentials, which the module providers/bedrock/awsconfig makes")
	}
	if !setup.Trusted(base, hosts(base)...) {
		return identity{}, errors.New("the base URL is not AWS' own, and the environment's credentials are for AWS only: set Options.Credentials, " +
			"or name a key's variable in Options.KeyEnv (key_env= in a reference)")
	}
	if key != "" {
		return identity{key: key, from: KeyVariable}, nil
	}
	return signing(region, "AWS_ACCESS_KEY_ID", func(context.Context) (Credentials, error) { return one, nil }), nil
}

// signing returns an identity that signs requests in their headers. A machine that slept between
// signing and sending, or has a wrong clock, is refused; it then signs by the server's clock.
func signing(region, from string, ask func(context.Context) (Credentials, error)) identity {
	s := v4.NewSigner()
	var ahead atomic.Int64 // of the server's clock, in nanoseconds
	again := func(f wire.Failure) bool {
		if !skewed.MatchString(f.Message) && f.Code != "RequestExpired" && f.Code != "RequestTimeTooSkewed" {
			return false
		}
		if at, err := http.ParseTime(f.Header.Get("Date")); err == nil {
			ahead.Store(int64(time.Until(at)))
		}
		return true
	}
	sign := func(req *http.Request, body []byte) (string, error) {
		c, err := ask(req.Context())
		switch {
		case err != nil:
			return "", err
		case c.AccessKeyID == "" || c.SecretAccessKey == "":
			return "", errors.New("they are empty")
		case !wire.Sendable(c.AccessKeyID + c.SessionToken):
			return "", errors.New("an access key id or a session token holds a space, a line break or another character that none has")
		}
		sum := sha256.Sum256(body)
		err = s.SignHTTP(req.Context(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
			req, hex.EncodeToString(sum[:]), "bedrock", region, time.Now().Add(time.Duration(ahead.Load())))
		// The refusal of a signature repeats all that was signed, the session token included.
		return strings.Join([]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}, "\n"), err
	}
	return identity{sign: sign, again: again, from: from}
}
