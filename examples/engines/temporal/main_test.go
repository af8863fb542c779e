package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
}

// planned plans a job of 1,000 texts and returns its folder.
func planned(t *testing.T, reference string) string {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&b, "text %d\n", i)
	}
	in, out := filepath.Join(dir, "in.txt"), filepath.Join(dir, "out")
	ok(t, os.WriteFile(in, []byte(b.String()), 0o600))
	e, err := providers.Open(reference)
	ok(t, err)
	p, err := jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Out: out, ShardTexts: 50, Reference: reference})
	ok(t, err)
	j, err := p.Start()
	ok(t, err)
	ok(t, j.Close())
	return out
}

// run runs the workflow in Temporal's own test environment.
func run(t *testing.T, folder string) (jobs.Status, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterActivity(Work)
	env.RegisterActivity(Status)
	env.ExecuteWorkflow(Embed, Task{Folder: folder, Workers: 3})
	if !env.IsWorkflowCompleted() {
		t.Fatal("the workflow has not ended")
	}
	if err := env.GetWorkflowError(); err != nil {
		return jobs.Status{}, err
	}
	var s jobs.Status
	err := env.GetWorkflowResult(&s)
	return s, err
}

func TestEmbed(t *testing.T) {
	s, err := run(t, planned(t, "static:base"))
	if err != nil || s.State != "complete" || s.Vectors != 1_000 {
		t.Errorf("got %+v and the error %v, want a complete job of 1,000 vectors", s, err)
	}
}

// A pause ends the workflow with its reason, and a later workflow goes on and pays for nothing
// twice.
func TestPaused(t *testing.T) {
	service, err := openaitest.New(emulator.Options{})
	ok(t, err)
	srv := httptest.NewServer(service)
	defer srv.Close()
	t.Setenv("TEMPORAL_EXAMPLE_KEY", emulator.DefaultKey)
	folder := planned(t, "openai:text-embedding-3-small?dimensions=8&key_env=TEMPORAL_EXAMPLE_KEY&base_url="+srv.URL+openaitest.BasePath)
	t.Setenv("TEMPORAL_EXAMPLE_KEY", "wrong")
	if _, err := run(t, folder); err == nil || !strings.Contains(err.Error(), "is paused (auth)") {
		t.Errorf("got the error %v, want the pause and its reason", err)
	}
	t.Setenv("TEMPORAL_EXAMPLE_KEY", emulator.DefaultKey)
	j, err := jobs.Open(folder)
	ok(t, err)
	_, err = j.Resume()
	ok(t, err)
	ok(t, j.Close())
	s, err := run(t, folder)
	if err != nil || s.State != "complete" || service.Ledger().Twice != 0 {
		t.Errorf("got %+v, %d texts paid for twice and the error %v, want a complete job", s, service.Ledger().Twice, err)
	}
}
