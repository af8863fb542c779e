package server

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// keyed writes a file of keys, one per line of limits, named k0, k1 and so on.
func keyed(t testing.TB, limits ...string) (file string, secrets []string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "keys")
	var lines strings.Builder
	lines.WriteString("# of a test\n\n")
	for i, l := range limits {
		secret, hash := NewKey()
		secrets = append(secrets, secret)
		lines.WriteString("k" + string(rune('0'+i)) + " " + hash + " " + l + "\n")
	}
	expect.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	return file, secrets
}

func openKeys(t testing.TB, file, state string) *Keys {
	t.Helper()
	k, err := OpenKeys(file, state)
	expect.NoError(t, err)
	return k
}

// Each wire takes a key where its clients send it, and says in its own shape that it is missing or
// wrong. Nothing repeats it.
func TestKeys(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	file, secrets := keyed(t, "")
	var got Access
	s := open(t, e, Options{Keys: openKeys(t, file, ""), Access: func(a Access) { got = a }})
	good, bad := secrets[0], "vs-wrong-0123456789"
	for _, tc := range []struct {
		path, header, value string
		status              int
		says                string
	}{
		{path: "/v1/embeddings", header: "Authorization", value: "Bearer " + good, status: 200},
		{path: "/v1/embeddings", header: "Authorization", value: "bearer " + good, status: 200},
		{path: "/v1/embeddings", header: "Api-Key", value: good, status: 200},
		{path: "/v1/embeddings", header: "X-Api-Key", value: good, status: 200},
		{path: "/v1/embeddings", header: "Authorization", value: "Basic " + good, status: 401, says: `"code":"invalid_api_key"`},
		{path: "/v1/embeddings", header: "X-None", value: "", status: 401, says: "has no API key"},
		{path: "/v1/embeddings", header: "Authorization", value: "Bearer " + bad, status: 401, says: "is not one of this server's"},
		{path: "/v1/embeddings", header: "Authorization", value: "Bearer " + good[:len(good)-1], status: 401, says: "is not one of this server's"},
		{path: "/cohere/v2/embed", header: "Authorization", value: "Bearer " + bad, status: 401, says: `"message":"the API key is not one`},
		{path: "/v1beta/models/m:embedContent", header: "X-Goog-Api-Key", value: bad, status: 400, says: "API_KEY_INVALID"},
		{path: "/embed", header: "Authorization", value: "Bearer " + bad, status: 401},
		{path: "/api/embed", header: "Authorization", value: "Bearer " + bad, status: 401, says: `{"error":"the API key is not one`},
	} {
		w := ask(s, http.MethodPost, tc.path, `{"model":"m","input":"a"}`, tc.header, tc.value)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) || strings.Contains(w.Body.String(), bad) || strings.Contains(w.Body.String(), good) {
			t.Errorf("%s with %s: got %d and %s, want %d and %q", tc.path, tc.header, w.Code, w.Body, tc.status, tc.says)
		}
		if want := map[bool]string{true: "k0", false: ""}[tc.status == 200]; got.Key != want {
			t.Errorf("%s with %s: got the key's name %q, want %q", tc.path, tc.header, got.Key, want)
		}
	}
	if w := ask(s, http.MethodPost, "/v1beta/models/m:embedContent", `{"content":{"parts":[{"text":"a"}]}}`, "X-Goog-Api-Key", good); w.Code != 200 {
		t.Errorf("Gemini's header: got %d and %s, want 200", w.Code, w.Body)
	}
	expect.Equal(t, "TEI's health without a key", ask(s, http.MethodGet, "/health", "").Code, 200)
	expect.Equal(t, "calls of the model", len(f.Calls()), 5)
}

