package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/check"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static"
)

// facts are what the tests know of a service besides what its catalog says.
type facts struct {
	takesMore bool // texts, on purpose: the catalog keeps a request within a minute's quota
	unit      bool // its client normalizes
}

func (l *live) facts() facts {
	return facts{takesMore: l.name == "jina", unit: l.name == "gemini"}
}

// entry is the catalog's word on the model.
func (l *live) entry(t *testing.T) catalog.Entry {
	t.Helper()
	e, ok := l.listed()
	if !ok {
		t.Fatalf("got no entry for %s, want one", l.service.reference)
	}
	return e
}

// everywhere runs a test against the emulator of every service.
func everywhere(t *testing.T, o func(service) emulator.Options, test func(*testing.T, *live)) {
	t.Helper()
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) { test(t, s.serve(t, o(s))) })
	}
}

func plainOptions(service) emulator.Options { return emulator.Options{} }

// Every service does what the catalog says, except that Jina takes more texts than are sent to it.
func TestCheckOfVendors(t *testing.T) {
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		r := l.look(t, l.reference())
		if l.facts().takesMore {
			found(t, r, "texts of a request", check.Differs, "2048 taken, 2049 refused")
			l.settled(t, r, "", "max_texts=2048")
			return
		}
		found(t, r, "key", check.Agrees)
		found(t, r, "rate headers", check.NotStated, "none")
		if r.Right != "" { // what is not stated
			l.settled(t, r, "")
		}
	})
}

func TestCheckDimensionsOfVendors(t *testing.T) {
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		l.answer = func(_ http.Header, body []byte) []byte {
			return eachVector(body, func(v []float32, _ bool) []float32 { return v[:len(v)/2] })
		}
		f := finding(l.look(t, l.reference(), "dimensions"), "dimensions")
		if want := l.entry(t).Dimensions.Default; want == 0 {
			expect.Equal(t, "verdict", f.Verdict, check.NotStated)
		} else if f.Verdict != check.Differs || f.Found != number(want/2) {
			t.Errorf("got %+v, want that it differs and has %d", f, want/2)
		}
	})
}

