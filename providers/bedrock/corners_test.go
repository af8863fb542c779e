package bedrock_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// skewed returns a client of the emulator, whose clock is ahead of ours. Every request of slow, by
// number from 1, takes ten minutes to arrive, as if the process had been frozen.
func skewed(t *testing.T, ahead time.Duration, slow func(n int) bool) (*http.Client, *int) {
	s, err := bedrocktest.New(bedrocktest.Options{})
	expect.NoError(t, err)
	sent := 0
	var mu sync.Mutex
	return &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		sent++
		if slow(sent) {
			time.Sleep(10 * time.Minute)
		}
		r.Host = r.URL.Host
		w := httptest.NewRecorder()
		if at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date")); err == nil && at.Sub(time.Now().Add(ahead)).Abs() > 5*time.Minute {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			w.Header().Set("X-Amzn-Errortype", "InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.coral.service/")
			w.WriteHeader(http.StatusForbidden)
			word := "expired"
			if ahead < 0 {
				word = "not yet current"
			}
			fmt.Fprintf(w, `{"message":"Signature %s: 20261129T000000Z is now another time"}`, word)
			return w.Result(), nil
		}
		if ahead != 0 { // the emulator has our clock
			body := `{"embedding":[1` + strings.Repeat(",0", 1023) + `],"inputTextTokenCount":1}`
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}, nil
		}
		s.ServeHTTP(w, r)
		return w.Result(), nil
	})}, &sent
}

// TestExpiredSignatureOfTheEmulator: the emulator's fault of that name, once, costs no text.
func TestExpiredSignatureOfTheEmulator(t *testing.T) {
	s, e := emulate(t, bedrock.Options{})
	expect.NoError(t, s.SetFaults(emulator.Fault{Name: "expired-signature", At: 2}))
	for range 3 {
		_, err := embedding.Query(t.Context(), e, "hi")
		expect.NoError(t, err)
	}
	expect.Equal(t, "requests", s.Ledger().Requests, 4)
}

// TestSignatureThatExpired: a request that was refused for its time is signed again, once, by the
// server's clock, which is kept.
func TestSignatureThatExpired(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ahead time.Duration
		slow  func(int) bool
		sent  int // for 50 texts
	}{
		{name: "the first one is late", slow: func(n int) bool { return n == 1 }, sent: 51},
		{name: "one of them is late", slow: func(n int) bool { return n == 17 }, sent: 51},
		{name: "our clock is slow", ahead: 30 * time.Minute, slow: func(int) bool { return false }, sent: 51},
		{name: "our clock is fast", ahead: -30 * time.Minute, slow: func(int) bool { return false }, sent: 51},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, sent := skewed(t, tc.ahead, tc.slow)
				e := vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: titan, Region: "us-east-1", Credentials: as(bedrocktest.DefaultCredentials()), HTTPClient: client}))
				texts := make([]string, 50)
				for i := range texts {
					texts[i] = fmt.Sprint("text ", i)
				}
				rows, err := embedding.Documents(t.Context(), embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 1})), texts)
				expect.NoError(t, err)
				expect.Equal(t, "vectors", len(rows), 50)
				expect.Equal(t, "requests", *sent, tc.sent)
			})
		})
	}
}

