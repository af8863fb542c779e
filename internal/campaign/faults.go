package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// How often a fault strikes: at random if the job goes on after it, for good from the tenth request
// if no layer retries its kind, and a few times in a row if each costs a timeout.
const (
	atRandom = "p:0.15"
	forGood  = "at:10,next:1000000000"
	fewTimes = "at:5,next:6"
)

// eachFault returns a scenario for every fault of the emulator, with the consequences of its kind.
func eachFault() []scenario {
	var all []scenario
	for _, f := range dashscopetest.Catalog() {
		s := scenario{name: f.Name, faults: []string{f.Name + "=" + atRandom}}
		switch f.Kind {
		case embedding.Malformed:
			// Batch asks once more and then apart. A text alone that meets the fault again and again is
			// Rejected.
			s.expect.may = []embedding.Kind{embedding.Malformed, embedding.Rejected}
		case embedding.Rejected:
			s.expect.may = []embedding.Kind{embedding.Rejected} // by bad luck even for a single text
		case embedding.Auth, embedding.Exhausted, embedding.Invalid:
			s.faults[0] = f.Name + "=" + forGood
			s.expect.may = []embedding.Kind{f.Kind}
		}
		switch f.Name {
		case "kill":
			s.faults[0] = "kill=at:15"
			s.kills, s.settings, s.marks = true, inFlight(), diesByItself
		case "hang":
			s.faults[0] = "hang=" + fewTimes
		case "restart":
			s.faults[0] = "restart=" + fewTimes
		case "slow":
			s.faults[0] = "slow=p:0.05,delay:500ms"
			s.name = "slow (spikes of 0.5 s)"
		case "bad-text":
			s.faults[0] = "bad-text"
			s.expect = expectation{marked: embedding.Rejected}
		case "overlength-hang":
			s.faults[0] = "overlength-hang=next:2"
			s.long, s.expect = true, expectation{marked: embedding.Rejected, never: true}
		case "base64-400", "base64-ignore":
			s.stack.base64 = true
		case "drift":
			s.control = func(r row) bool { return r.wrong > 0 } // only package canary can detect it
		}
		all = append(all, s)
	}
	return all
}

// moreFaults returns faults that are no switch of the emulator, or that do not strike alone and at
// random.
func moreFaults(j *job) []scenario {
	tokens := 0
	for _, text := range j.texts {
		tokens += embedding.EstimateTokens(text)
	}
	rps, tps := max(20, len(j.texts)/80), max(200, tokens/8) // the job takes about 8 s at this rate
	return []scenario{
		{name: "over-long texts", long: true, injected: status(400), expect: expectation{marked: embedding.Rejected, never: true}},
		{name: "base64 honored", stack: stack{base64: true}, nothing: true},
		{name: "slow (over the timeout)", faults: []string{fmt.Sprintf("slow=%s,delay:%v", fewTimes, 2*timeout)}},
		{name: "overloaded, 40 times in a row", faults: []string{"overloaded=at:10,next:40"}},
		{name: "overloaded, Retry-After 1 s", faults: []string{"overloaded=" + fewTimes + ",retry_after:1s"}},
		{name: "auth, flat body", faults: []string{"auth=flat," + forGood}, expect: expectation{may: []embedding.Kind{embedding.Auth}}},
		{name: "200 with {}", faults: []string{"answer=status:200,p:0.15,body:{}"}, expect: expectation{may: []embedding.Kind{embedding.Malformed, embedding.Rejected}}},
		{name: "the batch limit drops to 5", settings: inFlight(), marks: dropLimit, injected: status(400)},
		{name: "requests throttled to half", settings: map[string]any{"rps": rps}, stack: offer(2*rps, 0), injected: status(429)},
		{name: "the same, Retry-After", settings: map[string]any{"rps": rps, "retry_after": true}, stack: offer(2*rps, 0), injected: status(429)},
		{name: "tokens throttled to half", settings: map[string]any{"tps": tps}, stack: offer(0, 2*tps), injected: status(429)},
		{name: "a busy account, its quota unknown", settings: map[string]any{"rps": rps, "latency": "20ms"}, injected: status(429)},
		{name: "a dead HTTP/2 connection", settings: inFlight(), stack: stack{h2: true}, marks: forgetTwice},
		{name: "callers that leave", settings: inFlight(), leave: true},
		{name: "growth throttled", settings: map[string]any{"growth": 3}, injected: status(429)},
	}
}

