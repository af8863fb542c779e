package awsconfig_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/awsconfig"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
)

// alone keeps the machine's own configuration out.
func alone(t *testing.T) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// asked embeds a text at an emulator that knows one pair of credentials.
func asked(t *testing.T, known bedrock.Credentials, credentials func(context.Context) (bedrock.Credentials, error), region string) error {
	t.Helper()
	s, err := bedrocktest.New(bedrocktest.Options{Credentials: []bedrock.Credentials{known}, Region: region})
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	e, err := bedrock.New(bedrock.Options{Model: "amazon.titan-embed-text-v2:0", Region: region, BaseURL: srv.URL, Credentials: credentials})
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	_, err = embedding.Query(t.Context(), e, "hello")
	return err
}

func TestProfile(t *testing.T) {
	alone(t)
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = secret-of-work\nregion = eu-west-1\n"), 0o600); err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	credentials, region, err := awsconfig.Load(t.Context(), config.WithSharedConfigProfile("work"))
	if err != nil || region != "eu-west-1" {
		t.Fatalf("got the region %q and the error %v, want eu-west-1 and none", region, err)
	}
	if err := asked(t, bedrock.Credentials{AccessKeyID: "AKIAWORK", SecretAccessKey: "secret-of-work"}, credentials, region); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
	if _, _, err := awsconfig.Load(t.Context(), config.WithSharedConfigProfile("nobody")); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a profile that is not there: %v", err)
	}
}

// TestContainer: the role of a container, whose credentials end and are asked for anew.
func TestContainer(t *testing.T) {
	alone(t)
	var times atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := times.Add(1)
		fmt.Fprintf(w, `{"AccessKeyId":"ASIA%d","SecretAccessKey":"secret","Token":"token","Expiration":%q}`, n, time.Now().Add(time.Duration(n-1)*time.Hour).UTC().Format(time.RFC3339))
	}))
	defer srv.Close()
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", srv.URL)
	credentials, _, err := awsconfig.Load(t.Context())
	if err != nil || times.Load() != 0 {
		t.Fatalf("asked %d times before any request: %v", times.Load(), err)
	}
	for _, key := range []string{"ASIA1", "ASIA2", "ASIA2"} { // the first pair is expired as it comes
		if err := asked(t, bedrock.Credentials{AccessKeyID: key, SecretAccessKey: "secret", SessionToken: "token"}, credentials, "us-east-1"); err != nil {
			t.Errorf("the key %s: got the error %v, want none", key, err)
		}
	}
	if times.Load() != 2 {
		t.Errorf("the role's endpoint was asked %d times", times.Load())
	}
}

func TestNothing(t *testing.T) {
	alone(t)
	credentials, _, err := awsconfig.Load(t.Context())
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	known := bedrocktest.DefaultCredentials()
	if err := asked(t, known, credentials, "us-east-1"); !errors.Is(err, embedding.Auth) || !strings.Contains(err.Error(), "the source of the credentials failed") {
		t.Errorf("no credentials anywhere: %v", err)
	}
	if err := asked(t, known, awsconfig.From(nil), "us-east-1"); !errors.Is(err, embedding.Auth) {
		t.Errorf("a nil source: %v", err)
	}
}

func TestFrom(t *testing.T) {
	calls := 0
	source := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		calls++
		return aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s", SessionToken: "t"}, nil
	})
	credentials := awsconfig.From(source)
	for range 3 {
		if err := asked(t, bedrock.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s", SessionToken: "t"}, credentials, "us-east-1"); err != nil {
			t.Errorf("got the error %v, want none", err)
		}
	}
	if calls != 1 {
		t.Errorf("the source was asked %d times for credentials that do not end", calls)
	}
}
