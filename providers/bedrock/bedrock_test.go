package bedrock_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// Temporary credentials, whose token no error may show.
var temporary = bedrock.Credentials{AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret-" + vendortest.Key, SessionToken: vendortest.Key}

func as(c bedrock.Credentials) func(context.Context) (bedrock.Credentials, error) {
	return func(context.Context) (bedrock.Credentials, error) { return c, nil }
}

const titan = "amazon.titan-embed-text-v2:0"

func emulate(t *testing.T, o bedrock.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(bedrocktest.New(bedrocktest.Options{
		Options:     emulator.Options{Keys: []string{vendortest.Key}},
		Credentials: []bedrock.Credentials{bedrocktest.DefaultCredentials(), temporary},
	}))
	o.Model, o.Region, o.BaseURL = cmp.Or(o.Model, titan), cmp.Or(o.Region, bedrocktest.DefaultRegion), s.URL
	if o.Key == "" && o.Credentials == nil {
		o.Credentials = as(temporary)
	}
	return s, vendortest.Opened(t)(bedrock.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]bedrock.Options{
		"titan":    {Dimensions: 256},
		"cut v3":   {Model: "cohere.embed-english-v3", Truncate: true},
		"v4":       {Model: "cohere.embed-v4:0", Dimensions: 256},
		"profile":  {Model: "eu.cohere.embed-v4:0", Dimensions: 256, Truncate: true},
		"key":      {Model: "cohere.embed-multilingual-v3", Key: vendortest.Key},
		"an ARN":   {Model: "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.cohere.embed-v4:0", Dimensions: 256},
		"unlisted": {Model: "cohere.embed-v4:0", Dimensions: 256, Unlisted: true, Credentials: as(bedrocktest.DefaultCredentials())},
	})
}

func TestHTTP(t *testing.T) {
	path := func(r *http.Request, want string) error {
		if got := r.URL.EscapedPath(); !strings.HasSuffix(got, want) {
			return fmt.Errorf("%s was asked", got)
		}
		return nil
	}
	for name, tc := range map[string]struct {
		model string
		wire  embedtest.Wire
	}{
		"titan": {titan, embedtest.Wire{
			Positional: true,
			Texts: func(r *http.Request, body []byte) ([]string, error) {
				var req struct{ InputText string }
				err := errors.Join(path(r, "/model/amazon.titan-embed-text-v2%3A0/invoke"), json.Unmarshal(body, &req))
				return []string{req.InputText}, err
			},
			Answer: func(items []embedtest.WireItem, tokens int) []byte {
				return fmt.Appendf(nil, `{"embedding":%s,"inputTextTokenCount":%d}`, cmp.Or(vendortest.Rows(items, "%s"), "null"), tokens)
			},
		}},
		"cohere": {"cohere.embed-v4:0", embedtest.Wire{
			Positional: true,
			Texts: func(r *http.Request, body []byte) ([]string, error) {
				var req struct{ Texts []string }
				err := errors.Join(path(r, "/model/cohere.embed-v4%3A0/invoke"), json.Unmarshal(body, &req))
				return req.Texts, err
			},
			Answer: func(items []embedtest.WireItem, _ int) []byte {
				return fmt.Appendf(nil, `{"id":"i","embeddings":{"float":[%s]}}`, vendortest.Rows(items, "%s"))
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, tc.wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
				e, err := bedrock.New(bedrock.Options{Model: tc.model, Dimensions: 256, Region: "us-east-1", BaseURL: base, HTTPClient: client, AllowHTTP: true,
					Credentials: as(bedrock.Credentials{AccessKeyID: "ASIA0", SecretAccessKey: "a-secret-of-the-test", SessionToken: embedtest.TestKey})})
				expect.NoError(t, err)
				return e
			})
		})
	}
}

func open(base string) (embedding.Embedder, error) {
	return bedrock.New(bedrock.Options{Model: "cohere.embed-v4:0", Region: "us-east-1", BaseURL: base, Credentials: as(temporary)})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, nil)
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    bedrock.Options
		task embedding.Task
		want string
	}{
		{bedrock.Options{}, embedding.TaskQuery, `{"inputText":"hi","dimensions":1024,"normalize":true}`},
		{bedrock.Options{Dimensions: 512, Unnormalized: true}, embedding.TaskDocument, `{"inputText":"hi","dimensions":512,"normalize":false}`},
		{bedrock.Options{Model: "cohere.embed-english-v3"}, embedding.TaskQuery,
			`{"texts":["hi"],"input_type":"search_query","embedding_types":["float"],"truncate":"NONE"}`},
		{bedrock.Options{Model: "cohere.embed-english-v3", Truncate: true}, embedding.TaskSimilarity,
			`{"texts":["hi"],"input_type":"search_document","embedding_types":["float"],"truncate":"END"}`},
		{bedrock.Options{Model: "global.cohere.embed-v4:0", Truncate: true, Dimensions: 256}, embedding.TaskClustering,
			`{"texts":["hi"],"input_type":"clustering","embedding_types":["float"],"truncate":"RIGHT","output_dimension":256}`},
	} {
		s, e := emulate(t, tc.o)
		res := s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, tc.want)
		expect.Equal(t, "length of the id", len(res.ID), 36)
		expect.Equal(t, "usage", res.Usage, embedding.Usage{Requests: 1, Tokens: 2})
	}
}

