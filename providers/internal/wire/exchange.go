package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/vecspace/embedding"
)

// Config says which server an [Exchange] asks and how it proves who asks.
type Config struct {
	Model   embedding.Model // NewExchange fills in Endpoint from BaseURL
	BaseURL string          // with or without a trailing slash
	Path    string          // added to BaseURL for embeddings, in its escaped form
	Query   string          // added to each URL, encoded

	Key       string // "" sends none
	KeyHeader string // the header that carries the key; "" means Authorization, with Bearer
	// Token replaces Key with a bearer token for each request. It must be safe for concurrent use.
	Token func(context.Context) (string, error)
	// Sign replaces Key with a proof in the request's headers. It gets the body that will be sent
	// and returns the secret that no error may repeat. It must be safe for concurrent use.
	Sign func(req *http.Request, body []byte) (secret string, err error)

	// Again hears of each refusal and reports whether the request is to be signed and sent once more.
	// It may be nil. It must be safe for concurrent use.
	Again func(Failure) bool

	Classify    func(Failure) Verdict // may be nil: the status decides
	Unreachable string                // advice where no connection comes about; may be empty

	HTTPClient *http.Client // may be nil: the shared one; redirects are never followed
	AllowHTTP  bool         // lets the key travel over plain http to other machines
}

// Exchange sends requests to one server and reads its answers by the rules that all providers
// share: it proves who asks, follows no redirect, bounds every answer, and makes each failure an
// [embedding.Error] that repeats neither keys nor texts. It is safe for concurrent use.
type Exchange struct {
	config Config
	base   *url.URL
	http   *http.Client
	own    *http.Transport // the shared one, nil if the user's client has its own

	// stale says that a request has got no answer in its time. A connection that a router on the way
	// has forgotten looks like that, and HTTP/2 would send all later requests over it too.
	stale atomic.Bool
}

// NewExchange checks c and does no I/O. Its errors are [*embedding.Error] and quote neither the key
// nor the secret parts of a URL.
func NewExchange(c Config) (*Exchange, error) {
	x := &Exchange{config: c, http: HTTPClient(c.HTTPClient)}
	if !Sendable(c.Key) {
		return nil, x.Fail(embedding.Auth, errors.New("the key holds a space, a line break, quotes or another character that no key has: copy it again, without quotes"))
	}
	base, err := ParseBase(c.BaseURL, c.Path, c.Key != "" || c.Token != nil || c.Sign != nil, c.AllowHTTP)
	if err != nil {
		return nil, x.Fail(embedding.Invalid, err)
	}
	x.base = base
	if x.http.Transport == shared() {
		x.own = shared()
	}
	x.config.Model.Endpoint = base.Host
	return x, nil
}

// Model says what the server's vectors are.
func (x *Exchange) Model() embedding.Model { return x.config.Model }

// BaseURL returns the checked base URL, without a trailing slash.
func (x *Exchange) BaseURL() string { return x.base.String() }

// Fail returns an error of the exchange's model.
func (x *Exchange) Fail(k embedding.Kind, cause error) *embedding.Error {
	return x.named(&embedding.Error{Kind: k, Err: cause})
}

// named adds the provider, the model and the endpoint to an error.
func (x *Exchange) named(e *embedding.Error) *embedding.Error {
	e.Provider, e.Model, e.Endpoint = x.config.Model.Provider, x.config.Model.ID, x.config.Model.Endpoint
	return e
}

// Reader reads an accepted answer, whose body is bounded, to its end. It returns the JSON in which
// a server may report an error all the same, or nil if there is nothing to look for, and whether
// that JSON comes without vectors. Its error says what is wrong with the answer; see [Unfit].
type Reader func(*Answer) (rest []byte, bare bool, err error)

