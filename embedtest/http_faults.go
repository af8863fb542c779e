package embedtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// httpFault is something that servers and networks do, and how the call has to end.
type httpFault struct {
	name   string
	answer httpAnswer
	want   httpWant

	indexed  bool // needs a format in which items have an index
	texts    int  // how many texts the request needs
	canceled bool // the caller's context is canceled while the server hangs
	deadline bool // the caller's context has a deadline
	timeout  bool // the client has a timeout
}

func httpFaults() []httpFault {
	return slices.Concat(itemFaults(), bodyFaults(), statusFaults(), waitFaults())
}

func wants(kinds ...embedding.Kind) httpWant { return httpWant{kinds: kinds} }

func refused(kind embedding.Kind, status int) httpWant {
	return httpWant{kinds: []embedding.Kind{kind}, status: status}
}

// itemFaults are answers of the right form with wrong items.
func itemFaults() []httpFault {
	malformed := wants(embedding.Malformed)
	// first replaces the first number of the second vector, so that the row keeps its length.
	first := func(number string) httpAnswer {
		return answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			i := min(1, len(items)-1)
			_, rest, found := strings.Cut(items[i].Vector, ",")
			if items[i].Vector = "[" + number + "]"; found {
				items[i].Vector = "[" + number + "," + rest
			}
			return items
		})
	}
	at := func(i, index int) httpAnswer {
		return answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			items[i].Index = index
			return items
		})
	}
	last := func(vector string) httpAnswer {
		return answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			items[len(items)-1].Vector = vector
			return items
		})
	}
	more := func(index func(n int) int) httpAnswer {
		return answerItems(func(x *httpExchange, items []WireItem) []WireItem {
			return append(items, WireItem{Index: index(len(items)), Vector: httpNumbers(httpVector(99, len(x.vectors[0])))})
		})
	}
	return []httpFault{
		{name: "right answer", answer: answerItems(func(_ *httpExchange, items []WireItem) []WireItem { return items })},
		{name: "items out of order", indexed: true, texts: 2, answer: answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			slices.Reverse(items)
			return items
		})},
		{name: "no items", want: malformed, answer: answerItems(func(*httpExchange, []WireItem) []WireItem { return nil })},
		{name: "last item missing", want: malformed, texts: 2, answer: answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			return items[:len(items)-1]
		})},
		{name: "middle item missing", want: malformed, texts: 3, answer: answerItems(func(_ *httpExchange, items []WireItem) []WireItem {
			return slices.Delete(items, 1, 2)
		})},
		{name: "an index twice and one missing", want: malformed, indexed: true, texts: 2, answer: at(1, 0)},
		{name: "an item too many, its index taken", want: malformed, answer: more(func(int) int { return 0 })},
		{name: "an item too many, its index beyond", want: malformed, answer: more(func(n int) int { return n })},
		{name: "index below zero", want: malformed, indexed: true, answer: at(0, -1)},
		{name: "index of an astronomer", want: malformed, indexed: true, answer: at(0, 1<<30)},
		{name: "null item", want: malformed, answer: last("")},
		{name: "null vector", want: malformed, answer: last("null")},
		{name: "empty vector", want: malformed, answer: last("[]")},
		{name: "one vector shorter", want: malformed, texts: 2, answer: answerItems(func(x *httpExchange, items []WireItem) []WireItem {
			v := x.vectors[1]
			items[1].Vector = httpNumbers(v[:len(v)-1])
			return items
		})},
		{name: "one vector longer", want: malformed, texts: 2, answer: answerItems(func(x *httpExchange, items []WireItem) []WireItem {
			items[1].Vector = httpNumbers(append(slices.Clone(x.vectors[1]), 0.5))
			return items
		})},
		{name: "NaN as a bare word", want: malformed, answer: first("NaN")},
		{name: "NaN as a string", want: malformed, answer: first(`"NaN"`)},
		{name: "null as a number", want: malformed, answer: first("null")},
		{name: "number beyond float32", want: malformed, answer: first("1e39")},
	}
}

