package command

import (
	"regexp"
	"strings"
	"testing"
)

// Every service greets with a reference that leads to it, and bills what the reference then embeds.
func TestEmulateEveryService(t *testing.T) {
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			e := startService(t, s.name, "-key", "key-of-the-test-0123", "-rpm", "60000", "-latency", "1ns")
			quoted := regexp.MustCompile(`vecspace embed '(.*)'`).FindStringSubmatch(e.greeting)
			if quoted == nil {
				t.Fatal(e.greeting)
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
				t.Fatalf("%s: exit code %d\n%s", ref, code, errs)
			}
			if l := e.ledger(t); l.Texts != 2 || l.Billed == 0 {
				t.Errorf("%+v", l)
			}
			if code, out, errs := e.stop(); code != 0 || errs != "" || !strings.Contains(out, "billed texts") {
				t.Error(code, out, errs)
			}
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
			t.Errorf("%s: exit code %d\n%s", ref, code, errs)
		}
	}
	if l := e.ledger(t); l.Texts != 2 || l.Requests != 2 {
		t.Errorf("%+v", l)
	}
}

// A preset's own reference leads to its emulator, with its own variable, and a server that people run has the model that it is told.
func TestEmulatePresets(t *testing.T) {
	e := startService(t, "mistral")
	if !strings.Contains(e.greeting, "'mistral:mistral-embed?base_url="+e.base+"/v1&key_env=MISTRAL_API_KEY'") {
		t.Error(e.greeting)
	}
	e = startService(t, "zhipu")
	t.Setenv("ZHIPUAI_API_KEY", "sk-test")
	if code, _, errs := vecspace(t, "bread\n", "embed", "zhipu:embedding-3?dimensions=256&base_url="+e.base+"/api/paas/v4"); code != 0 {
		t.Error(code, errs)
	}
	e = startService(t, "vllm", "-model", "acme/base")
	if code, _, errs := vecspace(t, "bread\n", "embed", "vllm:acme/base?base_url="+e.base+"/v1"); code != 0 || !strings.Contains(e.greeting, "'vllm:acme/base?base_url=") {
		t.Error(code, errs, e.greeting)
	}
	if code, _, errs := vecspace(t, "bread\n", "embed", "vllm:acme/other?base_url="+e.base+"/v1"); code != 1 || !strings.Contains(errs, "does not exist") {
		t.Error(code, errs)
	}
}

// Without a key, as its own programs expect it.
func TestEmulateWithoutKeys(t *testing.T) {
	e := startService(t, "ollama")
	t.Setenv("OLLAMA_HOST", e.base)
	if code, _, errs := vecspace(t, "bread\n", "embed", "ollama:nomic-embed-text"); code != 0 || !strings.Contains(e.greeting, "export OLLAMA_HOST="+e.base+"\n") {
		t.Error(code, errs, e.greeting)
	}
	e = startService(t, "tei", "-model", "BAAI/bge-m3", "-limit", "BAAI/bge-m3=texts:7")
	if _, body := e.send(t, "GET", "/info", "", ""); !strings.Contains(body, `"model_id":"BAAI/bge-m3"`) || !strings.Contains(body, `"max_client_batch_size":7`) {
		t.Error(body)
	}
}

// The first key's region is the emulator's: "-key sk-x=cn" alone is enough.
func TestEmulateRegionOfTheKey(t *testing.T) {
	e := start(t, "-key", "sk-x=cn")
	if !strings.Contains(e.greeting, "region cn") || e.ask(t, "sk-x", `{"model":"text-embedding-v1","input":"a"}`) != 200 {
		t.Error(e.greeting)
	}
	e = start(t, "-key", "sk-x=cn", "-region", "intl")
	if !strings.Contains(e.greeting, "none of the keys belongs to region intl") || e.ask(t, "sk-x", one) != 401 {
		t.Error(e.greeting)
	}
}
