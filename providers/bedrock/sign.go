package bedrock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"strings"
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
	from string // its source, for advice
}

func (o Options) identity(base, region string) (identity, error) {
	if o.Credentials != nil && (o.Key != "" || o.KeyEnv != "") {
		return identity{}, errors.New("both a key and Credentials are given: leave one out")
	}
	if o.Credentials != nil {
		return identity{sign: signer(region, o.Credentials), from: "Options.Credentials"}, nil
	}
	if o.Key != "" || o.KeyEnv != "" {
		key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, hosts...)
		return identity{key: key, from: from}, err
	}
	get := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	one := Credentials{get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"), get("AWS_SESSION_TOKEN")}
	key := get(KeyVariable)
	if key == "" && (one.AccessKeyID == "" || one.SecretAccessKey == "") {
		return identity{}, errors.New("no credentials: set the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or " + KeyVariable +
			"; for profiles and roles set Options.Credentials, which the module providers/bedrock/awsconfig makes")
	}
	if !setup.Trusted(base, hosts...) {
		return identity{}, errors.New("the base URL is not AWS' own, and the environment's credentials are for AWS only: set Options.Credentials, " +
			"or name a key's variable in Options.KeyEnv (key_env= in a reference)")
	}
	if key != "" {
		return identity{key: key, from: KeyVariable}, nil
	}
	sign := signer(region, func(context.Context) (Credentials, error) { return one, nil })
	return identity{sign: sign, from: "AWS_ACCESS_KEY_ID"}, nil
}

// signer returns a function that signs a request in its headers.
func signer(region string, ask func(context.Context) (Credentials, error)) func(*http.Request, []byte) (string, error) {
	s := v4.NewSigner()
	return func(req *http.Request, body []byte) (string, error) {
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
			req, hex.EncodeToString(sum[:]), "bedrock", region, time.Now())
		// The refusal of a signature repeats all that was signed, the session token included.
		return strings.Join([]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}, "\n"), err
	}
}
