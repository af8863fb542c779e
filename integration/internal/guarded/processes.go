package guarded

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

// childVariable makes this test binary a process that opens a collection and does what it reads.
const childVariable = "STORES_TEST_CHILD"

type job struct{ Kind, URL, Collection, Model string }

// Child is for a test of the name TestChild, which is the other process of Test's. It reads
// commands from its standard input and answers each with a line.
func Child(t *testing.T, kinds ...Kind) {
	var j job
	if os.Getenv(childVariable) == "" {
		t.Skip("it is run by Test")
	}
	expect.NoError(t, json.Unmarshal([]byte(os.Getenv(childVariable)), &j))
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == j.Kind })
	if i < 0 {
		t.Fatalf("no kind is named %q", j.Kind)
	}
	b := &Bench{Kind: kinds[i], URL: j.URL}
	s, err := b.Try(t, Model(j.Model, Dimensions), j.Collection)
	answer := func(err error) {
		switch _, space := errors.AsType[*store.SpaceError](err); {
		case space:
			fmt.Println("ANSWER space", strings.ReplaceAll(err.Error(), "\n", " "))
		case err != nil:
			fmt.Println("ANSWER error", strings.ReplaceAll(err.Error(), "\n", " "))
		default:
			fmt.Println("ANSWER ok")
		}
	}
	answer(err)
	if err != nil {
		return
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "add":
			_, err = s.AddDocuments(t.Context(), Corpus(20))
		case "search":
			_, err = s.SimilaritySearch(t.Context(), "q", 40)
		}
		answer(err)
	}
}

type child struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(t *testing.T, j job) *child {
	t.Helper()
	env, err := json.Marshal(j)
	expect.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+string(env))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	expect.NoError(t, err)
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close() // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &child{in, bufio.NewScanner(out)}
}

func (c *child) tell(t *testing.T, command string) {
	t.Helper()
	_, err := fmt.Fprintln(c.in, command)
	expect.NoError(t, err)
}

func (c *child) hear(t *testing.T) string {
	t.Helper()
	for c.out.Scan() {
		if text, ok := strings.CutPrefix(c.out.Text(), "ANSWER "); ok {
			return text
		}
	}
	t.Fatal("the process ended")
	return ""
}

// twoProcesses lets two processes with different models open one collection while it is empty.
func twoProcesses(t *testing.T, b *Bench) {
	if b.Serve == nil {
		t.Skip("a folder of chromem belongs to one process")
	}
	pair := func() (one, two *child) {
		collection := b.fresh()
		one = start(t, job{b.Name, b.URL, collection, "m"})
		if got := one.hear(t); got != "ok" {
			t.Fatal(got)
		}
		two = start(t, job{b.Name, b.URL, collection, "other"})
		if got := two.hear(t); got != "ok" {
			t.Fatal(got)
		}
		return one, two
	}
	// One after the other.
	one, two := pair()
	one.tell(t, "add")
	if got := one.hear(t); got != "ok" {
		t.Fatal(got)
	}
	two.tell(t, "add")
	if got := two.hear(t); !strings.HasPrefix(got, "space store: nothing was written") {
		t.Error(got)
	}
	if one.tell(t, "search"); one.hear(t) != "ok" {
		t.Error("the first process is disturbed")
	}
	// At the same moment: never do both believe that all is well.
	for range 5 {
		one, two := pair()
		one.tell(t, "add")
		two.tell(t, "add")
		first, second := one.hear(t), two.hear(t)
		t.Logf("%.60s | %.60s", first, second)
		if first == "ok" && second == "ok" {
			t.Error("both processes have added, and neither was told")
		}
	}
}
