package embedtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
)

// tiny is a short provider that does everything right, except for its flaws: each switches one
// thing off, or to a common mistake.
type tiny struct {
	url    string
	client *http.Client
	model  embedding.Model
	flaws  map[string]bool
}

func openTiny(m embedding.Model, flaws ...string) httpOpen {
	return func(_ *testing.T, baseURL string, client *http.Client) embedding.Embedder {
		p := &tiny{url: baseURL + "/embeddings", client: client, model: m, flaws: map[string]bool{}}
		for _, f := range flaws {
			p.flaws[f] = true
		}
		if !p.flaws["follows redirects"] {
			own := *client
			own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			p.client = &own
		}
		if p.flaws["drops the client's timeout"] {
			p.client.Timeout = 0
		}
		if p.flaws["has a client of its own"] {
			p.client = &http.Client{Transport: &http.Transport{}}
		}
		return p
	}
}

func (p *tiny) Model() embedding.Model { return p.model }

func (p *tiny) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if p.flaws["keeps a goroutine"] {
		go func() { select {} }()
	}
	if p.flaws["asks again by itself"] {
		if res, err := p.embed(ctx, req); err == nil || embedding.KindOf(err) != embedding.RateLimited {
			return res, err
		}
	}
	if p.flaws["waits by itself"] {
		time.Sleep(time.Second)
	}
	return p.embed(ctx, req)
}

func (p *tiny) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	texts := req.Texts
	if p.flaws["sends one text too few"] {
		texts = texts[1:]
	}
	if p.flaws["ignores the context"] {
		ctx = context.WithoutCancel(ctx)
	}
	body, err := json.Marshal(map[string]any{"model": "tiny", "input": texts})
	if p.flaws["speaks plain lists"] {
		body, err = json.Marshal(texts)
	}
	if err != nil {
		return embedding.Response{}, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return embedding.Response{}, err
	}
	post.Header.Set("Content-Type", "application/json")
	if !p.flaws["sends no key"] {
		post.Header.Set("Authorization", "Bearer "+TestKey)
	}
	res, err := p.client.Do(post)
	if err != nil {
		return embedding.Response{}, p.broken(err)
	}
	if !p.flaws["leaves the body open"] {
		defer res.Body.Close()
	}
	if p.flaws["decodes gzip"] && res.Header.Get("Content-Encoding") == "gzip" {
		if res.Body, err = gzip.NewReader(res.Body); err != nil {
			return embedding.Response{}, p.fail(embedding.Malformed, err)
		}
	}
	if res.StatusCode != http.StatusOK && !p.flaws["ignores the status"] {
		return embedding.Response{}, p.refused(res)
	}
	return p.accepted(res, len(req.Texts))
}

func (p *tiny) fail(k embedding.Kind, err error) *embedding.Error {
	return &embedding.Error{Kind: k, Provider: "tiny", Model: "tiny", Err: err}
}

// broken is the error for a connection that gave no answer or broke off. It keeps only the words of
// the cause, which is a context error if the client's own timeout ended it.
func (p *tiny) broken(err error) error {
	if p.flaws["keeps the cause"] {
		return p.fail(embedding.Unavailable, err)
	}
	if p.flaws["has no kind for broken connections"] {
		return p.fail(embedding.Unknown, errors.New("broken"))
	}
	return p.fail(embedding.Unavailable, errors.New("the connection broke: "+err.Error()))
}

func (p *tiny) refused(res *http.Response) error {
	if res.StatusCode < 400 {
		where := "elsewhere"
		if u, err := res.Location(); err == nil && !p.flaws["does not name the target"] {
			where = u.Host
		}
		if u, err := res.Location(); err == nil && p.flaws["quotes the target whole"] {
			where = u.String()
		}
		e := p.fail(embedding.KindOfStatus(res.StatusCode), errors.New("redirected to "+where))
		e.Status = res.StatusCode
		return e
	}
	most := int64(64 << 10)
	if p.flaws["reads everything"] {
		most = 1 << 40
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, most))
	e := p.fail(embedding.KindOfStatus(res.StatusCode), errors.New("refused"))
	if p.flaws["takes its kind from the body"] && !json.Valid(body) {
		e.Kind = embedding.Malformed
	}
	if p.flaws["calls every refusal invalid"] {
		e.Kind = embedding.Invalid
	}
	said := string(body)
	quote := p.flaws["quotes the body"]
	if p.flaws["hides the key only"] || p.flaws["hides whole texts only"] {
		quote = true
		said = strings.ReplaceAll(said, TestKey, "[key]")
	}
	if p.flaws["hides whole texts only"] || p.flaws["hides texts only"] {
		quote = true
		for _, text := range httpTexts {
			quoted, _ := json.Marshal(text)
			said = strings.ReplaceAll(said, strings.Trim(string(quoted), `"`), "[text]")
		}
	}
	switch {
	case p.flaws["keeps the body underneath"]:
		e.Err = hidden{errors.New(said)}
	case quote:
		e.Err = errors.New(said)
	}
	if !p.flaws["drops the status"] {
		e.Status = res.StatusCode
	}
	if p.flaws["another status"] {
		e.Status = http.StatusServiceUnavailable
	}
	e.RetryAfter = p.retryAfter(res.Header)
	return e
}

// hidden shows harmless words of its own, but unwraps to the cause.
type hidden struct{ err error }

