package command

import (
	"regexp"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
)

// Every service's greeting has a reference that opens it, and the service bills what the reference
// embeds.
func TestEmulateEveryService(t *testing.T) {
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			e := startService(t, s.name, "-key", "key-of-the-test-0123", "-rpm", "60000", "-latency", "1ns")
			quoted := regexp.MustCompile(`vecspace embed '(.*)'`).FindStringSubmatch(e.greeting)
			if quoted == nil {
				t.Fatalf("got the greeting below, want a reference in it\n%s", e.greeting)
			}
			ref := quoted[1]
			if s.key == "" { // none is asked for by default
				t.Setenv("KEY_OF_THE_PROXY", "key-of-the-test-0123")
				ref += "&key_env=KEY_OF_THE_PROXY"
			} else {
				t.Setenv(s.key, "key-of-the-test-0123")
			}
			code, out, errs := vecspace(t, "bread and flour\na proof by induction\n", "embed", ref)
			if code != 0 || strings.Count(out, "\n") != 2 {
				t.Fatalf("%s: got the exit code %d and %q, want 0 and two lines\n%s", ref, code, out, errs)
			}
			if l := e.ledger(t); l.Texts != 2 || l.Billed == 0 {
				t.Errorf("got the ledger %+v, want 2 texts, billed", l)
			}
			code, out, errs = e.stop()
			ended(t, code, 0, out, "billed texts")
			expect.Equal(t, "standard error", errs, "")
		})
	}
}

// The variables that DashScope's emulator greets with lead both of the service's APIs to it.
func TestEmulateNative(t *testing.T) {
	e := start(t)
	for _, line := range regexp.MustCompile(`export (\S+)=(\S+)`).FindAllStringSubmatch(e.greeting, -1) {
		t.Setenv(line[1], line[2])
	}
	for _, ref := range []string{"dashscope:text-embedding-v4", "dashscope:text-embedding-v4?native=true"} {
		if code, _, errs := vecspace(t, "bread\n", "embed", ref); code != 0 {
			t.Errorf("%s: got the exit code %d, want 0\n%s", ref, code, errs)
		}
	}
	if l := e.ledger(t); l.Texts != 2 || l.Requests != 2 {
		t.Errorf("got the ledger %+v, want 2 requests of 2 texts", l)
	}
}

// A preset's reference leads to its emulator, with its own variable. A server that people run
// serves the model that -model names.
func TestEmulatePresets(t *testing.T) {
	e := startService(t, "mistral")
	holds(t, e.greeting, "'mistral:mistral-embed?base_url="+e.base+"/v1&key_env=MISTRAL_API_KEY'")
	e = startService(t, "zhipu")
	t.Setenv("ZHIPUAI_API_KEY", "sk-test")
	code, _, errs := vecspace(t, "bread\n", "embed", "zhipu:embedding-3?dimensions=256&base_url="+e.base+"/api/paas/v4")
	ended(t, code, 0, errs)
	e = startService(t, "vllm", "-model", "acme/base")
	holds(t, e.greeting, "'vllm:acme/base?base_url=")
	code, _, errs = vecspace(t, "bread\n", "embed", "vllm:acme/base?base_url="+e.base+"/v1")
	ended(t, code, 0, errs)
	code, _, errs = vecspace(t, "bread\n", "embed", "vllm:acme/other?base_url="+e.base+"/v1")
	ended(t, code, 1, errs, "does not exist")
}

// Servers that people run ask for no key.
func TestEmulateWithoutKeys(t *testing.T) {
	e := startService(t, "ollama")
	t.Setenv("OLLAMA_HOST", e.base)
	holds(t, e.greeting, "export OLLAMA_HOST="+e.base+"\n")
	code, _, errs := vecspace(t, "bread\n", "embed", "ollama:nomic-embed-text")
	ended(t, code, 0, errs)
	e = startService(t, "tei", "-model", "BAAI/bge-m3", "-limit", "BAAI/bge-m3=texts:7")
	_, body := e.send(t, "GET", "/info", "", "")
	holds(t, body, `"model_id":"BAAI/bge-m3"`, `"max_client_batch_size":7`)
}

// The first key's region is the emulator's: "-key sk-x=cn" alone is enough.
func TestEmulateRegionOfTheKey(t *testing.T) {
	e := start(t, "-key", "sk-x=cn")
	holds(t, e.greeting, "region cn")
	expect.Equal(t, "status of cn's own model", e.ask(t, "sk-x", `{"model":"text-embedding-v1","input":"a"}`), 200)
	e = start(t, "-key", "sk-x=cn", "-region", "intl")
	holds(t, e.greeting, "none of the keys belongs to region intl")
	expect.Equal(t, "status with another region's key", e.ask(t, "sk-x", one), 401)
}

// listed returns the catalog's entry of the service's model.
func (s service) listed() (catalog.Entry, bool) {
	_, model, _ := strings.Cut(s.reference, ":")
	for _, e := range providers.Catalog() {
		if e.Provider == s.name && (e.Model == model || e.Model == catalog.AnyModel) {
			return e, true
		}
	}
	return catalog.Entry{}, false
}