// Post sends body to Config.Path and has read read the answer. No error repeats any of texts. All
// errors are the context's own or an [*embedding.Error].
func (x *Exchange) Post(ctx context.Context, body []byte, texts []string, read Reader) (*Answer, error) {
	req, err := x.request(ctx, http.MethodPost, x.config.Path)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return x.Do(req, body, texts, read)
}

// Get asks for the document at path, which is added to the base URL, as [Exchange.Post] does.
func (x *Exchange) Get(ctx context.Context, path string, read Reader) error {
	req, err := x.request(ctx, http.MethodGet, path)
	if err == nil {
		_, err = x.Do(req, nil, nil, read)
	}
	return err
}

func (x *Exchange) request(ctx context.Context, method, path string) (*http.Request, error) {
	// JoinPath would clean the path. Both halves are ours, so they are joined as they are.
	at := *x.base
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, x.Fail(embedding.Invalid, errors.New("the path cannot be sent"))
	}
	at.Path, at.RawPath = at.Path+plain, at.EscapedPath()+path
	req, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return nil, x.Fail(embedding.Invalid, TransportCause(err, x.config.Key, nil))
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// Do is [Exchange.Post] for a request that somebody else has addressed.
func (x *Exchange) Do(req *http.Request, body []byte, texts []string, read Reader) (*Answer, error) {
	c := &call{Exchange: x, secret: x.config.Key, texts: texts}
	answer, failure := c.do(req, body, read)
	if failure != nil && c.again {
		answer, failure = c.do(req.Clone(req.Context()), body, read)
	}
	if failure == nil {
		return answer, nil
	}
	// Once the caller's time is up, only a refusal that has arrived says more than the context does.
	if end := req.Context().Err(); end != nil && (failure.Status == 0 || whole(failure.Status)) {
		return nil, end
	}
	return nil, failure
}

// Stream is [Exchange.Do] for a request whose body, if it has one, is there with its length and can
// be got again, and whose answer has up to lines vectors.
func (x *Exchange) Stream(req *http.Request, lines int, read Reader) error {
	c := &call{Exchange: x, secret: x.config.Key, lines: lines}
	if _, failure := c.do(req, nil, read); failure != nil {
		if end := req.Context().Err(); end != nil && failure.Status == 0 {
			return end
		}
		return failure
	}
	return nil
}

// Request is a request for the document at path, which is added to the base URL in its escaped
// form.
func (x *Exchange) Request(ctx context.Context, method, path string) (*http.Request, error) {
	return x.request(ctx, method, path)
}

// Refusal is the error of an answer to a text that came inside of another answer.
func (x *Exchange) Refusal(f Failure, text string) *embedding.Error {
	return (&call{Exchange: x, secret: x.config.Key, texts: []string{text}}).refuse(f)
}

// call is one request on its way. It knows what no error may repeat.
type call struct {
	*Exchange
	secret string
	texts  []string
	lines  int    // of the answer, if they are not those of texts
	answer Answer // once one has come
	again  bool   // the request is to be sent once more
}