func TestRegionOfAnARN(t *testing.T) {
	t.Setenv(bedrock.RegionVariable, "us-east-1")
	const profile = ":123456789012:application-inference-profile/abc"
	for _, tc := range []struct {
		name  string
		o     bedrock.Options
		host  string
		wrong string
	}{
		{name: "the ARN's", o: bedrock.Options{Model: "arn:aws:bedrock:us-west-2" + profile}, host: "bedrock-runtime.us-west-2.amazonaws.com"},
		{name: "said twice", o: bedrock.Options{Model: "arn:aws:bedrock:us-west-2" + profile, Region: "us-west-2"}, host: "bedrock-runtime.us-west-2.amazonaws.com"},
		{name: "a foundation model", o: bedrock.Options{Model: "arn:aws:bedrock:eu-west-3::foundation-model/cohere.embed-v4:0"}, host: "bedrock-runtime.eu-west-3.amazonaws.com"},
		{name: "the government's", o: bedrock.Options{Model: "arn:aws-us-gov:bedrock:us-gov-west-1" + profile}, host: "bedrock-runtime.us-gov-west-1.amazonaws.com"},
		{name: "China", o: bedrock.Options{Model: "arn:aws-cn:bedrock:cn-north-1" + profile}, host: "bedrock-runtime.cn-north-1.amazonaws.com.cn"},
		{name: "no ARN", o: bedrock.Options{Model: "cohere.embed-v4:0"}, host: "bedrock-runtime.us-east-1.amazonaws.com"},
		{name: "a proxy", o: bedrock.Options{Model: "arn:aws:bedrock:us-west-2" + profile, BaseURL: "https://proxy.example"}, host: "proxy.example"},

		{name: "another region given", o: bedrock.Options{Model: "arn:aws:bedrock:eu-west-3" + profile, Region: "us-east-1"}, wrong: "the ARN is of region eu-west-3, and the region given is us-east-1"},
		{name: "another region's host", o: bedrock.Options{Model: "arn:aws:bedrock:eu-west-3" + profile, BaseURL: "https://bedrock-runtime.us-east-1.amazonaws.com"}, wrong: "the base URL is in region us-east-1"},
		{name: "no region", o: bedrock.Options{Model: "arn:aws:bedrock:mars" + profile}, wrong: "not of the form us-east-1"},
	} {
		tc.o.Serves, tc.o.Key = "cohere.embed-v4:0", vendortest.Key
		e, err := bedrock.New(tc.o)
		switch {
		case tc.wrong != "" && (!errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), tc.wrong)):
			t.Errorf("%s: got %v, want Invalid: %q", tc.name, err, tc.wrong)
		case tc.wrong == "" && (err != nil || e.Model().Endpoint != tc.host):
			t.Errorf("%s: got %v, want an Embedder that asks %s", tc.name, err, tc.host)
		}
	}
}

// TestCharactersOfV3: Cohere's v3 takes 2,048 characters on Bedrock, also where it cuts.
func TestCharactersOfV3(t *testing.T) {
	texts := make([]string, 96)
	bad := 0
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
		if i%10 == 3 {
			texts[i] = strings.Repeat("字", 2_048+i)
			bad++
		}
	}
	texts[0] = strings.Repeat("sentimentalists ", 128) // as long as can be
	const v3 = "cohere.embed-multilingual-v3"
	for _, tc := range []struct {
		name     string
		o        bedrock.Options
		requests int
		lost     int
	}{
		{name: "cut", o: bedrock.Options{Model: v3, Truncate: true}, requests: 1},
		{name: "refused here", o: bedrock.Options{Model: v3}, requests: 1, lost: bad},
		{name: "a profile", o: bedrock.Options{Model: "us." + v3}, requests: 1, lost: bad},
	} {
		s, e := emulate(t, tc.o)
		var p *embedding.PartialError
		rows, err := embedding.Documents(t.Context(), embedding.Chain(e, middleware.Batch(middleware.BatchOptions{})), texts)
		if errors.As(err, &p) {
			for _, f := range p.Failed {
				if f.Index%10 != 3 || !errors.Is(f.Err, embedding.Rejected) || !strings.Contains(f.Err.Error(), "2048") {
					t.Errorf("%s: text %d: got %v, want Rejected for the long ones", tc.name, f.Index, f.Err)
				}
			}
			expect.Equal(t, tc.name+": texts refused", len(p.Failed), tc.lost)
		} else {
			expect.NoError(t, err)
		}
		expect.Equal(t, tc.name+": rows", len(rows), len(texts))
		expect.Equal(t, tc.name+": requests", s.Ledger().Requests, tc.requests)
	}
}