// A key that may not use a model does not learn that there is one.
func TestKeyModels(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	file, secrets := keyed(t, "models=a,short", "models=c")
	s := open(t, e, Options{Keys: openKeys(t, file, ""), Default: "c", Models: map[string]Model{"a": {Embedder: e}, "b": {Embedder: e, Aliases: []string{"short"}}, "c": {Embedder: e}}})
	first := []string{"Authorization", "Bearer " + secrets[0]}
	for body, status := range map[string]int{
		`{"model":"a","input":"x"}`: 200, `{"model":"b","input":"x"}`: 200, `{"model":"short:query","input":"x"}`: 200,
		`{"model":"c","input":"x"}`: 404, `{"input":"x"}`: 404, `{"model":"d","input":"x"}`: 404,
	} {
		w := post(s, body, first...)
		if w.Code != status || status == 404 && !strings.Contains(w.Body.String(), "there are a, b\"") {
			t.Errorf("%s: got %d and %s, want %d", body, w.Code, w.Body, status)
		}
	}
	if list := ask(s, http.MethodGet, "/v1/models", "", "Authorization", "Bearer "+secrets[1]).Body.String(); strings.Count(list, `"id"`) != 1 || !strings.Contains(list, `"id":"c"`) {
		t.Errorf("got the list %s, want c only", list)
	}
	expect.Equal(t, "calls of the models", len(f.Calls()), 3)
}

// Requests and tokens of a minute are refused at once with the time to wait, and what was
// estimated too high is given back.
func TestKeyRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := fake(embedtest.FakeOptions{})
		file, secrets := keyed(t, "rpm=2", "tpm=60", "in_flight=1")
		s := open(t, e, Options{Keys: openKeys(t, file, "")})
		try := func(key int, input string) (int, string) {
			w := post(s, `{"input":"`+input+`"}`, "Authorization", "Bearer "+secrets[key])
			return w.Code, w.Header().Get("Retry-After")
		}
		for i, want := range []int{200, 200, 429} {
			if status, after := try(0, "a"); status != want || (after == "30") != (want == 429) {
				t.Errorf("request %d: got %d after %q, want %d", i, status, after, want)
			}
		}
		time.Sleep(30 * time.Second)
		if status, _ := try(0, "a"); status != 200 {
			t.Errorf("half a minute later: got %d, want 200", status)
		}
		if status, after := try(0, "a"); status != 429 || after != "30" {
			t.Errorf("and again: got %d after %q, want 429", status, after)
		}
		fifty := strings.Repeat("9", 50) // tokens by the estimate
		for i, want := range []int{200, 429} {
			if status, after := try(1, fifty); status != want || (after == "40") != (want == 429) {
				t.Errorf("tokens, request %d: got %d after %q, want %d", i, status, after, want)
			}
		}
		time.Sleep(time.Hour)
		if status, _ := try(1, strings.Repeat("9", 600)); status != 200 {
			t.Errorf("more tokens than a minute has: got %d, want 200 by a full allowance", status)
		}
		if status, _ := try(1, "9"); status != 429 {
			t.Errorf("after that: got %d, want 429", status)
		}
	})
}

// A hit of the cache, which costs nothing, takes nothing from the tokens.
func TestKeyTokensOfHits(t *testing.T) {
	file, secrets := keyed(t, "tpm=60")
	s := open(t, free{}, Options{Keys: openKeys(t, file, "")})
	for i := range 10 {
		if w := post(s, `{"input":"`+strings.Repeat("9", 50)+`"}`, "Authorization", "Bearer "+secrets[0]); w.Code != 200 {
			t.Errorf("request %d: got %d and %s, want 200", i, w.Code, w.Body)
		}
	}
}

// free is an embedder whose answers all come from a cache.
type free struct{}

func (free) Model() embedding.Model {
	return embedding.Model{Provider: "p", ID: "i", Dimensions: 1, Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}
}
func (free) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	return embedding.Response{Vectors: ones(len(req.Texts)), Usage: embedding.Usage{Reused: len(req.Texts)}}, nil
}

func ones(n int) [][]float32 {
	all := make([][]float32, n)
	for i := range all {
		all[i] = []float32{1}
	}
	return all
}