func (c *call) do(req *http.Request, body []byte, read Reader) (*Answer, *embedding.Error) {
	if len(body) > 0 {
		// The transport asks again if it tries another connection.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
		req.ContentLength = int64(len(body))
	}
	if req.URL.RawQuery == "" {
		req.URL.RawQuery = c.config.Query
	}
	if failure := c.authorize(req, body); failure != nil {
		return nil, failure
	}
	req.Header.Set("Accept-Encoding", "identity") // without one, a server may choose
	if c.stale.Swap(false) && c.own != nil {
		c.own.CloseIdleConnections()
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer func() { _ = res.Body.Close() }()
	unread := decode(res)
	switch {
	case whole(res.StatusCode) && unread != nil:
		a := Answer{Response: res, call: c}
		return nil, a.Wrong(unread)
	case whole(res.StatusCode):
		return c.accepted(res, read)
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return nil, c.broken(res, embedding.KindOfStatus(res.StatusCode), Redirected(res, c.secret, c.texts))
	}
	said, err := io.ReadAll(io.LimitReader(res.Body, MostErrorBytes))
	if unread != nil { // compressed in a way of its own
		said, err = nil, nil
	}
	if err != nil && req.Context().Err() != nil { // the caller left while the answer came in
		return nil, c.Fail(embedding.Unavailable, TransportCause(err, c.secret, c.texts))
	}
	// A body that broke off is read as far as it came: the status says most.
	f := ReadFailure(res.StatusCode, res.Header, said)
	c.again = c.config.Again != nil && c.config.Again(f)
	return nil, c.refuse(f)
}

// authorize puts the proof of who asks into a request.
func (c *call) authorize(req *http.Request, body []byte) *embedding.Error {
	var err error
	switch {
	case c.config.Sign != nil:
		if c.secret, err = c.config.Sign(req, body); err != nil {
			return c.Fail(NoCredentials("credentials", err))
		}
	case c.config.Token != nil:
		token, err := c.config.Token(req.Context())
		if err != nil || token == "" || !Sendable(token) {
			return c.Fail(NoCredentials("token", err))
		}
		c.secret = token
		req.Header.Set("Authorization", "Bearer "+token)
	case c.secret == "":
	case c.config.KeyHeader == "":
		req.Header.Set("Authorization", "Bearer "+c.secret)
	default:
		req.Header.Set(c.config.KeyHeader, c.secret)
	}
	return nil
}

// unreachable is the error of a request that got no answer.
func (c *call) unreachable(err error) *embedding.Error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		c.stale.Store(true)
	}
	why := TransportCause(err, c.secret, c.texts).(Cause)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if kind, advice := lasting(err); kind != embedding.Unknown {
		if strings.Contains(why.Words, "proxy address") { // the address may hold a password
			why.Words = "the request was not sent"
		}
		why.Words += "; " + advice
		e := c.Fail(kind, why)
		e.Code = CodeUnreachable
		return e
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" && c.config.Unreachable != "" {
		why.Words += "; " + c.config.Unreachable
	}
	return c.Fail(embedding.Unavailable, why)
}

// whole reports whether a status promises a whole body. Some servers answer 201 or 202.
func whole(status int) bool {
	return status >= 200 && status < 300 && status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusPartialContent
}

// accepted reads an answer with a status of success.
func (c *call) accepted(res *http.Response, read Reader) (*Answer, *embedding.Error) {
	bound := Bound{Texts: max(len(c.texts), c.lines), Dimensions: c.config.Model.Dimensions}
	a := &c.answer
	*a = Answer{Response: res, Bound: bound, call: c, left: bound.Bytes()}
	rest, bare, err := read(a)
	if damaged(a.err) {
		return nil, a.Wrong(fmt.Errorf("the answer is damaged: %w", a.err))
	}
	if a.err != nil && a.err != io.EOF && !errors.Is(a.err, ErrTooLong) {
		return nil, c.broken(res, embedding.Unavailable, BrokeOff(a.err, c.secret, c.texts))
	}
	if rest != nil {
		// An "error" that says something is one, whatever stands beside it. A code or a message alone
		// is one only without vectors: some servers send "code": 0 beside them.
		f := ReadFailure(res.StatusCode, res.Header, rest)
		if f.Named || bare && (f.Code != "" || f.Message != "") {
			return nil, c.refuse(f)
		}
	}
	if err != nil {
		return nil, a.Wrong(err)
	}
	return a, nil
}

// refuse makes an error of an answer without vectors.
func (c *call) refuse(f Failure) *embedding.Error {
	return c.named(f.refusal(c.config.Classify, c.secret, c.texts))
}

// broken is the error of an answer that cannot be used.
func (c *call) broken(res *http.Response, kind embedding.Kind, why error) *embedding.Error {
	e := c.Fail(kind, why)
	e.Status, e.RequestID = res.StatusCode, Token(RequestID(res.Header), c.secret, c.texts, MaxID)
	return e
}
