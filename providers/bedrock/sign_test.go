package bedrock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// TestEnvironment: what AWS' own variables hold signs requests, the key among them wins.
func TestEnvironment(t *testing.T) {
	s := vendortest.Serve(t)(bedrocktest.New(bedrocktest.Options{Options: emulator.Options{Keys: []string{vendortest.Key}}, Credentials: []bedrock.Credentials{temporary}}))
	set := map[string]string{"AWS_ACCESS_KEY_ID": temporary.AccessKeyID, "AWS_SECRET_ACCESS_KEY": temporary.SecretAccessKey,
		"AWS_SESSION_TOKEN": temporary.SessionToken, bedrock.KeyVariable: "", bedrock.RegionVariable: "us-east-1"}
	for _, key := range []string{"", vendortest.Key} {
		if set[bedrock.KeyVariable] = key; key != "" {
			set["AWS_SECRET_ACCESS_KEY"] = "wrong"
		}
		for name, value := range set {
			t.Setenv(name, value)
		}
		e := vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: titan, BaseURL: s.URL}))
		_, err := embedding.Query(t.Context(), e, "hi")
		expect.NoError(t, err)
	}
}

func TestCredentials(t *testing.T) {
	wrong := temporary
	wrong.SecretAccessKey = "another-secret-0123456789"
	unknown := bedrock.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "s"}
	half := temporary
	half.SessionToken = ""
	for _, tc := range []struct {
		name string
		o    bedrock.Options
		kind embedding.Kind
		want string
	}{
		{"wrong secret", bedrock.Options{Credentials: as(wrong)}, embedding.Auth, "are wrong"},
		{"unknown", bedrock.Options{Credentials: as(unknown)}, embedding.Auth, "are wrong"},
		{"no session token", bedrock.Options{Credentials: as(half)}, embedding.Auth, "AWS_SESSION_TOKEN too"},
		{"wrong key", bedrock.Options{Key: "another-key-0123456789"}, embedding.Auth, "Options.Key are wrong"},
		{"another region", bedrock.Options{Region: "eu-west-1"}, embedding.Auth, "not good in region eu-west-1"},
		{"empty", bedrock.Options{Credentials: as(bedrock.Credentials{})}, embedding.Auth, "they are empty"},
		{"two lines", bedrock.Options{Credentials: as(bedrock.Credentials{AccessKeyID: "a", SecretAccessKey: "b", SessionToken: "c\nd"})}, embedding.Auth, "line break"},
		{"failed", bedrock.Options{Credentials: func(context.Context) (bedrock.Credentials, error) {
			return bedrock.Credentials{}, errors.New("no role is attached")
		}}, embedding.Auth, "no role is attached"},
		{"unreachable", bedrock.Options{Credentials: func(context.Context) (bedrock.Credentials, error) {
			return bedrock.Credentials{}, fmt.Errorf("imds: %w", context.DeadlineExceeded)
		}}, embedding.Unavailable, "imds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, e := emulate(t, tc.o)
			got := vendortest.Failure(t, e, []string{"hi"}, tc.kind, tc.want)
			for _, secret := range []string{temporary.SecretAccessKey, wrong.SecretAccessKey, temporary.SessionToken} {
				if strings.Contains(got.Error(), secret) {
					t.Errorf("the error shows a secret: %v", got)
				}
			}
		})
	}
}

// TestClock: if a machine's clock is off by more than five minutes, the error says so.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := bedrocktest.New(bedrocktest.Options{})
		expect.NoError(t, err)
		client := &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Minute) // to the server, as if the clock were slow
			w := httptest.NewRecorder()
			r.Host = r.URL.Host
			s.ServeHTTP(w, r)
			return w.Result(), nil
		})}
		e := vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: titan, Region: "us-east-1", Credentials: as(bedrocktest.DefaultCredentials()), HTTPClient: client}))
		vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "this machine's clock is wrong")
	})
}

// TestTampered: the emulator really checks signatures. It refuses a request that was changed on its
// way, and a request for another model.
func TestTampered(t *testing.T) {
	s := vendortest.Serve(t)(bedrocktest.New(bedrocktest.Options{Credentials: []bedrock.Credentials{temporary}}))
	for name, change := range map[string]func(r *http.Request){
		"nothing": func(*http.Request) {},
		"the text": func(r *http.Request) {
			body := `{"inputText":"ho","dimensions":1024,"normalize":true}`
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		},
		"the model": func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/model/cohere.embed-english-v3/invoke", "" },
		"a header":  func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"the token": func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "another") },
	} {
		client := &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			change(r)
			return http.DefaultTransport.RoundTrip(r)
		})}
		e := vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: titan, Region: "us-east-1", BaseURL: s.URL, Credentials: as(temporary), HTTPClient: client}))
		if _, err := embedding.Query(t.Context(), e, "hi"); (err == nil) != (name == "nothing") || err != nil && !errors.Is(err, embedding.Auth) {
			t.Errorf("%s was changed: got %v, want no error: %v", name, err, name == "nothing")
		}
	}
}