func TestKeyInFlight(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 1)
	e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		entered <- struct{}{}
		<-hold
		return embedtest.Reply{}
	}})
	file, secrets := keyed(t, "in_flight=1")
	s := open(t, e, Options{Keys: openKeys(t, file, "")})
	var wg sync.WaitGroup
	wg.Go(func() { post(s, `{"input":"a"}`, "Authorization", "Bearer "+secrets[0]) })
	<-entered
	if w := post(s, `{"input":"b"}`, "Authorization", "Bearer "+secrets[0]); w.Code != 429 || !strings.Contains(w.Body.String(), `\"k0\" has 1 requests under way`) {
		t.Errorf("got %d and %s, want 429", w.Code, w.Body)
	}
	close(hold)
	wg.Wait()
}

// A budget ends with its sum, goes on the next day, and is there after a restart.
func TestKeyBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}})
		file, secrets := keyed(t, "budget=25USD/day", "budget=1CNY/month")
		state := filepath.Join(t.TempDir(), "state")
		keys := openKeys(t, file, state)
		s := open(t, e, Options{Keys: keys})
		ten := `{"input":"` + strings.Repeat("9", 10) + `"}` // 10 USD
		buy := func(key int) int { return post(s, ten, "Authorization", "Bearer "+secrets[key]).Code }
		for i, want := range []int{200, 200, 402} {
			expect.Equal(t, fmt.Sprintf("request %d", i), buy(0), want)
		}
		w := post(s, ten, "Authorization", "Bearer "+secrets[0])
		if a := read(t, w); text(a.Error.Code) != "insufficient_quota" || !strings.Contains(a.Error.Message, "has spent 20.000000 of its 25 USD for 2000-01-01") {
			t.Errorf("got %s, want what was spent", w.Body)
		}
		expect.Equal(t, "a budget in another currency than the price", buy(1), 400)
		expect.NoError(t, keys.Save())
		keys = openKeys(t, file, state)
		s = open(t, e, Options{Keys: keys})
		expect.Equal(t, "after a restart", buy(0), 402)
		time.Sleep(24 * time.Hour)
		expect.Equal(t, "the next day", buy(0), 200)
	})
}

// A request that fails costs nothing.
func TestKeyBudgetOfFailures(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{
		Model:  embedding.Model{Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}},
		Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Err: embedding.Unavailable} },
	})
	file, secrets := keyed(t, "budget=25USD/day")
	s := open(t, e, Options{Keys: openKeys(t, file, "")})
	for i := range 5 {
		if got := post(s, `{"input":"9999999999"}`, "Authorization", "Bearer "+secrets[0]).Code; got != 503 {
			t.Errorf("request %d: got %d, want 503", i, got)
		}
	}
}

// The file is read again when it has changed; what is wrong changes nothing, and what a key has
// used stays with its name.
func TestKeysReload(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	file, secrets := keyed(t, "rpm=1", "")
	keys := openKeys(t, file, "")
	s := open(t, e, Options{Keys: keys})
	status := func(secret string) int { return post(s, `{"input":"a"}`, "Authorization", "Bearer "+secret).Code }
	expect.Equal(t, "first request", status(secrets[0]), 200)
	for i, tc := range []struct {
		text    string
		changed bool
		wrong   string
		want    [3]int
	}{
		{text: "", wrong: "there is no key", want: [3]int{429, 200, 401}},
		{text: "k0 sha256:00", wrong: "line 1: the second word is not a hash", want: [3]int{429, 200, 401}},
		{text: "OLD\nnew NEW", changed: true, want: [3]int{429, 401, 200}},
		{text: "OLD\nnew NEW", want: [3]int{429, 401, 200}},
	} {
		old, err := os.ReadFile(file)
		expect.NoError(t, err)
		if i == 2 {
			var hash string
			secret, h := NewKey()
			secrets, hash = append(secrets, secret), h
			tc.text = strings.NewReplacer("OLD", strings.Split(string(old), "\n")[2], "NEW", hash).Replace(tc.text)
		} else if i == 3 {
			tc.text = string(old)
		}
		expect.NoError(t, os.WriteFile(file, []byte(tc.text), 0o600))
		changed, err := keys.Reload()
		if changed != tc.changed || (err == nil) != (tc.wrong == "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("change %d: got %v and the error %v, want %v and %q", i, changed, err, tc.changed, tc.wrong)
		}
		all := append([]string{}, secrets...)
		if len(all) == 2 {
			all = append(all, "vs-none")
		}
		for k, secret := range all {
			expect.Equal(t, fmt.Sprintf("change %d, key %d", i, k), status(secret), tc.want[k])
		}
		if tc.wrong != "" {
			expect.NoError(t, os.WriteFile(file, old, 0o600))
		}
	}
}

