package gemini

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/batchfile"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// What a batch may have. Google takes files of 2 GB, but an account may have only so many tokens of
// a model under way, of gemini-embedding-001 500,000 to 10 million by its tier: 10 MB are about two
// million.
const (
	batchLines  = 50_000
	batchBytes  = 10e6
	batchWindow = 48 * time.Hour
	batchShare  = 0.5
)

// NewBatches returns the batch API for the model of an Embedder with the same options. It does no
// I/O. The requests of a batch are a file, and each has a key: answers to requests that are inside
// of the batch have none, and come in another order
// (https://github.com/googleapis/js-genai/issues/1207).
//
// Sources: https://ai.google.dev/gemini-api/docs/batch-api (half the price, 48 hours, no results of
// what has expired), /docs/files (uploads), /api/batch-api (operations), /docs/rate-limits (bytes,
// tokens under way), and the lines' form
// https://developers.googleblog.com/gemini-batch-api-now-supports-embeddings-and-openai-compatibility.
func NewBatches(o Options) (batchapi.API, error) {
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	e, err := c.embedder()
	if err != nil {
		return nil, err
	}
	b := &batches{items: c.items, terms: batchapi.Terms{
		Model: e.Model(), Lines: batchLines, Bytes: batchBytes, Window: batchWindow, Share: batchShare,
		Unverified: "how many lines a file may have, and the form of its answers",
	}}
	if b.Exchange, err = wire.NewExchange(c.config); err != nil {
		return nil, err
	}
	at := func(service string) (*wire.Exchange, error) {
		c.config.BaseURL = beside(b.BaseURL(), service)
		return wire.NewExchange(c.config)
	}
	if b.uploads, err = at("upload"); err != nil {
		return nil, err
	}
	if b.downloads, err = at("download"); err != nil {
		return nil, err
	}
	return b, nil
}

// beside returns the base URL of a service that stands before the API's version.
func beside(base, service string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "" // it was parsed before
	}
	before, version := path.Split(u.EscapedPath())
	root := strings.TrimSuffix(base, u.EscapedPath())
	return root + strings.TrimSuffix(before, "/") + strings.TrimSuffix("/"+service+"/"+version, "/")
}

// batches is Gemini's batch API.
type batches struct {
	*wire.Exchange
	uploads, downloads *wire.Exchange

	items func(embedding.Request) []item
	terms batchapi.Terms
}

func (b *batches) Terms() batchapi.Terms { return b.terms }

// operation is a batch as the service describes it.
type operation struct {
	Name     string `json:"name"`
	Done     bool   `json:"done"`
	Metadata struct {
		State       string `json:"state"`
		DisplayName string `json:"displayName"`
		Created     string `json:"createTime"`
		Stats       struct {
			Total     count `json:"requestCount"`
			Succeeded count `json:"successfulRequestCount"`
			Failed    count `json:"failedRequestCount"`
		} `json:"batchStats"`
		Output output `json:"output"`
	} `json:"metadata"`
	Response output `json:"response"`
	Error    struct {
		Code int `json:"code"`
	} `json:"error"`
}

// output says where the answers are.
type output struct {
	File string `json:"responsesFile"`
}

// count is a number of 64 bits, which JSON has as a string, or not.
type count int

func (c *count) UnmarshalJSON(data []byte) error {
	n, err := strconv.Atoi(string(bytes.Trim(data, `"`)))
	if err != nil || n < 0 {
		n = 0 // it is unknown
	}
	*c = count(n)
	return nil
}

