package command

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// asProgram is the variable that makes the test binary run as the program.
const asProgram = "VECSPACE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		Main(Parts{})
	}
	os.Exit(m.Run())
}

// vecspace runs the program and returns its exit code and output. The context of emulate and serve
// has ended, so that they do not serve.
func vecspace(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx := t.Context()
	if len(args) > 0 && (args[0] == "emulate" || args[0] == "serve") {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	}
	var o, e bytes.Buffer
	code = Parts{}.run(ctx, args, streams{strings.NewReader(in), &o, &e})
	return code, o.String(), e.String()
}

// ended checks a program's exit code, and that its output has each of the words.
func ended(t *testing.T, code, want int, wrote string, words ...string) {
	t.Helper()
	if code != want {
		t.Errorf("got the exit code %d, want %d\n%s", code, want, wrote)
	}
	holds(t, wrote, words...)
}

// holds checks that text holds each of some words.
func holds(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("got the text below, want %q in it\n%s", w, text)
		}
	}
}

func TestCalls(t *testing.T) {
	t.Setenv("DASHSCOPE_API_KEY", "")
	for _, c := range []struct {
		args string
		code int
		want string // in the output: out for code 0, otherwise err
	}{
		{"", 2, "usage: vecspace COMMAND"},
		{"help", 0, "emulate "},
		{"-h", 0, "usage: vecspace COMMAND"},
		{"help embed", 0, "usage: vecspace embed REFERENCE"},
		{"help emulate dashscope", 0, "-region"},
		{"help fly", 2, `no command "fly"`},
		{"version -h", 0, "usage: vecspace version"},
		{"version now", 2, `unexpected argument "now"`},
		{"completion", 2, "There are bash, zsh and fish"},
		{"completion tcsh", 2, "There are bash, zsh and fish"},
		{"completion -h", 0, "usage: vecspace completion"},
		{"fly", 2, `no command "fly"`},
		{"-fly", 2, `no command "-fly"`},

		{"serve -h", 0, "-new-key"},
		{"serve -addr 127.0.0.1:0 -ops off", 0, "vecspace serves static:base at http://127.0.0.1:"},
		{"serve x:y", 1, `there is no provider "x"`},
		{"serve static:base static:base", 1, `the reference "static:base" is given twice`},
		{"serve static:base -config f", 2, "-config replaces the references"},
		{"serve -addr 0.0.0.0:0", 2, "pass -public and -keys"},
		{"serve -addr nowhere", 2, "-addr: "},
		{"serve -addr 127.0.0.1:0 -ops 0.0.0.0:0", 2, "-ops 0.0.0.0:0 can be reached from other machines"},
		{"serve -public", 2, "lets everyone spend your money: add -keys FILE, or -insecure-open"},
		{"serve -state f", 2, "add -keys FILE"},
		{"serve -cert f", 2, "TLS needs both"},
		{"serve -keys no-such-file -addr 127.0.0.1:0", 1, "no-such-file"},
		{"serve -drain -1s", 2, "below 0"},
		{"serve -probe -ops 127.0.0.1:1", 1, "context canceled"},
		{"serve -new-key a", 0, "a sha256:"},

		{"emulate", 2, "There are " + serviceNames()},
		{"emulate -h", 0, serviceNames()},
		{"emulate acme", 2, `no emulator of "acme": there are ` + serviceNames()},
		{"emulate openai -region cn", 2, "flag provided but not defined: -region"},
		{"emulate openai -list-faults", 0, "no-access"},
		{"emulate openai -fault shuffle", 2, `no fault "shuffle"`},
		{"emulate openai -list-faults", 0, "Incorrect API key provided"},
		{"emulate siliconflow -list-faults", 0, "maximum allowed batch size"},
		{"emulate zhipu -model m", 2, "flag provided but not defined: -model"},
		{"emulate openai -limit text-embedding-v4=texts:1", 2, "there are text-embedding-3-small"},
		{"emulate voyage -h", 0, "KEY"},
		{"emulate gemini -key secret -addr nowhere", 2, "-addr: "},
		{"emulate gemini -addr 0.0.0.0:8089", 2, "pass -public"},
		{"emulate jina -key=", 2, "a key is blank"},
		{"emulate tei -model acme/base", 2, `unknown model "acme/base"`},
		{"emulate dashscope -h", 0, "-latency"},
		{"emulate dashscope -list-faults", 0, "duplicate-index"},
		{"emulate dashscope here", 2, `unexpected argument "here"`},
		{"emulate dashscope -color", 2, "flag provided but not defined: -color"},
		{"emulate dashscope -rpm", 2, "flag needs an argument: -rpm"},
		{"emulate dashscope -rpm many", 2, `invalid value "many" for flag -rpm`},
		{"emulate dashscope -rpm -5", 2, "a rate is negative"},
		{"emulate dashscope -latency -1s", 2, "latency or jitter is negative"},
		{"emulate dashscope -region mars", 2, `unknown region "mars": there are cn, intl`},
		{"emulate dashscope -key sk-secret=mars", 2, `unknown region "mars"`},
		{"emulate dashscope -key sk-secret=mars -region cn", 2, "a key's region"},
		{"emulate dashscope -key =cn", 2, "a key is blank"},
		{"emulate dashscope -fault nonsense", 2, `no fault "nonsense"`},
		{"emulate dashscope -fault slow=p:7", 2, "between 0 and 1"},
		{"emulate dashscope -limit text-embedding-v4", 2, "is not texts:N"},
		{"emulate dashscope -limit text-embedding-v4=texts:0", 2, `"texts:0" is not texts:N`},
		{"emulate dashscope -limit v9=texts:1", 2, `unknown model "v9"`},
		{"emulate dashscope -addr nowhere", 2, "-addr: "},
		{"emulate dashscope -addr :8089", 2, "pass -public"},
		{"emulate dashscope -addr 0.0.0.0:8089", 2, "pass -public"},

		{"check", 2, "one reference is needed"},
		{"check static:base static:base", 2, "there are 2"},
		{"check -h", 0, "usage: vecspace check REFERENCE"},
		{"check static:base -color", 2, "flag provided but not defined: -color"},
		{"check acme:base", 2, `there is no provider "acme"`},
		{"check dashscope:text-embedding-v4?api_key=sk-secret", 2, "the reference holds an API key"},
		{"check dashscope:text-embedding-v4", 1, "set the variable DASHSCOPE_API_KEY"},

		{"embed", 2, "one reference is needed"},
		{"embed -h", 0, "usage: vecspace embed REFERENCE"},
		{"embed static:base static:base", 2, "there are 2"},
		{"embed static:base -color", 2, "flag provided but not defined: -color"},
		{"embed -dimensions many static:base", 2, `invalid value "many"`},
		{"embed static:base -dimensions -1", 2, "a vector has at least 1"},
		{"embed static:base -dimensions 100", 2, "100 dimensions: there are [256 128 64]"},
		{"embed static:base?dimensions=64 -dimensions 64", 2, "leave one out"},
		{"embed static:large", 2, `there is no model "large"`},
		{"embed -dimensions 64 base", 2, "has no colon"},
		{"embed acme:base", 2, `there is no provider "acme"`},
		{"embed dashscope:text-embedding-v4?api_key=sk-secret", 2, "the reference holds an API key"},
		{"embed -name a", 2, "add -config FILE"},
		{"embed -config testdata/two.yaml", 2, "-name is needed: testdata/two.yaml has large, small"},
		{"embed -config testdata/two.yaml -name tiny", 2, `there is no embedder "tiny"`},
		{"embed -config testdata/two.yaml static:base", 2, "leave them out"},
		{"embed -config testdata/two.yaml -dimensions 64", 2, "leave them out"},
		{"embed -config testdata/absent.yaml", 1, "no such file"},
		{"embed -config testdata/tier.yaml", 1, "testdata/tier.yaml: config: line 4: tier: disk needs the full build: go install github.com/vecspace/embedding/full/"},
		{"embed dashscope:text-embedding-v4", 1, "set the variable DASHSCOPE_API_KEY"},
	} {
		code, out, errs := vecspace(t, "", strings.Fields(c.args)...)
		said := errs
		if c.code == 0 {
			said = out
		}
		if code != c.code || !strings.Contains(said, c.want) || strings.Contains(out+errs, "secret") {
			t.Errorf("vecspace %s: got the exit code %d, want %d and %q\n%s\n%s", c.args, code, c.code, c.want, out, errs)
		}
		if c.code == 0 && errs != "" || c.code != 0 && out != "" {
			t.Errorf("vecspace %s wrote to the wrong stream:\n%s\n%s", c.args, out, errs)
		}
	}
}

// What documents, files and providers are called never acts on the terminal.
func TestScreen(t *testing.T) {
	bad := "\x1b]0;owned\a\u202e"
	for _, args := range [][]string{{bad}, {"embed", bad}, {"embed", "static:base", "-in", bad}, {"embed", bad + ":" + bad}, {"emulate", bad}, {"providers", bad}, {"embed", "static:base", "-" + bad},
		{"compare", "-html", "", "-task", bad, "static:base"}, {"embed", "-config", bad}} {
		code, out, errs := vecspace(t, "", args...)
		if code == 0 || strings.ContainsAny(out+errs, "\x1b\a\u202e") || !strings.Contains(errs, `u202e`) {
			t.Errorf("%q: got the exit code %d, %q and %q, want an error in characters that show", args, code, out, errs)
		}
	}
}