func TestParseKeys(t *testing.T) {
	hash := "sha256:" + strings.Repeat("ab", 32)
	for line, says := range map[string]string{
		"k": "the hash is missing", "k sha256:zz": "not a hash", "k md5:" + strings.Repeat("ab", 32): "not a hash",
		"a=b " + hash:                      "does not begin with a name",
		"vs-secret " + hash:                "does not begin with a name",
		"k " + hash + " rpm=0":             "rpm has no value, or not a number above 0",
		"k " + hash + " tpm=x":             "tpm has no value",
		"k " + hash + " models=":           "models has no value",
		"k " + hash + " lanes=2":           "another name than models",
		"k " + hash + " budget=5":          "not a sum such as 5USD/day",
		"k " + hash + " budget=5USD":       "not a sum",
		"k " + hash + " budget=-5USD/day":  "not a sum",
		"k " + hash + " budget=NaNUSD/day": "not a sum",
		"k " + hash + "\nj " + hash:        "line 2: the name or the hash is that of an earlier line",
		"k " + hash + " lane=fast":         "there are bulk and interactive",
		"# only a comment":                 "there is no key",
	} {
		if err := CheckKeys([]byte(line)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "abab") {
			t.Errorf("%q: got the error %v, want %q", line, err, says)
		}
	}
	expect.NoError(t, CheckKeys([]byte("k "+hash+" models=a,b rpm=1 tpm=2 in_flight=3 budget=5USD/month lane=interactive operations")))
}

// FuzzKeys: no file of keys panics, and what is read has finite limits.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("k sha256:" + strings.Repeat("ab", 32) + " models=a rpm=1 tpm=2 in_flight=3 budget=5USD/day operations\n# c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parseKeys(data)
		for _, k := range all {
			if err != nil || k.name == "" || math.IsInf(k.max, 0) || math.IsNaN(k.max) || k.requests.rate < 0 || k.inFlight < 0 {
				t.Errorf("%q: got %+v and %v, want limits", data, k, err)
			}
		}
	})
}

// A state file that is not one is an error, and one that cannot be written is an error at once.
func TestState(t *testing.T) {
	file, _ := keyed(t, "budget=5USD/day")
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	expect.NoError(t, os.WriteFile(state, []byte("[1]"), 0o600))
	_, err := OpenKeys(file, state)
	expect.Says(t, "the error", err, "is not a state file")
	if _, err := OpenKeys(file, filepath.Join(dir, "none", "state")); err == nil {
		t.Error("got no error for a folder that does not exist, want one")
	}
}

// A key's requests are in its lane: those of a bulk key wait behind a person's.
func TestKeyLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		e, f := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			<-hold
			return embedtest.Reply{}
		}})
		e = embedding.Chain(e, middleware.Limit(middleware.LimitOptions{InFlight: 1}))
		file, secrets := keyed(t, "lane=bulk", "")
		s := open(t, e, Options{Keys: openKeys(t, file, "")})
		var wg sync.WaitGroup
		send := func(key int, text string) {
			wg.Go(func() { post(s, `{"input":"`+text+`"}`, "Authorization", "Bearer "+secrets[key]) })
			synctest.Wait()
		}
		send(1, "first")
		send(0, "bulk 1")
		send(0, "bulk 2")
		send(1, "person")
		close(hold)
		wg.Wait()
		var order []string
		for _, c := range f.Calls() {
			order = append(order, c.Request.Texts[0])
		}
		expect.Equal(t, "order", order, []string{"first", "person", "bulk 1", "bulk 2"})
	})
}