// faultsOfTexts returns faults that strike the requests of a marked text. Where others cannot show
// that the text is to blame, it fails as the server says. Faults that are worth a long wait end.
func faultsOfTexts() []scenario {
	poison := func(name, fault string, e expectation) scenario {
		options := "match:" + emulator.BadText
		fault, body, echo := strings.Cut(fault, ",body:")
		if echo {
			options += ",body:" + body
		}
		sep := "="
		if strings.Contains(fault, "=") {
			sep = ","
		}
		e.marked = embedding.Rejected
		return scenario{name: name, faults: []string{fault + sep + options}, expect: e}
	}
	const ends = "next:40"
	return []scenario{
		poison("a text is echoed, 400", `answer=status:400,body:{"error":{"message":"nothing can be made of: {text}"}}`, expectation{alone: embedding.Invalid}),
		poison("a text is echoed, 503", `answer=status:503,`+ends+`,body:{"error":{"message":"invalid api key, quota exceeded, said: {text}"}}`, expectation{mild: true}),
		poison("NaN of a text", "nan", expectation{alone: embedding.Malformed}),
		poison("null of a text", "null-vector", expectation{alone: embedding.Malformed}),
		poison("an answer that a text cuts", "truncated", expectation{alone: embedding.Malformed}),
		poison("a reset by a text", "reset="+ends, expectation{mild: true}),
		poison("a page under 502 for a text", "html-502="+ends, expectation{mild: true}),
		poison("a runner dies of a text, 0.9 s", "restart=delay:900ms,next:20", expectation{mild: true}),
		poison("418 for a text", "answer=status:418,body:Ich bin eine Teekanne.", expectation{alone: embedding.Invalid}),
		poison("422 for a text", `answer=status:422,body:{"oops":["vrul",{"plonk":7}]}`, expectation{alone: embedding.Invalid}),
		poison("409 for a text", "answer=status:409,"+ends+",body:zo brimma tolk", expectation{mild: true}),
	}
}

// randomFaults returns all faults at once. The seed decides their order, which decides the fault to
// strike if several could.
func randomFaults(seed uint64) []scenario {
	var faults []string
	for _, f := range dashscopetest.Catalog() {
		switch f.Name {
		// These end the process, are a control, or never apply.
		case "kill", "drift", "base64-400", "base64-ignore", "overlength-hang":
		case "restart":
			faults = append(faults, "restart=p:0.006,delay:200ms")
		case "slow":
			faults = append(faults, "slow=p:0.02,delay:"+(300*time.Millisecond).String())
		case "bad-text":
			faults = append(faults, "bad-text=p:0.5")
		default:
			faults = append(faults, f.Name+"=p:0.006")
		}
	}
	rand.New(rand.NewPCG(seed, 0x616c6c)).Shuffle(len(faults), func(a, b int) { faults[a], faults[b] = faults[b], faults[a] })
	expect := expectation{may: []embedding.Kind{embedding.Malformed, embedding.Rejected, embedding.Auth, embedding.Exhausted, embedding.Invalid}}
	return []scenario{
		{name: "all at random", faults: faults, expect: expect},
		{name: "all at random, and an outage", faults: faults, expect: expect, kills: true, settings: inFlight(), marks: oneOutage},
	}
}

// controls returns scenarios with a built-in defect that the campaign must notice. Drift is one
// more.
func controls() []scenario {
	return []scenario{
		{name: "control: no retries", faults: []string{"overloaded=" + atRandom}, stack: stack{hasty: true}, control: func(r row) bool { return r.lost > 0 }},
		{name: "control: no cache", nothing: true, stack: stack{forgetful: true}, control: func(r row) bool { return r.twice > r.bound }},
	}
}
