package embedtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
)

var tinyModel = embedding.Model{Provider: "tiny", ID: "tiny", Dimensions: 96}

func TestTheTinyProviderPasses(t *testing.T) {
	t.Run("known dimensions", func(t *testing.T) { TestHTTP(t, openTiny(tinyModel)) })
	t.Run("unknown dimensions", func(t *testing.T) { TestHTTP(t, openTiny(embedding.Model{Provider: "tiny", ID: "tiny"})) })
	one := tinyModel
	one.Limits.Texts = 1
	t.Run("one text a request", func(t *testing.T) { TestHTTP(t, openTiny(one)) })
	t.Run("guarded already", func(t *testing.T) {
		TestHTTP(t, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
			return embedding.Chain(openTiny(tinyModel)(t, baseURL, client))
		})
	})
	t.Run("takes gzip apart", func(t *testing.T) { TestHTTP(t, openTiny(tinyModel, "decodes gzip")) })
}

// httpMutants lists flaws, the words of the finding, and the faults that must find them.
var httpMutants = []struct {
	flaw   string
	says   string
	faults []string
}{
	{"sends one text too few", "texts are not the", []string{"right answer"}},
	{"sends no key", "does not carry embedtest.TestKey", []string{"right answer"}},
	{"counts texts for tokens", "usage", []string{"right answer"}},
	{"waits by itself", "took 1s", []string{"right answer"}},
	{"leaves the body open", "left open", []string{"endless body", "endless error page"}},
	{"keeps a goroutine", "left goroutines behind", []string{"right answer"}},
	{"has a client of its own", "no request reached", []string{"right answer"}},
	{"trusts the order", "is not the server's", []string{"items out of order"}},
	{"fills gaps with zeros", "no error", []string{"no items", "last item missing", "middle item missing", "null item",
		"null vector", "empty vector", "an index twice and one missing", "status 200 with null",
		"status 200 with an error in OpenAI's form", "status 200 with a flat error"}},
	{"ignores items too many", "no error", []string{"an item too many, its index taken", "an item too many, its index beyond"}},
	{"makes rows fit", "no error", []string{"one vector shorter", "one vector longer"}},
	{"takes NaN for 0", "no error", []string{"NaN as a bare word", "NaN as a string"}},
	{"takes null for 0", "no error", []string{"null as a number"}},
	{"clamps numbers", "no error", []string{"number beyond float32"}},
	{"has no kind for broken answers", "malformed answer", []string{"JSON cut inside the vectors", "gzip not asked for",
		"status 200 without a body", "status 200 with HTML"}},
	{"trusts the index", "the provider panics", []string{"index below zero", "index of an astronomer"}},
	{"quotes the body", "the key is in an error", []string{"status 200 with HTML", "status 200 with an error in OpenAI's form",
		"401 that repeats the key", "401 that repeats the key as plain text"}},
	{"mends cut JSON", "no error", []string{"JSON cut at its end"}},
	{"stops reading after the JSON", "no error", []string{"garbage after the JSON", "a second JSON after the first"}},
	{"takes no white space", "want the right vectors", []string{"white space around the JSON"}},
	{"reads once", "want the right vectors", []string{"pieces of one byte"}},
	{"reads everything", "limit how much of a body is read", []string{"endless body", "endless error page"}},
	{"calls a broken answer malformed", "service unavailable", []string{
		"connection reset inside the answer", "chunked answer that breaks off"}},
	{"has no kind for broken connections", "service unavailable", []string{"connection reset before the answer"}},
	{"ignores the status", "service unavailable", []string{"502 with HTML", "503 without a body"}},
	{"takes its kind from the body", "service unavailable", []string{"502 with HTML", "503 without a body"}},
	{"drops the status", "Status is 0", []string{"502 with HTML", "400 that repeats a text"}},
	{"another status", "Status is 503, want 429", []string{"429 without Retry-After"}},
	{"calls every refusal invalid", "rate limited", []string{"429 without Retry-After"}},
	{"asks again by itself", "got 2 requests, want 1", []string{"429 without Retry-After"}},
	{"makes up a Retry-After", "RetryAfter is 1s", []string{"429 without Retry-After"}},
	{"ignores Retry-After", "RetryAfter is 0s", []string{"429 with Retry-After in seconds"}},
	{"knows no dates", "RetryAfter is 0s", []string{"429 with Retry-After as a date"}},
	{"knows no retry-after-ms", "RetryAfter is 2s", []string{"429 with retry-after-ms"}},
	{"keeps the body underneath", "the key is in an error", []string{"401 that repeats the key"}},
	{"hides texts only", "the key is in an error", []string{"401 that repeats the key as plain text"}},
	{"hides the key only", "of text 0 is in an error", []string{"400 that repeats a text"}},
	{"hides whole texts only", "is in an error", []string{"400 that repeats a text cut short"}},
	{"follows redirects", "redirect was followed", []string{"redirect to another host", "redirect on the same host",
		"redirect that turns POST into GET"}},
	{"ignores the status", "Status is 0", []string{"redirect to nowhere"}},
	{"does not name the target", "does not name", []string{"redirect to another host"}},
	{"quotes the target whole", "the key is in an error", []string{"redirect to another host"}},
	{"ignores the context", "did not end", []string{"a hang before the answer that the caller cancels",
		"a hang before the answer past the caller's deadline", "a hang inside the answer that the caller cancels",
		"a hang inside the answer past the caller's deadline"}},
	{"keeps the cause", "context has not ended", []string{"a hang before the answer past the client's timeout",
		"a hang inside the answer past the client's timeout"}},
	{"drops the client's timeout", "did not end", []string{"a hang before the answer past the client's timeout",
		"a hang inside the answer past the client's timeout"}},
}