// resource is the name of a file or a batch. It becomes part of a URL to which the key goes.
var resource = regexp.MustCompile(`^(?:files|batches)/[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Submit uploads the lines and begins the batch. A file whose batch did not come about is in
// nobody's way: it is gone after two days.
func (b *batches) Submit(ctx context.Context, batch batchapi.Batch) (string, error) {
	file, err := b.upload(ctx, batch)
	if err != nil {
		return "", err
	}
	var made operation
	err = b.ask(ctx, "/models/"+b.Model().ID+":asyncBatchEmbedContent", map[string]any{"batch": map[string]any{
		"display_name": batch.Mark, "input_config": map[string]string{"file_name": file},
	}}, &made)
	switch {
	case err != nil:
		return "", err
	case !resource.MatchString(made.Name):
		return "", b.Fail(embedding.Malformed, errors.New("the answer to a new batch has no name of a batch"))
	}
	return made.Name, nil
}

// upload sends the lines as a file and returns its name.
func (b *batches) upload(ctx context.Context, batch batchapi.Batch) (string, error) {
	lines := batchfile.File{Lines: batch.Lines, Write: func(dst []byte, l batchapi.Line) []byte { return b.line(dst, batch.Task, l) }}
	size := lines.Size()
	to, err := b.session(ctx, batch.Mark, size)
	if err != nil {
		return "", err
	}
	req, err := b.uploads.Request(ctx, http.MethodPost, "")
	if err != nil {
		return "", err
	}
	req.URL, req.ContentLength = to, size
	req.Header.Set("X-Goog-Upload-Offset", "0")
	req.Header.Set("X-Goog-Upload-Command", "upload, finalize")
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(lines.Open()), nil }
	req.Body = io.NopCloser(lines.Open())
	var made struct {
		File struct {
			Name string `json:"name"`
		} `json:"file"`
	}
	if err := b.uploads.Stream(req, 0, document(&made)); err != nil {
		return "", err
	}
	if !resource.MatchString(made.File.Name) {
		return "", b.Fail(embedding.Malformed, errors.New("the answer to an uploaded file has no name of a file"))
	}
	return made.File.Name, nil
}

// session asks where to send a file of size bytes.
func (b *batches) session(ctx context.Context, mark string, size int64) (*url.URL, error) {
	req, err := b.uploads.Request(ctx, http.MethodPost, "/files")
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Goog-Upload-Protocol", "resumable")
	req.Header.Set("X-Goog-Upload-Command", "start")
	req.Header.Set("X-Goog-Upload-Header-Content-Length", strconv.FormatInt(size, 10))
	req.Header.Set("X-Goog-Upload-Header-Content-Type", "application/jsonl")
	body := fmt.Appendf(nil, `{"file":{"display_name":%q}}`, mark)
	var named string
	_, err = b.uploads.Do(req, body, nil, func(a *wire.Answer) ([]byte, bool, error) {
		named = a.Header.Get("X-Goog-Upload-Url")
		_, err := io.Copy(io.Discard, a)
		return nil, false, err
	})
	if err != nil {
		return nil, err
	}
	return b.own(named)
}

// own returns the address that the server names, unless the key and the texts would go elsewhere.
func (b *batches) own(named string) (*url.URL, error) {
	base, err := url.Parse(b.BaseURL())
	if err != nil {
		return nil, b.Fail(embedding.Invalid, errors.New("the base URL cannot be parsed"))
	}
	u, err := url.Parse(named)
	if err != nil || named == "" {
		return nil, b.Fail(embedding.Malformed, errors.New("the server does not say where to send the file"))
	}
	if u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) || u.User != nil {
		return nil, b.Fail(embedding.Invalid, fmt.Errorf("the server wants the file at %s://%s, and it goes to %s only: if you trust that address, make it the base URL",
			u.Scheme, u.Host, base.Host))
	}
	return u, nil
}

// line appends a line of a file: a request and its key.
func (b *batches) line(dst []byte, task embedding.Task, l batchapi.Line) []byte {
	asked := b.items(embedding.Request{Texts: []string{l.Text}, Task: task})[0]
	asked.Model = "" // the batch has it
	w := bytes.NewBuffer(dst)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct { // strings and numbers always can be
		Key     string `json:"key"`
		Request item   `json:"request"`
	}{l.ID, asked})
	return w.Bytes()
}

// document reads a document.
func document(v any) wire.Reader { return batchfile.Document(jsonhttp.Unmarshal, v) }

// ask sends a small request and reads a document.
func (b *batches) ask(ctx context.Context, path string, body, v any) error {
	req, err := b.Request(ctx, http.MethodPost, path)
	if err != nil {
		return err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return b.Fail(embedding.Invalid, err)
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = b.Do(req, data, nil, document(v))
	return err
}

// inlined bounds a document by vectors, since other batches of the account have theirs in it.
const inlined = 1000

func (b *batches) get(ctx context.Context, path, query string, v any) error {
	req, err := b.Request(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	req.URL.RawQuery = query
	return b.Stream(req, inlined, document(v))
}

// mostPages bounds the list of an account's batches: 20,000 of them.
const mostPages = 200

// Find looks through the list of all batches, which has no filter by name.
func (b *batches) Find(ctx context.Context, mark string) ([]string, error) {
	var found []operation
	next := ""
	for range mostPages {
		var page struct {
			Operations []operation `json:"operations"`
			Next       string      `json:"nextPageToken"`
		}
		query := url.Values{"pageSize": {"100"}}
		if next != "" {
			query.Set("pageToken", next)
		}
		if err := b.get(ctx, "/batches", query.Encode(), &page); err != nil {
			return nil, err
		}
		for _, one := range page.Operations {
			if one.Metadata.DisplayName == mark && resource.MatchString(one.Name) {
				found = append(found, one)
			}
		}
		if next = page.Next; next == "" {
			return oldestFirst(found), nil
		}
	}
	return nil, b.Fail(embedding.Unavailable, fmt.Errorf("the account has more than %d00 batches: whether one of them is of this job cannot be seen", mostPages))
}

func oldestFirst(found []operation) (ids []string) {
	slices.SortStableFunc(found, func(a, b operation) int { return created(a).Compare(created(b)) })
	for _, one := range found {
		ids = append(ids, one.Name)
	}
	return ids
}

func created(o operation) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, o.Metadata.Created) // else none is older
	return at
}

func (b *batches) one(ctx context.Context, id string) (o operation, err error) {
	if !resource.MatchString(id) {
		return o, b.Fail(embedding.Invalid, errors.New("that is no name of a batch"))
	}
	return o, b.get(ctx, "/"+id, "", &o)
}

// state is the end of a state's name, whose beginning the API's parts have in two forms.
func (o operation) state() string {
	_, state, ok := strings.Cut(o.Metadata.State, "_STATE_")
	if !ok && o.Error.Code != 0 {
		return "FAILED"
	}
	return state
}

func (b *batches) Poll(ctx context.Context, id string) (batchapi.State, error) {
	o, err := b.one(ctx, id)
	if err != nil {
		return batchapi.State{}, err
	}
	state := o.state()
	return batchapi.State{
		Ended:  o.Done || slices.Contains([]string{"SUCCEEDED", "FAILED", "EXPIRED", "CANCEL" + "LED"}, state),
		Status: cmp.Or(o.Metadata.State, state),
		Lines:  int(o.Metadata.Stats.Succeeded + o.Metadata.Stats.Failed),
		Err:    b.whyFailed(o),
	}, nil
}

// statuses are the statuses of HTTP of google.rpc's codes. Others are failures of the service.
var statuses = map[int]int{3: 400, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 16: 401}

func statusOf(code int) int { return cmp.Or(statuses[code], http.StatusServiceUnavailable) }

// whyFailed returns why a batch was not done. The service's words may quote a line, so its code
// says it.
func (b *batches) whyFailed(o operation) error {
	if o.state() != "FAILED" {
		return nil
	}
	e := b.Fail(embedding.KindOfStatus(statusOf(o.Error.Code)), errors.New("the batch failed"))
	if o.Error.Code != 0 {
		e.Code = strconv.Itoa(o.Error.Code)
	}
	return e
}

func (b *batches) Cancel(ctx context.Context, id string) error {
	if !resource.MatchString(id) {
		return b.Fail(embedding.Invalid, errors.New("that is no name of a batch"))
	}
	return b.ask(ctx, "/"+id+":cancel", struct{}{}, new(struct{}))
}

func (b *batches) Results(ctx context.Context, id string, text func(string) string, take func(batchapi.Result)) error {
	o, err := b.one(ctx, id)
	if err != nil {
		return err
	}
	file := cmp.Or(o.Response.File, o.Metadata.Output.File)
	switch {
	case file == "" && o.state() == "SUCCEEDED":
		return b.Fail(embedding.Malformed, errors.New("the batch has succeeded, and there is no file of answers"))
	case file == "":
		return nil
	case !resource.MatchString(file):
		return b.Fail(embedding.Malformed, errors.New("the file of answers has a name that no file has"))
	}
	return b.file(ctx, file, o, text, take)
}

// file reads a file of answers, which has at least those that succeeded.
func (b *batches) file(ctx context.Context, name string, o operation, text func(string) string, take func(batchapi.Result)) error {
	req, err := b.downloads.Request(ctx, http.MethodGet, "/"+name+":download")
	if err != nil {
		return err
	}
	req.URL.RawQuery = "alt=media"
	all := cmp.Or(min(int(o.Metadata.Stats.Total), b.terms.Lines), b.terms.Lines)
	read := func(line []byte) (batchapi.Result, bool) { return b.result(line, text) }
	return batchfile.Results(b.downloads, req, all, int(o.Metadata.Stats.Succeeded), read, take)
}

// answered is a line of answers.
type answered struct {
	Key      string `json:"key"`
	Response *struct {
		Embedding struct {
			Values json.RawMessage `json:"values"`
		} `json:"embedding"`
		Usage struct {
			Tokens count `json:"promptTokenCount"`
		} `json:"usageMetadata"` // one of the two, or none
		Tokens count `json:"tokenCount"`
	} `json:"response"`
	Error json.RawMessage `json:"error"`
}

// result reads a line of answers. It returns false if that is not whole.
func (b *batches) result(line []byte, text func(string) string) (r batchapi.Result, ok bool) {
	var said answered
	if jsonhttp.Unmarshal(line, &said) != nil {
		return r, false
	}
	r.ID = said.Key
	if said.Response == nil {
		r.Err = b.refused(said.Error, text(r.ID))
		return r, true
	}
	r.Usage = wire.Usage(int(cmp.Or(said.Response.Usage.Tokens, said.Response.Tokens)))
	list := slices.Concat([]byte("["), said.Response.Embedding.Values, []byte("]"))
	rows, err := jsonhttp.Vectors(list, 1, b.Model().Dimensions)
	if err != nil {
		r.Err = b.Fail(embedding.Malformed, errors.New("the answer to a line is no vector"))
		return r, true
	}
	r.Vector = rows[0]
	normalize(r.Vector)
	return r, true
}

// refused is the error of a line. Its code is one of HTTP or of google.rpc.
func (b *batches) refused(said json.RawMessage, text string) error {
	var e struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(said, &e) != nil {
		said = json.RawMessage("null")
	}
	status := e.Code
	if status < 400 || status > 599 {
		status = statusOf(e.Code)
	}
	return b.Refusal(wire.ReadFailure(status, http.Header{}, slices.Concat([]byte(`{"error":`), said, []byte("}"))), text)
}