// TestForms: vectors stay unnormalized if asked, and a bare list of vectors is read too, because
// Cohere's models may answer with one.
func TestForms(t *testing.T) {
	_, e := emulate(t, bedrock.Options{Dimensions: 256, Unnormalized: true})
	v, err := embedding.Query(t.Context(), e, "hi")
	expect.NoError(t, err)
	sum := 0.0
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	if math.Abs(sum-1) < 1e-3 || e.Model().Normalized || e.Model().Variant != "normalize=false" {
		t.Errorf("length %v, %+v", sum, e.Model())
	}
	bare := vendortest.RoundTrip(func(*http.Request) (*http.Response, error) {
		vector := "[1" + strings.Repeat(",0", 1023) + "]"
		body := io.NopCloser(strings.NewReader(`{"embeddings":[` + vector + `],"id":"i","response_type":"embeddings_floats"}`))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: -1, Body: body}, nil
	})
	e = vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: "cohere.embed-english-v3", Region: "us-east-1", Credentials: as(temporary), HTTPClient: &http.Client{Transport: bare}}))
	res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hi"}})
	if err != nil || res.Vectors[0][0] != 1 || res.Usage != (embedding.Usage{Requests: 1, Unmetered: 1}) {
		t.Errorf("got %v, %v, want the vectors, Usage %v", res.Usage, err, embedding.Usage{Requests: 1, Unmetered: 1})
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	for _, name := range []string{bedrock.RegionVariable, bedrock.DefaultRegionVariable, bedrock.KeyVariable, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	c := as(temporary)
	vendortest.BadOptions(t, func(o bedrock.Options) (embedding.Embedder, error) { o.HTTPClient = client; return bedrock.New(o) },
		[]vendortest.BadOption[bedrock.Options]{
			vendortest.Bad("no model", bedrock.Options{Region: "us-east-1"}, embedding.Invalid, "no model is named; there are cohere.embed-v4:0"),
			vendortest.Bad("unknown model", bedrock.Options{Model: "amazon.titan-embed-text-v9"}, embedding.Invalid, "unlisted=true"),
			vendortest.Bad("a model of another format", bedrock.Options{Model: "amazon.nova-embed", Unlisted: true}, embedding.Invalid, "neither format"),
			vendortest.Bad("an ARN that says nothing", bedrock.Options{Model: "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"}, embedding.Invalid, "serves="),
			vendortest.Bad("dimensions", bedrock.Options{Model: titan, Dimensions: 100}, embedding.Invalid, "it has 1024, 512, 256"),
			vendortest.Bad("fixed dimensions", bedrock.Options{Model: "cohere.embed-english-v3", Dimensions: 256}, embedding.Invalid, "it has 1024 only"),
			vendortest.Bad("Titan cannot cut", bedrock.Options{Model: titan, Truncate: true}, embedding.Invalid, "cannot cut"),
			vendortest.Bad("Cohere has no lengths", bedrock.Options{Model: "cohere.embed-v4:0", Unnormalized: true}, embedding.Invalid, "leave Unnormalized out"),
			vendortest.Bad("no region", bedrock.Options{Model: titan, Credentials: c}, embedding.Invalid, "set the variable AWS_REGION"),
			vendortest.Bad("region", bedrock.Options{Model: titan, Credentials: c, Region: "Virginia"}, embedding.Invalid, "us-east-1"),
			vendortest.Bad("two regions", bedrock.Options{Model: titan, Credentials: c, Region: "us-east-1", BaseURL: "https://bedrock-runtime.eu-west-1.amazonaws.com"}, embedding.Invalid, "leave one out"),
			vendortest.Bad("no credentials", bedrock.Options{Model: titan, Region: "us-east-1"}, embedding.Auth, "awsconfig"),
			vendortest.Bad("key and credentials", bedrock.Options{Model: titan, Region: "us-east-1", Credentials: c, Key: vendortest.Key}, embedding.Auth, "leave one out"),
			vendortest.Bad("no key", bedrock.Options{Model: titan, Region: "us-east-1", KeyEnv: "MY_BEDROCK_KEY"}, embedding.Auth, "set the variable MY_BEDROCK_KEY"),
			vendortest.Bad("in the clear", bedrock.Options{Model: titan, Region: "us-east-1", Credentials: c, BaseURL: "http://bedrock.example"}, embedding.Invalid, "in the clear"),
		})
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	_, err := bedrock.New(bedrock.Options{Model: titan, Region: "us-east-1", BaseURL: "https://proxy.example"})
	vendortest.Refused(t, "the environment's credentials for another's host", err, embedding.Auth, "not AWS' own")
}

func TestModel(t *testing.T) {
	t.Setenv(bedrock.RegionVariable, "")
	t.Setenv(bedrock.DefaultRegionVariable, "eu-west-3")
	for _, tc := range []struct {
		o        bedrock.Options
		endpoint string
		space    embedding.Space
		variant  string
	}{
		{bedrock.Options{Model: titan}, "bedrock-runtime.eu-west-3.amazonaws.com", "bedrock/amazon.titan-embed-text-v2:0@1024", ""},
		{bedrock.Options{Model: titan, Region: "cn-north-1"}, "bedrock-runtime.cn-north-1.amazonaws.com.cn", "bedrock/amazon.titan-embed-text-v2:0@1024", ""},
		{bedrock.Options{Model: "eu.cohere.embed-v4:0"}, "bedrock-runtime.eu-west-3.amazonaws.com", "bedrock/cohere.embed-v4:0@1536", "input_type"},
		{bedrock.Options{Model: "us-gov.cohere.embed-v4:0", Region: "us-gov-west-1"}, "bedrock-runtime.us-gov-west-1.amazonaws.com", "bedrock/cohere.embed-v4:0@1536", "input_type"},
		{bedrock.Options{Model: "arn:aws:bedrock:eu-west-3:1:application-inference-profile/abc", Serves: "cohere.embed-v4:0"}, "bedrock-runtime.eu-west-3.amazonaws.com", "bedrock/cohere.embed-v4:0@1536", "input_type"},
		{bedrock.Options{Model: titan, BaseURL: "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com"}, "vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "bedrock/amazon.titan-embed-text-v2:0@1024", ""},
		{bedrock.Options{Model: titan, BaseURL: "https://proxy.example"}, "proxy.example", "bedrock@proxy.example/amazon.titan-embed-text-v2:0@1024", ""},
	} {
		tc.o.Credentials = as(temporary)
		e, err := bedrock.New(tc.o)
		if err != nil {
			t.Fatalf("%s: got the error %v, want none", tc.o.Model, err)
		}
		m := e.Model()
		if m.Endpoint != tc.endpoint || m.Space != tc.space || m.Variant != tc.variant || m.Symmetric != (tc.variant == "") || m.Price.PerMillion == 0 {
			t.Errorf("got %+v, want Endpoint %v, Space %v, Variant %v, Symmetric %v",
				m, tc.endpoint, tc.space, tc.variant, tc.variant == "")
		}
	}
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, bedrock.Options{Model: "cohere.embed-v4:0", Limits: embedding.Limits{Texts: 500}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 97), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 96})
	_, e = emulate(t, bedrock.Options{Model: "cohere.embed-english-v3"})
	vendortest.Failure(t, e, []string{strings.Repeat("a b ", 600)}, embedding.Rejected, "shorten or split")
	vendortest.Failure(t, e, []string{strings.Repeat("b ", 1000)}, embedding.Rejected, "shorten or split")
	_, e = emulate(t, bedrock.Options{})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, []string{strings.Repeat("a b ", 10_000)}, embedding.Rejected, "shorten or split").Allowed, embedding.Limits{TextTokens: 8192})
	vendortest.Failure(t, e, []string{strings.Repeat("a b ", 20_000)}, embedding.Rejected, "shorten or split")
	vendortest.Failure(t, e, []string{"one", "two"}, embedding.TooLarge)
	_, e = emulate(t, bedrock.Options{Model: "cohere.embed-v9:0", Unlisted: true})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "region us-east-1 has no such model")
	_, e = emulate(t, bedrock.Options{Model: "amazon.titan-embed-text-v2:0", Unlisted: true, Dimensions: 256})
	_, err := embedding.Query(t.Context(), e, "hi")
	expect.NoError(t, err)
}

// TestFaults: each of the service's errors ends in the kind that the emulator says it is.
func TestFaults(t *testing.T) {
	s, e := emulate(t, bedrock.Options{})
	for _, f := range s.Catalog() {
		switch f.Name {
		case "slow", "hang", "overlength-hang", "drift", "answer", "kill", "bad-text":
			continue // not about one answer's form, or about what the test would have to send
		}
		expect.NoError(t, s.SetFaults(emulator.Fault{Name: f.Name}))
		if _, err := embedding.Query(t.Context(), e, "hi"); f.Kind == embedding.Unknown && err != nil || f.Kind != embedding.Unknown && !errors.Is(err, f.Kind) {
			t.Errorf("%s: got %v, want: %v", f.Name, err, f.Kind)
		}
	}
}