func TestEveryWireFaultFindsItsMutants(t *testing.T) {
	faults, unmissed := map[string]httpFault{}, map[string]bool{}
	for _, f := range httpFaults() {
		if unmissed[f.name] {
			t.Errorf("two faults are named %q", f.name)
		}
		faults[f.name], unmissed[f.name] = f, true
	}
	for _, m := range httpMutants {
		for _, name := range m.faults {
			t.Run(m.flaw+"/"+name, func(t *testing.T) {
				f, ok := faults[name]
				if !ok {
					t.Fatalf("there is no fault %q", name)
				}
				delete(unmissed, name)
				var found findings
				f.inMemory(t, &found, OpenAIWire(), openTiny(tinyModel, m.flaw))
				if got := found.String(); !strings.Contains(got, m.says) {
					t.Errorf("the findings do not say %q:\n%s", m.says, got)
				}
			})
		}
	}
	for name := range unmissed {
		t.Errorf("no mutant shows that the fault %q can be missed", name)
	}
}

// Behind a server of one's own a Status is that server's, but there has to be one, and nothing else
// is forgiven.
func TestRelayed(t *testing.T) {
	wire := OpenAIWire()
	wire.Relayed = true
	all := httpFaults()
	f := all[slices.IndexFunc(all, func(f httpFault) bool { return f.name == "429 without Retry-After" })]
	for flaw, says := range map[string]string{
		"another status": "", "drops the status": "the error's Status is 0, want that of the server between",
		"calls every refusal invalid": "rate limited", "makes up a Retry-After": "RetryAfter is 1s", "asks again by itself": "got 2 requests",
	} {
		var found findings
		f.inMemory(t, &found, wire, openTiny(tinyModel, flaw))
		if got := found.String(); (got == "") != (says == "") || !strings.Contains(got, says) {
			t.Errorf("%s: got the findings %q, want %q", flaw, got, says)
		}
	}
}

// findings keeps what a fault's run reports.
type findings struct {
	mu  sync.Mutex
	all []string
}

func (f *findings) Helper() {}

func (f *findings) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fmt.Sprintf(format, args...))
}

func (f *findings) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.all, "\n")
}

// A format of its own: rows alone, by place, and no key.
func TestAnotherWire(t *testing.T) {
	wire := Wire{
		Positional: true,
		Keyless:    true,
		Texts: func(_ *http.Request, body []byte) ([]string, error) {
			var texts []string
			err := json.Unmarshal(body, &texts)
			return texts, err
		},
		Answer: func(items []WireItem, _ int) []byte {
			rows := make([]string, len(items))
			for i, item := range items {
				if rows[i] = item.Vector; rows[i] == "" {
					rows[i] = "null"
				}
			}
			return []byte("[" + strings.Join(rows, ",") + "]")
		},
	}
	provider := openTiny(tinyModel, "speaks plain lists", "sends no key")
	TestHTTPWire(t, wire, provider)

	var found findings
	httpFaults()[0].inMemory(t, &found, OpenAIWire(), provider)
	if got := found.String(); !strings.Contains(got, "the request cannot be read") {
		t.Errorf("a request in another format is not noticed:\n%s", got)
	}
}
