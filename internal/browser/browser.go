// Package browser opens pages in a real browser, for tests.
package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Open opens an address in Chromium. It returns the page as its scripts left it after five virtual
// seconds, if flags have --dump-dom, and what the browser said, its console included. Without a
// Chromium the test is skipped, or fails if $VECSPACE_BROWSER is "required".
func Open(t *testing.T, url string, flags ...string) (dom, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, chromium(t), slices.Concat([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--user-data-dir=" + filepath.Join(t.TempDir(), "profile"),
		"--virtual-time-budget=5000", "--hide-scrollbars",
	}, flags, []string{url})...)
	var out, errs strings.Builder
	run.Stdout, run.Stderr = &out, &errs
	if err := run.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return out.String(), errs.String()
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("VECSPACE_BROWSER") == "required" {
		t.Fatal("there is no chromium on the PATH, and VECSPACE_BROWSER says that one is required")
	}
	t.Skip("NOT TESTED: there is no chromium on the PATH, so nobody looks at the page (Debian: apt-get install chromium)")
	return ""
}