// TestTheServerBlamesAText: a refusal that names the text costs one request, where halving costs
// many. Words that cannot be right are not believed.
func TestTheServerBlamesAText(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, tc := range []struct {
		name     string
		says     func(i, n int) string
		requests int // at most
	}{
		{name: "as it is", requests: 11, says: func(i, n int) string {
			return fmt.Sprintf("Malformed input request: #/texts/%d: expected maxLength: 2048, actual: %d, please reformat your input and try again.", i, n)
		}},
		{name: "always the first", requests: 100, says: func(_, n int) string {
			return fmt.Sprintf("Malformed input request: #/texts/0: expected maxLength: 2048, actual: %d, please reformat", n)
		}},
		{name: "one that is not there", requests: 100, says: func(_, n int) string {
			return fmt.Sprintf("Malformed input request: #/texts/4096: expected maxLength: 2048, actual: %d", n)
		}},
		{name: "no name", requests: 100, says: func(int, int) string { return "Input is too long for requested model." }},
	} {
		sent := 0
		var mu sync.Mutex
		client := &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent++
			texts := vendortest.Strings(t, r, "texts")
			status, body := 200, ""
			for i, text := range texts {
				if len(text) > 2_048 {
					status, body = 400, fmt.Sprintf(`{"message":%q}`, tc.says(i, len(text)))
					break
				}
			}
			if status == 200 {
				row := "[" + strings.TrimSuffix(strings.Repeat("1,", 1536), ",") + "]"
				body = `{"embeddings":{"float":[` + strings.TrimSuffix(strings.Repeat(row+",", len(texts)), ",") + `]}}`
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{"X-Amzn-Errortype": {"ValidationException"}}}, nil
		})}
		e := vendortest.Opened(t)(bedrock.New(bedrock.Options{Model: "cohere.embed-v4:0", Region: "us-east-1", Key: vendortest.Key, HTTPClient: client}))
		texts := make([]string, 96)
		bad := 0
		for i := range texts {
			if texts[i] = fmt.Sprint("text ", i); i%10 == 3 {
				texts[i] = long(3_000 - i)
				bad++
			}
		}
		_, err := embedding.Documents(t.Context(), embedding.Chain(e, middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: 1}})), texts)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok {
			t.Fatalf("%s: got %v, want a PartialError", tc.name, err)
		}
		expect.Equal(t, tc.name+": texts lost", len(p.Failed), bad)
		for _, f := range p.Failed {
			if f.Index%10 != 3 || !errors.Is(f.Err, embedding.Rejected) {
				t.Errorf("%s: text %d: got %v, want Rejected for the long ones", tc.name, f.Index, f.Err)
			}
		}
		if sent > tc.requests {
			t.Errorf("%s: got %d requests, want %d at most", tc.name, sent, tc.requests)
		}
	}
}

// TestHostsOfTheService: the environment's key travels to Bedrock's hosts, and not to those that
// customers' programs have under the same domain.
func TestHostsOfTheService(t *testing.T) {
	t.Setenv(bedrock.KeyVariable, vendortest.Key)
	for base, own := range map[string]bool{
		"https://bedrock-runtime.us-east-1.amazonaws.com":             true,
		"https://bedrock-runtime-fips.us-east-1.amazonaws.com":        true,
		"https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com": true,
		"https://bedrock-runtime.cn-north-1.amazonaws.com.cn":         true,
		"https://bedrock-runtime.us-east-1.api.aws":                   true,
		"http://127.0.0.1:1":                                           true,
		"https://abc.execute-api.us-east-1.amazonaws.com":              false,
		"https://bedrock-runtime.s3.us-east-1.amazonaws.com":           false,
		"https://bedrock-runtime.s3.amazonaws.com":                     false,
		"https://evilbedrock-runtime.us-east-1.amazonaws.com":          false,
		"https://bedrock-runtime.us-east-1.amazonaws.com.evil.example": false,
	} {
		_, err := bedrock.New(bedrock.Options{Model: titan, Region: regionOf(base), BaseURL: base})
		if (err == nil) != own || err != nil && !errors.Is(err, embedding.Auth) {
			t.Errorf("%s: got %v, want no error: %v", base, err, own)
		}
	}
}

// regionOf returns the region in a host, or one that any other may have.
func regionOf(base string) string {
	for _, region := range []string{"eu-west-1", "cn-north-1"} {
		if strings.Contains(base, region) {
			return region
		}
	}
	return "us-east-1"
}
