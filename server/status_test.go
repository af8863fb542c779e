package server

import (
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/browser"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// size is that of a desktop's window.
const size = "--window-size=1280,1000"

// watched is the operations address of a server with something to see. Each look at the page's
// numbers adds a request.
func watched(t *testing.T) *httptest.Server {
	t.Helper()
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 2, Currency: "USD"}}})
	down, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Err: embedding.Unavailable} }})
	file, secrets := keyed(t, "budget=25USD/day", "")
	s := open(t, e, Options{Keys: openKeys(t, file, ""), Models: map[string]Model{
		"<b>search</b>": {Embedder: e, Aliases: []string{"text-embedding-3-small"}}, "down": {Embedder: down}, "unknown": {Embedder: blind(e)},
	}})
	ask := func(model string) {
		post(s, `{"model":"`+model+`","input":["some text",""]}`, "Authorization", "Bearer "+secrets[0], "X-Vecspace-Partial", "true")
	}
	for range 1233 {
		ask("<b>search</b>")
	}
	ask("down")
	for range 3 {
		s.Attempt("<b>search</b>", middleware.Event{Usage: embedding.Usage{Tokens: 1500}})
	}
	s.Attempt("<b>search</b>", middleware.Event{Err: embedding.RateLimited})
	ops := s.Operations(false)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status.json" {
			ask("<b>search</b>")
		}
		ops.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// The page shows models, keys and times, and goes on by itself. A name is text and not markup, and
// nothing goes to the console.
func TestBrowser(t *testing.T) {
	dom, log := browser.Open(t, watched(t).URL, size, "--dump-dom")
	if strings.Contains(log, "CONSOLE") {
		t.Errorf("got the console below, want silence\n%s", log)
	}
	shown := 0
	for _, n := range []string{"1,235", "1,236", "1,237", "1,238"} {
		if strings.Contains(dom, "<td>"+n+"</td>") {
			shown++
		}
	}
	if shown == 0 || strings.Contains(dom, "<td>1,234</td>") {
		t.Errorf("got the page below, want more requests than the 1,234 of the first look\n%s", dom)
	}
	for _, want := range []string{
		">live<", "&lt;b&gt;search&lt;/b&gt;", "text-embedding-3-small · fake/fake@8", "vector space unknown so far", "service unavailable at ",
		"0.00", "<td>k0</td>", "25 USD in ", " USD</td>", "<td>k1</td>",
		"<td>4</td><td>4,500</td><td class=\"bad\">1</td>", `data-wide="0"`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("got the page below, want %q in it\n%s", want, dom)
		}
	}
}

// In either mode most of the page is the mode's background, and as much is drawn on it in dark as
// in light. VECSPACE_SCREENSHOT names a folder to keep the pictures in.
func TestLightAndDark(t *testing.T) {
	srv := watched(t)
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
			file = filepath.Join(keep, "status-"+name+".png")
		}
		browser.Open(t, srv.URL, size, mode.flag, "--screenshot="+file)
		f, err := os.Open(file)
		expect.NoError(t, err)
		defer f.Close()
		picture, err := png.Decode(f)
		expect.NoError(t, err)
		b := picture.Bounds()
		ground := 0
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if r, g, bl, _ := picture.At(x, y).RGBA(); [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8)} == [3]uint8{mode.back.R, mode.back.G, mode.back.B} {
					ground++
				}
			}
		}
		all := b.Dx() * b.Dy()
		drawn[name] = all - ground
		if ground < all/2 || drawn[name] < all/100 {
			t.Errorf("%s: %d of %d points are the background, want most but not all", name, ground, all)
		}
	}
	if l, d := drawn["light"], drawn["dark"]; max(l, d) > min(l, d)*5/4 {
		t.Errorf("got %s drawn points, want about as many in either mode", fmt.Sprint(drawn))
	}
}