// bodyFaults are answers with status 200 and a body that is wrong or comes in a strange way.
func bodyFaults() []httpFault {
	malformed := wants(embedding.Malformed)
	// A refusal with status 200: the provider has to read its code.
	anyKind := wants(embedding.Invalid, embedding.Rejected, embedding.TooLarge, embedding.Auth, embedding.RateLimited,
		embedding.Exhausted, embedding.Unavailable, embedding.Malformed)
	edited := func(edit func(body []byte) []byte) httpAnswer {
		return saying(200, func(x *httpExchange) []byte { return edit(x.right()) })
	}
	return []httpFault{
		{name: "status 200 with an error in OpenAI's form", want: anyKind, answer: refuse(200, openAIError, "model_not_loaded")},
		{name: "status 200 with a flat error", want: anyKind, answer: refuse(200, flatError, "ModelNotLoaded")},
		{name: "status 200 without a body", want: malformed, answer: edited(func([]byte) []byte { return nil })},
		{name: "status 200 with null", want: malformed, answer: edited(func([]byte) []byte { return []byte("null") })},
		{name: "status 200 with HTML", want: malformed, answer: refuse(200, htmlError, "OK")},
		{name: "JSON cut inside the vectors", want: malformed, answer: edited(func(body []byte) []byte { return body[:len(body)/2] })},
		{name: "JSON cut at its end", want: malformed, answer: edited(func(body []byte) []byte { return body[:len(body)-1] })},
		{name: "garbage after the JSON", want: malformed, answer: edited(func(body []byte) []byte { return append(body, "\nnot JSON"...) })},
		{name: "a second JSON after the first", want: malformed, answer: edited(func(body []byte) []byte { return append(body, body...) })},
		{name: "white space around the JSON", answer: edited(func(body []byte) []byte {
			return slices.Concat([]byte("\r\n "), body, []byte("\n\n"))
		})},
		{name: "pieces of one byte", answer: func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for part := range slices.Chunk(x.right(), 1) {
				if !x.write(w, part) {
					return
				}
			}
		}},
		// A provider that decodes it is right too; one that gives it to its JSON decoder has to report
		// Malformed.
		{name: "gzip not asked for", want: httpWant{kinds: []embedding.Kind{embedding.Malformed}, orVectors: true},
			answer: func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				_, _ = z.Write(x.right())
				_ = z.Close()
				w.Header().Set("Content-Encoding", "gzip")
				x.reply(w, 200, b.Bytes())
			}},
		{name: "endless body", want: malformed, answer: endless(200)},
		{name: "endless error page", want: refused(embedding.Unavailable, 500), answer: endless(500)},
		{name: "connection reset before the answer", want: wants(embedding.Unavailable), answer: reset(func(*httpExchange) string {
			return ""
		})},
		{name: "connection reset inside the answer", want: wants(embedding.Unavailable), answer: reset(func(x *httpExchange) string {
			body := string(x.right())
			return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) +
				"\r\n\r\n" + body[:len(body)/2]
		})},
		{name: "chunked answer that breaks off", want: wants(embedding.Unavailable),
			answer: func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
				body := x.right()
				x.write(w, body[:len(body)/2])
				panic(http.ErrAbortHandler)
			}},
	}
}