func (h hidden) Error() string { return "refused" }
func (h hidden) Unwrap() error { return h.err }

func (p *tiny) retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.Atoi(h.Get("Retry-After-Ms")); err == nil && !p.flaws["knows no retry-after-ms"] {
		return time.Duration(ms) * time.Millisecond
	}
	after := h.Get("Retry-After")
	if s, err := strconv.Atoi(after); err == nil && !p.flaws["ignores Retry-After"] {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil && !p.flaws["knows no dates"] {
		return time.Until(at)
	}
	if p.flaws["makes up a Retry-After"] {
		return time.Second
	}
	return 0
}

// numbers are one vector. null is no number, though encoding/json takes it for 0.
type numbers []float32

func (n *numbers) UnmarshalJSON(b []byte) error {
	var all []*float32
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for _, f := range all {
		if f == nil {
			return errors.New("null is no number")
		}
		*n = append(*n, *f)
	}
	return nil
}

type tinyItem struct {
	Index     *int
	Embedding numbers
}

func (p *tiny) accepted(res *http.Response, n int) (embedding.Response, error) {
	most := int64(64 << 20)
	if d := p.model.Dimensions; d > 0 {
		most = int64(n)*int64(d)*32 + 1<<20
	}
	if p.flaws["reads everything"] {
		most = 1 << 40
	}
	bounded := http.MaxBytesReader(nil, res.Body, most)
	body, err := io.ReadAll(bounded)
	if p.flaws["reads once"] {
		body = make([]byte, 1<<20)
		var got int
		got, err = bounded.Read(body)
		if body = body[:got]; err == io.EOF {
			err = nil
		}
	}
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return embedding.Response{}, p.fail(embedding.Malformed, tooLong)
	}
	if err != nil && !p.flaws["calls a broken answer malformed"] {
		return embedding.Response{}, p.broken(err)
	}
	rows, tokens, err := p.read(body, n)
	if err != nil {
		kind := embedding.Malformed
		if p.flaws["has no kind for broken answers"] {
			kind = embedding.Unknown
		}
		if p.flaws["quotes the body"] {
			err = fmt.Errorf("%w: %s", err, body)
		}
		return embedding.Response{}, p.fail(kind, err)
	}
	usage := embedding.Usage{Requests: 1, Tokens: tokens}
	if tokens == 0 {
		usage.Unmetered = 1
	}
	if p.flaws["counts texts for tokens"] {
		usage.Tokens = n
	}
	return embedding.Response{Vectors: rows, Usage: usage}, nil
}

// read takes an answer apart. Its errors quote nothing of it.
func (p *tiny) read(body []byte, n int) ([][]float32, int, error) {
	var answer struct {
		Data  []*tinyItem
		Usage struct {
			Tokens int `json:"prompt_tokens"`
		}
	}
	if p.flaws["takes NaN for 0"] {
		body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte(`"NaN"`), []byte("0")), []byte("NaN"), []byte("0"))
	}
	if p.flaws["takes null for 0"] {
		body = bytes.ReplaceAll(body, []byte("[null"), []byte("[0"))
	}
	if p.flaws["clamps numbers"] {
		body = bytes.ReplaceAll(body, []byte("1e39"), []byte("3e38"))
	}
	if p.flaws["mends cut JSON"] && !json.Valid(body) {
		body = append(body, '}')
	}
	var err error
	switch {
	case p.flaws["speaks plain lists"]:
		var rows []numbers
		err = json.Unmarshal(body, &rows)
		for i, row := range rows {
			answer.Data = append(answer.Data, &tinyItem{Index: &i, Embedding: row})
		}
	case p.flaws["stops reading after the JSON"]:
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&answer)
	case p.flaws["takes no white space"] && !bytes.HasPrefix(body, []byte("{")):
		err = errors.New("no JSON")
	default:
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		return nil, 0, errors.New("the answer is no JSON of the right form")
	}
	rows := make([][]float32, n)
	if len(answer.Data) > n && !p.flaws["ignores items too many"] {
		return nil, 0, errors.New("there are more items than texts")
	}
	for i, item := range answer.Data {
		switch {
		case item == nil && p.flaws["fills gaps with zeros"]:
			continue
		case item == nil || item.Index == nil:
			return nil, 0, fmt.Errorf("item %d says nothing", i)
		}
		at := *item.Index
		if p.flaws["trusts the order"] {
			at = i
		}
		if (at < 0 || at >= n) && !p.flaws["trusts the index"] {
			if p.flaws["ignores items too many"] {
				continue
			}
			return nil, 0, fmt.Errorf("item %d has an index out of range", i)
		}
		if rows[at] != nil && !p.flaws["ignores items too many"] && !p.flaws["fills gaps with zeros"] {
			return nil, 0, fmt.Errorf("item %d has the index of another", i)
		}
		rows[at] = item.Embedding
	}
	for i, row := range rows {
		if p.flaws["fills gaps with zeros"] && len(row) == 0 || p.flaws["makes rows fit"] {
			rows[i] = append(row, make([]float32, max(8, p.model.Dimensions))...)[:max(8, p.model.Dimensions)]
		} else if row == nil {
			return nil, 0, fmt.Errorf("text %d has no item", i)
		}
	}
	return rows, answer.Usage.Tokens, nil
}
