package check

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// tape sends requests and remembers of the answers what providers do not tell. It is safe for
// concurrent use.
type tape struct {
	next http.RoundTripper

	mu     sync.Mutex
	plain  bool   // take the wish for base64 out of requests
	asked  bool   // the last request asked for base64
	answer []byte // the beginning of the last answer's body
	rates  map[string]string
}

// mostTaped bounds what is kept of a body. It holds a vector of 4,096 numbers.
const mostTaped = 256 << 10

func (t *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	var err error
	if req, err = t.heard(req); err != nil {
		return nil, err
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.headers(res.Header)
	res.Body = &taping{res.Body, t.keep}
	return res, nil
}

// wish matches the member of a request that asks for base64. Every vendor that has one sends
// numbers without it.
var wish = regexp.MustCompile(`,"(?:encoding_format|embedding_type)":"base64"`)

// heard returns the request as it is to be sent, which is another one if it is changed: a
// RoundTripper must not change its request.
func (t *tape) heard(req *http.Request) (*http.Request, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer, t.asked = nil, false
	if req.Body == nil || req.GetBody == nil {
		return req, nil
	}
	again, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(again)
	if err != nil {
		return nil, err
	}
	if t.asked = wish.Match(body); !t.asked || !t.plain {
		return req, nil
	}
	_ = req.Body.Close() // nothing reads it
	body = wish.ReplaceAll(body, nil)
	req = req.Clone(req.Context())
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(body))
	return req, nil
}

// plainly lets requests go without their wish for base64, or with it.
func (t *tape) plainly(plain bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plain = plain
}

// taping is a body that is heard while it is read.
type taping struct {
	io.ReadCloser
	heard func([]byte)
}

func (b *taping) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.heard(p[:n])
	return n, err
}

func (t *tape) keep(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer = append(t.answer, p[:min(len(p), mostTaped-len(t.answer))]...)
}

// rateHeader matches the names of headers that tell an account's limits, and rateValue what is a
// number, a time or a policy. Nothing else of a header gets into a report.
var (
	rateHeader = regexp.MustCompile(`(?i)^(?:(?:x-)?(?:[a-z]+-)?rate-?limit(?:-(?:limit|remaining|reset|policy)(?:-[a-z-]+)?)?|retry-after)$`)
	rateValue  = regexp.MustCompile(`^(?:[a-z]{1,10}=)?[0-9][0-9a-z.,:;= %+-]{0,47}$`)
)

func (t *tape) headers(h http.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, values := range h {
		value := strings.ToLower(strings.Join(values, ", "))
		if !rateHeader.MatchString(name) || !rateValue.MatchString(value) {
			continue
		}
		if t.rates == nil {
			t.rates = map[string]string{}
		}
		t.rates[strings.ToLower(name)] = value
	}
}

// rateHeaders returns the last value of each header that tells a limit, by its name in lower case.
func (t *tape) rateHeaders() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rates
}

// askedFor64 reports whether the last request asked for base64.
func (t *tape) askedFor64() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked
}

// vector returns the length of the first vector in the last answer as it came, and whether that is
// in base64. It knows no vendor's format: a vector is a list of at least two numbers, or a long
// text of base64. 0 means that there is none.
func (t *tape) vector() (dimensions int, base64 bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return firstVector(t.answer)
}

var (
	numbersForm = regexp.MustCompile(`\[\s*-?[0-9][0-9.eE+-]*\s*(?:,\s*-?[0-9][0-9.eE+-]*\s*)*\]`)
	base64Form  = regexp.MustCompile(`"embedding"\s*:\s*"([A-Za-z0-9+/]{4,}={0,2})"`)
)

func firstVector(body []byte) (dimensions int, base64 bool) {
	numbers, text := numbersForm.FindIndex(body), base64Form.FindSubmatchIndex(body)
	if text != nil && (numbers == nil || text[0] < numbers[0]) {
		encoded := bytes.TrimRight(body[text[2]:text[3]], "=")
		return len(encoded) * 3 / 4 / 4, true
	}
	if numbers == nil {
		return 0, false
	}
	return 1 + bytes.Count(body[numbers[0]:numbers[1]], []byte(",")), false
}
