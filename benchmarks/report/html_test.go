package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Text of a data set is text on the page, and the page asks for nothing from anywhere.
func TestHTML(t *testing.T) {
	got := render(t, html, sample())
	if strings.Contains(got, "<script>alert(1)") || strings.Contains(got, "<b>") {
		t.Error("a query's text is markup")
	}
	if m := regexp.MustCompile(`(?i)(src|href|action)\s*=\s*["']?(https?:)?//`).FindString(got); m != "" {
		t.Errorf("the page asks for %s", m)
	}
	for _, want := range []string{
		`<td class="best">70.00*</td>`, `role="img" aria-label="Dots with intervals, best first: dear &lt;/script&gt;&lt;b&gt; 70.0 (65.0 to 75.0)`,
		"gone failed: no key *here*", "Read this.", "<code>vecspace compare &#39;a|b&#39; `x`</code>", "prefers-color-scheme: dark", "default-src 'none'",
		"7, 10000 resamples", "linux/amd64", "2026-11-24T04:00:00Z", "github.com/vecspace/embedding v0.1.0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestBrowser opens the page from a file in a real browser, light and dark: every plot is drawn, and nothing goes to the console.
// VECSPACE_SCREENSHOT names a folder to keep pictures in.
func TestBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("NOT TESTED: there is no chromium on the PATH, so no plot is drawn (Debian: apt-get install chromium)")
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "report.html")
	r := sample()
	if err := os.WriteFile(page, []byte(render(t, html, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(extra ...string) (dom, log string) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		args := append([]string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--user-data-dir=" + filepath.Join(dir, "profile"),
			"--virtual-time-budget=5000", "--window-size=1280,2400",
		}, extra...)
		c := exec.CommandContext(ctx, browser, append(args, "file://"+filepath.ToSlash(page))...)
		var out, errs strings.Builder
		c.Stdout, c.Stderr = &out, &errs
		if err := c.Run(); err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		return out.String(), errs.String()
	}
	dom, log := open("--dump-dom")
	if strings.Contains(log, "CONSOLE") {
		t.Errorf("the console says:\n%s", log)
	}
	plots := r.plots()
	if want := fmt.Sprintf(`data-drawn="%d of %d"`, len(plots), len(plots)); !strings.Contains(dom, want) {
		t.Errorf("%s is missing: not every plot was drawn", want)
	}
	for _, p := range plots {
		_, after, ok := strings.Cut(dom, `id="`+p.ID+`"`)
		figure, _, _ := strings.Cut(after, "</figure>")
		shapes := strings.Count(figure, "<circle") + strings.Count(figure, "<path") + strings.Count(figure, "<line")
		if !ok || !strings.Contains(figure, "<svg") || shapes < 3 || strings.Contains(figure, "NaN") {
			t.Errorf("plot %s: %d shapes, or a place that is not a number", p.ID, shapes)
		}
	}
	if keep := os.Getenv("VECSPACE_SCREENSHOT"); keep != "" {
		for name, mode := range map[string]string{"light": "--blink-settings=preferredColorScheme=1", "dark": "--blink-settings=preferredColorScheme=0"} {
			open(mode, "--screenshot="+filepath.Join(keep, name+".png"))
		}
	}
}

// A page that breaks is noticed: the test above would see it.
func TestBrowserNotices(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("NOT TESTED: there is no chromium on the PATH")
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "broken.html")
	broken := strings.Replace(render(t, html, sample()), `"kind":"ecdf"`, `"kind":"unknown"`, 1)
	if err := os.WriteFile(page, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=5000", "--dump-dom", "file://"+filepath.ToSlash(page))
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errs.String(), "CONSOLE") || strings.Contains(string(out), "data-drawn=") {
		t.Error("an unknown kind of plot made no error in the console")
	}
}
