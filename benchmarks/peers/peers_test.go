package main

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

// TestClients: every client, ours and the rivals', gets the vectors that the server sent, in both
// formats.
func TestClients(t *testing.T) {
	server := httptest.NewServer(newMock())
	t.Cleanup(server.Close)
	all, want := texts(100), vectors()
	for _, asBase64 := range []bool{false, true} {
		base := server.URL + "/plain/v1"
		mine, err := ours(base, asBase64, 100)
		expect.NoError(t, err)
		theirs, err := rivals(base, asBase64)
		expect.NoError(t, err)
		for _, c := range append(mine, theirs...) {
			for _, n := range []int{1, 10, 100} {
				got, err := c.embed(t.Context(), all[:n])
				if err == nil {
					err = check(got, 0, n, want)
				}
				if err != nil || !glance(got, 0, n, want) {
					t.Errorf("%s, base64 %v, %d texts: %v", c.name, asBase64, n, err)
				}
			}
			if c.close != nil {
				c.close()
			}
		}
	}
}

// TestJobs: whoever splits, every text gets its own vector; ours and the windows around the others.
func TestJobs(t *testing.T) {
	server := httptest.NewServer(newMock())
	t.Cleanup(server.Close)
	all, want := texts(205), vectors()
	base := server.URL + "/plain/v1"
	mine, err := ourJobs(base)
	expect.NoError(t, err)
	theirs, err := rivalJobs(base)
	expect.NoError(t, err)
	for _, j := range append(mine, theirs...) {
		got, err := j.embed(t.Context(), all)
		if err == nil {
			err = check(got, 0, len(all), want)
		}
		if err != nil {
			t.Errorf("%s, %s: got the error %v, want none", j.name, j.how, err)
		}
		if j.close != nil {
			j.close()
		}
	}
}

// TestCheck: a wrong, missing or foreign vector does not pass for the right one.
func TestCheck(t *testing.T) {
	want := vectors()
	for name, got := range map[string]answered{
		"swapped": {f32: [][]float32{want[1], want[0]}},
		"short":   {f32: want[:1]},
		"f64":     {f64: [][]float64{make([]float64, dimensions), make([]float64, dimensions)}},
		"cut":     {f32: [][]float32{want[0], want[1][:dimensions-1]}},
	} {
		if check(got, 0, 2, want) == nil {
			t.Errorf("%s: the check lets it pass", name)
		}
	}
	if err := check(answered{f32: want[3:5]}, 3, 2, want); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
}

func TestMedianAndIdeal(t *testing.T) {
	if got := median([]float64{9, 1, 5, 3}); got != 4 {
		t.Errorf("the median of 1, 3, 5, 9 is %v", got)
	}
	if got := (series{{Wall: 4}, {Wall: 30}, {Wall: 6}}).against(series{{Wall: 2}, {Wall: 10}, {Wall: 6}}, wall); got != 2 {
		t.Errorf("the median of the ratios 2, 3 and 1 is %v", got)
	}
	if plain, tenth := ideal(jobTexts, false), ideal(jobTexts, true); plain != 6250*time.Millisecond || tenth != 8750*time.Millisecond {
		t.Errorf("the ideals are %v and %v", plain, tenth)
	}
}

// TestModel2vecIsMissing: what the comparison lacks is said before anything is measured.
func TestModel2vecIsMissing(t *testing.T) {
	if err := hasModel2vec(t.Context(), "python3", ""); err == nil || !strings.Contains(err.Error(), "EMBEDDING_TESTDATA") {
		t.Errorf("got %v, want one that names EMBEDDING_TESTDATA", err)
	}
	if err := hasModel2vec(t.Context(), filepath.Join(t.TempDir(), "python3"), "data"); err == nil || !strings.Contains(err.Error(), "requirements-speed.txt") {
		t.Errorf("got %v, want one that names requirements-speed.txt", err)
	}
}