// statusFaults are refusals and redirects.
func statusFaults() []httpFault {
	limited := func(after time.Duration) httpWant {
		return httpWant{kinds: []embedding.Kind{embedding.RateLimited}, status: 429, retryAfter: after}
	}
	busy := func(header func(h http.Header)) httpAnswer {
		return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
			header(w.Header())
			x.reply(w, 429, openAIError("rate_limit_exceeded", "slow down"))
		}
	}
	dated := limited(90 * time.Second)
	dated.slack = 80 * time.Second // a date has whole seconds, and the machine may be slow
	away := refused(embedding.Malformed, 307)
	away.names = otherHost
	redirect := func(status int, target func(x *httpExchange) string) httpAnswer {
		return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", target(x))
			w.WriteHeader(status)
		}
	}
	return []httpFault{
		{name: "502 with HTML", want: refused(embedding.Unavailable, 502), answer: refuse(502, htmlError, "Bad Gateway")},
		{name: "503 without a body", want: refused(embedding.Unavailable, 503), answer: bare(503)},
		{name: "429 without Retry-After", want: limited(0), answer: busy(func(http.Header) {})},
		{name: "429 with Retry-After in seconds", want: limited(7 * time.Second), answer: busy(func(h http.Header) {
			h.Set("Retry-After", "7")
		})},
		{name: "429 with Retry-After as a date", want: dated, answer: busy(func(h http.Header) {
			h.Set("Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
		})},
		{name: "429 with retry-after-ms", want: limited(1500 * time.Millisecond), answer: busy(func(h http.Header) {
			h.Set("Retry-After-Ms", "1500")
			h.Set("Retry-After", "2")
		})},
		{name: "401 that repeats the key", want: refused(embedding.Auth, 401), answer: saying(401, func(*httpExchange) []byte {
			return openAIError("invalid_api_key", "Incorrect API key provided: "+TestKey+".")
		})},
		{name: "401 that repeats the key as plain text", want: refused(embedding.Auth, 401),
			answer: saying(401, func(*httpExchange) []byte { return []byte("Bearer " + TestKey + " is unknown") })},
		{name: "400 that repeats a text", want: refused(embedding.Invalid, 400), answer: saying(400, func(x *httpExchange) []byte {
			return openAIError("invalid_value", "cannot take the input: "+x.texts[0]+" ("+x.texts[len(x.texts)-1]+")")
		})},
		{name: "400 that repeats a text cut short", want: refused(embedding.Invalid, 400),
			answer: refuse(400, flatError, "InvalidParameter")},
		{name: "redirect to another host", want: away, answer: redirect(307, func(x *httpExchange) string {
			return "http://" + otherHost + movedPath + "?" + TestKey
		})},
		{name: "redirect on the same host", want: refused(embedding.Malformed, 308), answer: redirect(308, func(x *httpExchange) string {
			return "http://" + x.host + movedPath
		})},
		{name: "redirect that turns POST into GET", want: refused(embedding.Malformed, 302),
			answer: redirect(302, func(*httpExchange) string { return movedPath })},
		{name: "redirect to nowhere", want: refused(embedding.Malformed, 307), answer: bare(307)},
	}
}

// waitFaults are servers that hang before their answer or in the middle of it.
func waitFaults() []httpFault {
	var all []httpFault
	for where, hang := range map[string]httpAnswer{
		"a hang before the answer": func(x *httpExchange, _ http.ResponseWriter, r *http.Request) { x.hang(r) },
		"a hang inside the answer": func(x *httpExchange, w http.ResponseWriter, r *http.Request) {
			body := x.right()
			x.write(w, body[:len(body)/2])
			x.hang(r)
		},
	} {
		all = append(all,
			httpFault{name: where + " that the caller cancels", answer: hang, canceled: true,
				want: httpWant{ctxErr: context.Canceled, after: httpPatience}},
			httpFault{name: where + " past the caller's deadline", answer: hang, deadline: true,
				want: httpWant{ctxErr: context.DeadlineExceeded, after: httpPatience}},
			// The client's timeout is not the caller's: it is the service's fault, and the layers above go
			// on.
			httpFault{name: where + " past the client's timeout", answer: hang, timeout: true,
				want: httpWant{kinds: []embedding.Kind{embedding.Unavailable}, after: httpPatience}})
	}
	slices.SortFunc(all, func(a, b httpFault) int { return strings.Compare(a.name, b.name) })
	return all
}