// A server that serves another length than was said, or ignores the one that is asked for, and the
// reference that is right.
func TestCheckDimensionsAreMadeRight(t *testing.T) {
	l := serviceOf(t, "vllm", emulator.Options{})
	l.ask = func(body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"dimensions":16`), []byte(`"other":16`))
	}
	for _, wrong := range []string{"&native_dimensions=100", "&dimensions=16"} {
		r := l.look(t, l.reference()+wrong)
		found(t, r, "dimensions", check.Differs, "1024")
		l.settled(t, r, "", "native_dimensions=1024")
	}
}

// fewTexts are what a request of the tests of limits has: so many vectors are read fast.
const fewTexts = 20

// limited returns options that change the limits of the service's model.
func limited(change func(l *embedding.Limits)) func(service) emulator.Options {
	return func(s service) emulator.Options {
		e, _ := s.listed()
		limits := e.Limits
		if limits.Texts != 1 {
			limits.Texts = fewTexts
		}
		change(&limits)
		_, model, _ := strings.Cut(s.reference, ":")
		return emulator.Options{Settings: emulator.Settings{Limits: map[string]embedding.Limits{model: limits}}}
	}
}

// small is a reference that says what limited does.
func (l *live) small(t *testing.T) string {
	t.Helper()
	r, err := ref.Parse(l.reference())
	expect.NoError(t, err)
	if l.entry(t).Limits.Texts != 1 {
		if r.Values == nil {
			r.Values = map[string]string{}
		}
		r.Values["max_texts"] = number(fewTexts)
	}
	return r.String()
}

func TestCheckTextsOfVendors(t *testing.T) {
	for _, takes := range []int{5, fewTexts - 1, fewTexts + 7} {
		everywhere(t, limited(func(l *embedding.Limits) { l.Texts = takes }), func(t *testing.T, l *live) {
			if l.entry(t).Limits.Texts == 1 {
				return // the provider sends one
			}
			r := l.look(t, l.small(t), "texts of a request")
			found(t, r, "texts of a request", check.Differs, number(takes)+" taken, "+number(takes+1)+" refused")
			l.settled(t, r, "texts of a request", "max_texts="+number(takes))
		})
	}
}

// Where no limit is stated, the one that is found is no mistake of ours.
func TestCheckUnknownTexts(t *testing.T) {
	l := serviceOf(t, "mistral", emulator.Options{Settings: emulator.Settings{Limits: map[string]embedding.Limits{"mistral-embed": {Texts: 33}}}})
	r := l.look(t, l.reference())
	found(t, r, "texts of a request", check.NotStated, "33 taken, 34 refused")
	l.settled(t, r, "texts of a request", "max_texts=33")
}

func TestCheckShorterTextsOfVendors(t *testing.T) {
	everywhere(t, limited(func(l *embedding.Limits) {
		if l.TextTokens = l.TextTokens / 2; l.TextTokens == 0 {
			l.TextTokens = 700
		}
	}), func(t *testing.T, l *live) {
		r := l.look(t, l.small(t))
		want := check.Differs
		if l.entry(t).Limits.TextTokens == 0 {
			want = check.NotStated
		}
		found(t, r, "longest text", want, " taken, ")
		l.settled(t, r, "longest text", "max_text_tokens=")
	})
}

func TestCheckLongerTextsOfVendors(t *testing.T) {
	everywhere(t, limited(func(l *embedding.Limits) { l.TextTokens *= 3 }), func(t *testing.T, l *live) {
		stated := l.entry(t).Limits
		if stated.TextTokens == 0 || stated.TextTokens > 32_768 {
			return // the check does not look that far
		}
		r := l.look(t, l.small(t))
		found(t, r, "longest text", check.Differs, " taken, ")
		l.settled(t, r, "longest text", "max_text_tokens=")
	})
}

// behindPrefixes are options of references by which texts are sent behind prefixes, short and long.
var behindPrefixes = map[string]string{
	"e5": "&prefix=e5", "nomic": "&prefix=nomic", "e5-instruct": "&prefix=e5-instruct",
	"of documents": "&document_prefix=" + strings.Repeat("word%20", 300), "of queries": "&query_prefix=" + strings.Repeat("word%20", 300),
}

// The service's limit is of texts as they are sent, so a prefix of any length changes no finding,
// whether the service counts tokens or not.
func TestCheckPrefixes(t *testing.T) {
	for name, options := range behindPrefixes {
		for _, service := range []string{"siliconflow", "ollama"} {
			t.Run(name+" "+service, func(t *testing.T) {
				l := serviceOf(t, service, emulator.Options{})
				found(t, l.look(t, l.try(l.base)+options), "longest text", check.Agrees)
				l.answer = eachCount(func(int) int { return -1 })
				expect.Equal(t, "verdict without counts", finding(l.look(t, l.try(l.base)+options), "longest text").Verdict, check.Agrees)
			})
		}
	}
}

// A limit that is lower than stated is found as the option has it, which is of texts as they are
// sent.
func TestCheckPrefixesOfShorterTexts(t *testing.T) {
	for name, options := range behindPrefixes {
		t.Run(name, func(t *testing.T) {
			l := serviceOf(t, "siliconflow", emulator.Options{
				Settings: emulator.Settings{Limits: map[string]embedding.Limits{"BAAI/bge-m3": {Texts: fewTexts, TextTokens: 3000}}},
			})
			r := l.look(t, l.try(l.base)+options+"&max_texts="+number(fewTexts))
			found(t, r, "longest text", check.Differs, "tokens taken")
			l.settled(t, r, "longest text", "max_text_tokens=")
		})
	}
}

// made is a model for emulators that answers in a way of its own.
type made struct {
	embedding.Embedder
	change func(req embedding.Request, res embedding.Response) embedding.Response
	texts  func(text string) string
}

func (b made) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if b.texts != nil {
		texts := make([]string, len(req.Texts))
		for i, text := range req.Texts {
			texts[i] = b.texts(text)
		}
		req.Texts = texts
	}
	res, err := b.Embedder.Embed(ctx, req)
	if err == nil && b.change != nil {
		res = b.change(req, res)
	}
	return res, err
}

// over returns options by which the emulator's vectors come from b, and none is kept.
func over(t *testing.T, b made) emulator.Options {
	t.Helper()
	var err error
	b.Embedder, err = static.New(static.Options{})
	expect.NoError(t, err)
	return emulator.Options{Embedder: b, CacheBytes: -1}
}

// A service that drops the end of a long text says nothing. The vectors do.
func TestCheckCutTextsOfVendors(t *testing.T) {
	const huge = 10_000_000
	everywhere(t, func(s service) emulator.Options {
		e, _ := s.listed()
		words := 600
		if e.Limits.TextTokens > 0 {
			words = e.Limits.TextTokens // as the emulator counts, each has more than a token
		}
		o := limited(func(l *embedding.Limits) { l.TextTokens, l.Tokens, l.Bytes = huge, huge, huge })(s)
		o.Tokens = func(text string) int { return min(words, len(strings.Fields(text))) + 2 }
		cut := over(t, made{texts: func(text string) string {
			all := strings.Fields(text)
			return strings.Join(all[:min(words, len(all))], " ")
		}})
		o.Embedder, o.CacheBytes = cut.Embedder, cut.CacheBytes
		return o
	}, func(t *testing.T, l *live) {
		e := l.entry(t)
		f := finding(l.look(t, l.small(t), "longest text"), "longest text")
		want := check.Differs
		switch {
		case e.Limits.TextTokens == 0:
			want = check.NotStated
		case e.Cuts:
			want = check.Agrees
		}
		if f.Verdict != want || !strings.Contains(f.Found, "cut silently") {
			t.Errorf("got %+v, want that texts are cut", f)
		}
	})
}

func TestCheckLengthsOfVendors(t *testing.T) {
	for _, by := range []float32{0.9, 3} { // the guard takes the one and refuses the other
		everywhere(t, plainOptions, func(t *testing.T, l *live) {
			l.answer = func(_ http.Header, body []byte) []byte {
				return eachVector(body, func(v []float32, _ bool) []float32 {
					for i := range v {
						v[i] *= by
					}
					return v
				})
			}
			f := finding(l.look(t, l.reference(), "unit length"), "unit length")
			want := check.NotStated
			if l.facts().unit {
				want = check.Agrees
			} else if l.entry(t).Normalized {
				want = check.Differs
			}
			if f.Verdict != want || !l.facts().unit && !strings.Contains(f.Found, "length") {
				t.Errorf("got %+v, want that it %s", f, want)
			}
		})
	}
}

func TestCheckRepeatabilityOfVendors(t *testing.T) {
	everywhere(t, func(service) emulator.Options {
		random := rand.New(rand.NewPCG(1, 2))
		return over(t, made{change: func(_ embedding.Request, res embedding.Response) embedding.Response {
			for i, v := range res.Vectors {
				v = slices.Clone(v)
				for k := range v {
					v[k] += 0.02 * float32(random.NormFloat64())
				}
				res.Vectors[i] = v
			}
			return res
		}})
	}, func(t *testing.T, l *live) {
		r := l.look(t, l.reference(), "roles")
		f := finding(r, "repeatability")
		if f.Verdict != check.Differs || !strings.Contains(f.Found, "not bit for bit: cosine 0.") {
			t.Errorf("got %+v, want that it differs", f)
		}
		// What one text's vectors differ by anyhow is no effect of a role.
		if f := finding(r, "roles"); f.Verdict == check.Differs && finding(r, "roles").Says == "make no difference" {
			t.Errorf("got %+v, want that the noise is not taken for an effect", f)
		}
	})
}

func TestCheckOrderOfVendors(t *testing.T) {
	everywhere(t, func(service) emulator.Options {
		return over(t, made{change: func(_ embedding.Request, res embedding.Response) embedding.Response {
			if n := len(res.Vectors); n > 1 {
				res.Vectors = append(slices.Clone(res.Vectors[1:]), res.Vectors[0])
			}
			return res
		}})
	}, func(t *testing.T, l *live) {
		f := finding(l.look(t, l.reference(), "order"), "order")
		want := check.Differs
		if l.entry(t).Limits.Texts == 1 {
			want = check.NotApplicable
		}
		if f.Verdict != want || want == check.Differs && !strings.Contains(f.Found, "row 0 has the vector of text 1") {
			t.Errorf("got %+v, want that it %s", f, want)
		}
	})
}

// Some services read texts one by one and some put rows in the wrong order: a text's neighbors
// change its vector.
func TestCheckNeighbors(t *testing.T) {
	l := serviceOf(t, "voyage", over(t, made{change: func(_ embedding.Request, res embedding.Response) embedding.Response {
		for i, v := range res.Vectors {
			if len(res.Vectors) > 1 {
				v = slices.Clone(v)
				v[0] += 0.1
				res.Vectors[i] = v
			}
		}
		return res
	}}))
	found(t, l.look(t, l.reference()), "order", check.Differs, "alone and together cosine 0.99", "beside other texts")
}

func TestCheckBase64OfVendors(t *testing.T) {
	taken := 0
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		packs := false
		l.answer = func(_ http.Header, body []byte) []byte {
			return eachVector(body, func(v []float32, packed bool) []float32 {
				packs = packs || packed
				if packed {
					slices.Reverse(v)
				}
				return v
			})
		}
		until := "base64"
		if l.name == "openai" { // where the rest is looked at too
			until = ""
		}
		r := l.look(t, l.reference(), until)
		f := finding(r, "base64")
		switch {
		case packs:
			taken++
			if f.Verdict != check.Differs || !strings.Contains(f.Found, "other vectors than as numbers") {
				t.Errorf("got %+v, want that it differs", f)
			}
			if l.name == "openai" { // which is asked for it by default
				found(t, r, "base64", check.Differs)
				holds(t, r.Right, "encoding_format=float")
			}
		case f.Verdict != check.NotApplicable && (f.Verdict != check.NotStated || f.Found != "ignored: numbers come"):
			t.Errorf("got %+v, want that it is not applicable, or ignored", f)
		}
	})
	if taken < 4 {
		t.Errorf("got base64 from %d services, want 4 or more", taken)
	}
}

func TestCheckUsageOfVendors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n int) int
		words  string
	}{
		"missing":  {func(int) int { return -1 }, "no number of tokens"},
		"constant": {func(int) int { return 100 }, "a longer text has no more tokens"},
		"too many": {func(n int) int { return 20 * n }, " more tokens for "},
		"too few":  {func(n int) int { return 1 + n/10 }, "fewer tokens than half the words"},
		"a sum that is none": {func(n int) int {
			if n < 40 { // two sentences have fewer
				return 3*n + 30
			}
			return n
		}, "together"},
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, plainOptions, func(t *testing.T, l *live) {
				e := l.entry(t)
				if e.Unmetered || e.Limits.Texts == 1 && name == "a sum that is none" {
					return // there is nothing to change
				}
				l.answer = eachCount(c.change)
				r := l.look(t, l.reference(), "usage")
				if f := finding(r, "usage"); f.Verdict != check.Differs || !strings.Contains(f.Reason, c.words) {
					t.Errorf("got %+v, want that it differs: %s", f, c.words)
				}
			})
		})
	}
}

// A service that ignores roles is found where the provider sends them, in a field or as a prefix.
func TestCheckRolesOfVendors(t *testing.T) {
	same := strings.NewReplacer("search_query", "search_document", `"retrieval.query"`, `"retrieval.passage"`, "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT",
		`"text_type":"query"`, `"text_type":"document"`, `"input_type":"query"`, `"input_type":"document"`, "query: ", "passage: ",
		"Represent this sentence for searching relevant passages: ", "")
	differ := 0
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		l.ask = func(body []byte) []byte { return []byte(same.Replace(string(body))) }
		r := l.look(t, l.reference(), "roles")
		f := finding(r, "roles")
		if l.entry(t).Tasks {
			differ++
			if f.Verdict != check.Differs || f.Found != "make no difference" {
				t.Errorf("got %+v, want that it differs", f)
			}
			if f.Options != nil {
				holds(t, r.Right, "plain=true")
			}
		} else if f.Verdict != check.Agrees {
			t.Errorf("got %+v, want that it agrees", f)
		}
	})
	if differ < 6 {
		t.Errorf("got %d services with roles, want 6 or more", differ)
	}
}

func TestCheckRateHeadersOfVendors(t *testing.T) {
	everywhere(t, limited(func(*embedding.Limits) {}), func(t *testing.T, l *live) {
		l.answer = func(h http.Header, body []byte) []byte {
			h.Set("X-RateLimit-Limit-Requests", "3000")
			h.Set("X-Ratelimit-Reset-Tokens", "6m0s")
			h.Set("X-Ratelimit-Owner", "org-"+strings.Repeat("of the account ", 9))
			h.Set("Set-Cookie", "ratelimit=secret")
			return body
		}
		f := finding(l.look(t, l.small(t), "rate headers"), "rate headers")
		expect.Equal(t, "headers", f.Headers, map[string]string{"x-ratelimit-limit-requests": "3000", "x-ratelimit-reset-tokens": "6m0s"})
		holds(t, f.Found, "x-ratelimit-limit-requests: 3000; ")
	})
}

// Without a key that is good nothing else can be asked.
func TestCheckWrongKeyOfVendors(t *testing.T) {
	everywhere(t, func(service) emulator.Options { return emulator.Options{Keys: []string{"another-key"}} }, func(t *testing.T, l *live) {
		r := l.look(t, l.reference())
		if f := finding(r, "key"); f.Verdict != check.Differs || f.Found != "refused" || f.Reason == "" {
			t.Errorf("got %+v, want that the key is refused", f)
		}
		if n := r.Count(check.NotAsked); n < 10 || r.Count(check.Agrees) > 0 || r.Requests != 1 {
			t.Errorf("got %d findings that were not asked and %d requests, want 10 or more after one request", n, r.Requests)
		}
	})
}

// A key works in one region. The check asks the others, at their own addresses only.
func TestCheckWrongRegion(t *testing.T) {
	t.Setenv("DASHSCOPE_API_KEY", "sk-of-cn")
	s := services()[slices.IndexFunc(services(), func(s service) bool { return s.name == "dashscope" })]
	hosts := map[string]string{}
	for host, region := range map[string]string{"dashscope.aliyuncs.com": "cn", "dashscope-intl.aliyuncs.com": "intl", "dashscope-us.aliyuncs.com": "us"} {
		server, err := dashscopetest.New(dashscopetest.Options{KeyRegions: map[string]string{"sk-of-cn": "cn"}, Region: region})
		if err != nil { // there is no emulator of it
			continue
		}
		front := httptest.NewServer(server)
		t.Cleanup(front.Close)
		hosts[host] = front.URL
	}
	look := func(reference string) check.Report {
		c, err := check.New(reference, check.Options{Providers: detour(hosts), Budget: 1})
		expect.NoError(t, err)
		return c.Run(t.Context())
	}
	r := look(s.reference + "?region=intl")
	f := finding(r, "region")
	if f.Verdict != check.Differs || f.Found != "the key belongs to cn" || r.Count(check.Differs) != 1 || r.Count(check.NotAsked) != 0 {
		t.Errorf("got %+v and the counts %d and %d, want that only the region differs", f, r.Count(check.Differs), r.Count(check.NotAsked))
	}
	expect.Equal(t, "right", r.Right, s.reference+"?region=cn")
	if r := look(r.Right); r.Count(check.Differs) != 0 || finding(r, "region").Verdict != check.Agrees {
		t.Errorf("got %+v, want that all agrees", r.Findings)
	}
}

func TestCheckUnknownModelOfVendors(t *testing.T) {
	refused := 0
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		_, model, _ := strings.Cut(l.service.reference, ":")
		reference := strings.Replace(l.try(l.base), ":"+model, ":"+model+"-of-nobody", 1)
		for _, more := range []string{"&unlisted=true", "&dimensions=64"} {
			if _, err := l.table().Open(reference); err != nil {
				reference += more
			}
		}
		r := l.look(t, reference)
		f := finding(r, "model")
		switch l.name {
		case "lmstudio", "llamacpp", "tei": // they have one model, and do not look at the name
			expect.Equal(t, "verdict", f.Verdict, check.Agrees)
			return
		case "localai": // it answers as if it were down
			expect.Equal(t, "verdict", f.Verdict, check.NotAsked)
			return
		}
		refused++
		if f.Verdict != check.Differs || f.Reason == "" || finding(r, "dimensions").Verdict != check.NotAsked {
			t.Errorf("got %+v, want that the model is refused", f)
		}
	})
	if refused < 12 {
		t.Errorf("got %d services that refuse the model, want 12 or more", refused)
	}
}

// What goes wrong for a while costs the findings that it strikes, and no other.
func TestCheckGoesOnOfVendors(t *testing.T) {
	for _, fault := range []string{emulator.RequestRate, "empty-503", "reset", "cut-off"} {
		everywhere(t, func(service) emulator.Options {
			return emulator.Options{Faults: []emulator.Fault{{Name: fault, At: 8, Next: 3}}}
		}, func(t *testing.T, l *live) {
			r := l.look(t, l.reference(), "usage")
			for i := slices.IndexFunc(r.Findings, func(f check.Finding) bool { return f.Check == "usage" }); len(r.Findings) > i+1; {
				r.Findings = r.Findings[:i+1] // the rest takes long
			}
			unasked, agree := r.Count(check.NotAsked), r.Count(check.Agrees)
			if unasked == 0 || unasked > 3 || agree < 3 {
				t.Errorf("%s: got %d findings that could not be asked and %d that agree, want 1 to 3 and 3 or more: %+v", fault, unasked, agree, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Verdict == check.NotAsked && f.Reason == "" {
					t.Errorf("%s: got %+v, want a reason", fault, f)
				}
			}
		})
	}
}

// An interruption leaves what is known, and asks for nothing more.
func TestCheckInterruptedOfVendors(t *testing.T) {
	everywhere(t, plainOptions, func(t *testing.T, l *live) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var asked atomic.Int32
		l.ask = func(body []byte) []byte {
			if asked.Add(1) == 9 {
				cancel()
			}
			return body
		}
		c, err := check.New(l.reference(), check.Options{Providers: l.table()})
		expect.NoError(t, err)
		r := c.Run(ctx)
		last := r.Findings[len(r.Findings)-1]
		if !r.Interrupted || last.Verdict != check.NotAsked || last.Reason != "interrupted" || r.Count(check.Agrees) < 2 || r.Requests > 10 {
			t.Errorf("got %d requests and %+v, want what is known after 9", r.Requests, r.Findings)
		}
	})
}

// checkAt runs the command against a service.
func (l *live) checkAt(t *testing.T, reference string, args ...string) (code int, out, errs string) {
	t.Helper()
	return vecspace(t, "", append([]string{"check", reference}, args...)...)
}

func serviceOf(t *testing.T, name string, o emulator.Options) *live {
	t.Helper()
	all := services()
	return all[slices.IndexFunc(all, func(s service) bool { return s.name == name })].serve(t, o)
}

// What costs money is said first, and nothing is asked without a yes.
func TestCheckSaysThePrice(t *testing.T) {
	l := serviceOf(t, "voyage", emulator.Options{})
	code, out, errs := l.checkAt(t, l.reference())
	ended(t, code, 2, errs, "about 66000 tokens, 0.0040 USD; it stops at 0.01 USD (-budget)", "that costs money: add -yes")
	expect.Equal(t, "output", out, "")
	expect.Equal(t, "requests", l.emulator.Ledger().Requests, 0)

	code, out, errs = l.checkAt(t, l.reference(), "-yes")
	ended(t, code, 0, out+errs, "agrees", "longest text", "31", "0 differ", " USD\n")
	for line := range strings.Lines(out) {
		if n := len([]rune(line)) - 1; n > 100 && !strings.Contains(line, "voyage:") {
			t.Errorf("got a line of %d columns, want 100 at most: %s", n, line)
		}
	}
	code, out, errs = l.checkAt(t, l.reference(), "-yes", "-budget", "0.0005USD")
	ended(t, code, 1, out+errs, "not asked       longest text", "raise -budget", "1 could not be asked")
	if billed := float64(l.emulator.Ledger().Tokens); billed*0.06/1e6 > 0.0045 {
		t.Errorf("got %.0f tokens billed in two runs, want the second within its budget", billed)
	}
	for budget, want := range map[string]string{"1EUR": "-budget is in EUR", "0": "write a sum", "many": "write a sum"} {
		code, _, errs = l.checkAt(t, l.reference(), "-yes", "-budget", budget)
		ended(t, code, 2, errs, want)
	}
	t.Setenv("OPENAI_API_KEY", "sk-of-the-proxy")
	t.Setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
	code, _, errs = vecspace(t, "", "check", "openai:any-model") // whoever runs that server may want money
	ended(t, code, 2, errs, "proxy.example", "whose price is not known", "add -yes")
	l = serviceOf(t, "ollama", emulator.Options{})
	code, out, errs = l.checkAt(t, l.reference())
	ended(t, code, 0, out+errs, "which costs nothing", "none is needed")
	code, _, errs = l.checkAt(t, l.reference(), "-budget", "1USD")
	ended(t, code, 2, errs, "no budget can be kept")
	l = serviceOf(t, "together", emulator.Options{})
	code, _, errs = l.checkAt(t, l.reference())
	ended(t, code, 2, errs, "whose price is not known", "add -yes")
}

// The JSON can go into a public report.
func TestCheckJSON(t *testing.T) {
	l := serviceOf(t, "mistral", emulator.Options{})
	l.answer = func(h http.Header, body []byte) []byte {
		h.Set("Authorization", emulator.DefaultKey)
		h.Set("X-Ratelimit-Limit", "60")
		return eachVector(body, func(v []float32, _ bool) []float32 { return v[:512] })
	}
	code, out, errs := l.checkAt(t, l.reference(), "-json", "-yes")
	ended(t, code, 1, errs, "1 differ and ", " could not be asked")
	var r check.Report
	expect.NoError(t, json.Unmarshal([]byte(out), &r))
	if f := finding(r, "dimensions"); f.Verdict != check.Differs || f.Found != "512" || r.Program == "" || len(r.Asked) != len("2026-11-29") || r.Model != "mistral-embed" {
		t.Errorf("got %+v, want the dimensions 512, a program and a day", r)
	}
	if strings.Contains(out, emulator.DefaultKey) {
		t.Errorf("got the key in the report:\n%s", out)
	}
}

// A stop by Ctrl-C prints what is known.
func TestCheckPrintsWhatIsKnown(t *testing.T) {
	l := serviceOf(t, "ollama", emulator.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	l.ask = func(body []byte) []byte {
		if asked++; asked == 6 {
			cancel()
		}
		return body
	}
	var out, errs bytes.Buffer
	code := Parts{}.run(ctx, []string{"check", l.reference()}, streams{strings.NewReader(""), &out, &errs})
	ended(t, code, 1, out.String()+errs.String(), "agrees          model", "not asked       usage\n                interrupted\n", "vecspace check: interrupted: what is known is printed")
}

func TestAgreed(t *testing.T) {
	for said, want := range map[string]bool{"y\n": true, " Yes \n": true, "y": true, "\n": false, "no\n": false, "": false, "yesterday\n": false} {
		expect.Equal(t, fmt.Sprintf("%q agrees", said), agreed(t.Context(), strings.NewReader(said)) == nil, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting, done := io.Pipe()
	defer done.Close()
	expect.Says(t, "the error", agreed(ctx, waiting), "interrupted")
}
