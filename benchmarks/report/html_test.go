package report

import (
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/browser"
	"github.com/vecspace/embedding/internal/expect"
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
		"7, 10,000 resamples", "linux/amd64", "2026-11-24T04:00:00Z", "github.com/vecspace/embedding v0.1.0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// open shows a page from a file in a browser, as [browser.Open] does.
func open(t *testing.T, text string, flags ...string) (dom, log string) {
	t.Helper()
	page := filepath.Join(t.TempDir(), "report.html")
	expect.NoError(t, os.WriteFile(page, []byte(text), 0o600))
	return browser.Open(t, "file://"+filepath.ToSlash(page), append(flags, "--window-size=1280,2600")...)
}

// TestBrowser opens the page from a file in a real browser: every plot is drawn, and nothing goes
// to the console.
func TestBrowser(t *testing.T) {
	r := sample()
	dom, log := open(t, render(t, html, r), "--dump-dom")
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
}

// TestLightAndDark takes a picture in either mode: most of it is the mode's background, and there
// is as much drawn on it in dark as in light, so nothing is dark on dark. VECSPACE_SCREENSHOT names
// a folder to keep the pictures in.
func TestLightAndDark(t *testing.T) {
	page := render(t, html, sample())
	drawn := map[string]int{}
	for name, mode := range map[string]struct {
		flag string
		back color.RGBA
	}{
		"light": {"--blink-settings=preferredColorScheme=1", color.RGBA{0xff, 0xff, 0xff, 0xff}},
		"dark":  {"--blink-settings=preferredColorScheme=0", color.RGBA{0x14, 0x17, 0x1b, 0xff}},
	} {
		file := filepath.Join(t.TempDir(), name+".png")
		if keep := os.Getenv("VECSPACE_SCREENSHOT"); keep != "" {
			file = filepath.Join(keep, name+".png")
		}
		open(t, page, mode.flag, "--screenshot="+file)
		f, err := os.Open(file)
		expect.NoError(t, err)
		picture, err := png.Decode(f)
		f.Close()
		expect.NoError(t, err)
		back, all := 0, 0
		stands := map[color.RGBA]bool{}
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				p := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
				all++
				if p == mode.back {
					back++
				}
				out, known := stands[p]
				if !known {
					out = contrast(p, mode.back) >= 3 // what WCAG asks of lines and marks
					stands[p] = out
				}
				if out {
					drawn[name]++
				}
			}
		}
		if back*3 < all {
			t.Errorf("%s: %d of %d points are background", name, back, all)
		}
	}
	if light, dark := drawn["light"], drawn["dark"]; light < 20_000 || dark < light*8/10 || light < dark*8/10 {
		t.Errorf("%d points stand out in light, %d in dark", light, dark)
	} else {
		t.Logf("%d points stand out in light, %d in dark", light, dark)
	}
}

// contrast is WCAG's ratio of two colors, from 1 to 21.
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		linear := func(v uint8) float64 {
			if s := float64(v) / 255; s > .04045 {
				return math.Pow((s+.055)/1.055, 2.4)
			} else {
				return s / 12.92
			}
		}
		return .2126*linear(c.R) + .7152*linear(c.G) + .0722*linear(c.B)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// phone is a page that shows another one in a frame of 375 columns of points, and says which of its
// parts a reader could not see.
const phone = `<!DOCTYPE html><meta charset="utf-8"><body><iframe style="width:375px;height:800px;border:0" srcdoc="%s"></iframe>
<script>addEventListener("load", () => {
  const d = document.querySelector("iframe").contentDocument, found = [];
  if (d.documentElement.scrollWidth > 375) found.push("the page is " + d.documentElement.scrollWidth + " wide");
  for (const e of d.querySelectorAll("svg text, .legend span, .panels p, h1, h2, h3, .take, li, .note")) {
    const r = e.getBoundingClientRect();
    if (r.width > 0 && (r.left < 0 || r.right > 375)) found.push(e.textContent + " is from " + r.left + " to " + r.right);
  }
  for (const e of d.querySelectorAll("svg text")) {
    if (parseFloat(getComputedStyle(e).fontSize) < 12) found.push(e.textContent + " is small");
  }
  let scrolled = 0;
  for (const w of d.querySelectorAll(".wide")) {
    w.scrollLeft = 1000;
    if (w.scrollLeft === 0) continue;
    scrolled++;
    for (const e of w.querySelectorAll("tr > :first-child")) {
      if (e.getBoundingClientRect().left < w.getBoundingClientRect().left - 1) found.push(e.textContent + " did not stay");
    }
  }
  document.body.innerHTML = "<p>seen: " + d.querySelectorAll("svg text").length + " labels, " + scrolled + " tables</p><pre></pre>";
  document.querySelector("pre").textContent = found.join("\n");
});</script>`

// TestBrowserOnPhone shows the page as a phone does: nothing is cut, the letters of axes have 12
// points, and the first columns stay where tables move.
func TestBrowserOnPhone(t *testing.T) {
	r := sample()
	r.Candidates[0].Name = "a-candidate-with-a-name-that-is-longer-than-the-screen-of-a-phone"
	r.Tasks[0].Rows[0].Name, r.Tasks[0].Rows[0].Candidate = r.Candidates[0].Name, r.Candidates[0].Name
	for i := range r.Tasks[0].Dimensions {
		r.Tasks[0].Dimensions[i].Candidate = r.Candidates[0].Name
	}
	inner := strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(render(t, html, r))
	dom, _ := open(t, strings.Replace(phone, "%s", inner, 1), "--dump-dom")
	_, said, _ := strings.Cut(dom, "<p>seen: ")
	seen, rest, ok := strings.Cut(said, "</p><pre>")
	cut, _, _ := strings.Cut(rest, "</pre>")
	if !ok || strings.HasPrefix(seen, "0 labels") || strings.Contains(seen, ", 0 tables") {
		t.Fatalf("got %q, want labels and tables that were looked at", seen)
	}
	if cut != "" {
		t.Errorf("%s; a reader cannot see:\n%s", seen, cut)
	}
}

// Tables say what they are, and what each row is about.
func TestTablesAreReadAloud(t *testing.T) {
	got := render(t, html, sample())
	tables := strings.Count(got, "<table>")
	if n := strings.Count(got, "<caption>"); n != tables || n == 0 {
		t.Errorf("got %d captions of %d tables, want one each", n, tables)
	}
	for _, table := range strings.Split(got, "<table>")[1:] {
		table, _, _ = strings.Cut(table, "</table>")
		if rows, heads := strings.Count(table, "<tr>"), strings.Count(table, `<th scope="row"`); rows != heads+1 {
			t.Errorf("got %d heads of %d rows, want one for each row but the first in\n%s", heads, rows, table)
		}
	}
	expect.Equal(t, "a heading without words", regexp.MustCompile(`<th[^>]*></th>`).FindString(got), "")
}

// A page that breaks is noticed: TestBrowser would see it.
func TestBrowserNotices(t *testing.T) {
	broken := strings.Replace(render(t, html, sample()), `"kind":"ecdf"`, `"kind":"unknown"`, 1)
	if dom, log := open(t, broken, "--dump-dom"); !strings.Contains(log, "CONSOLE") || strings.Contains(dom, "data-drawn=") {
		t.Error("an unknown kind of plot made no error in the console")
	}
}
