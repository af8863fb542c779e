package openaicompat

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/batchfile"
	"github.com/vecspace/embedding/providers/internal/openaicompat/scan"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// BatchFormat says how a vendor's batch API differs from OpenAI's.
type BatchFormat struct {
	batchapi.Terms
	Endpoint string // of the requests, in each line and in the batch; "" means /v1/embeddings
	// Shared says that the model and all fields but the text are the batch's, not the lines'.
	Shared bool
	// Jobs says that batches are Mistral's: at /batch/jobs, in pages by their number, of lines with an
	// id and a body.
	Jobs bool
}

// path is where batches are.
func (f BatchFormat) path() string {
	if f.Jobs {
		return "/batch/jobs"
	}
	return "/batches"
}

// batches is a batch API on OpenAI's wire: a file of requests, and a batch that answers it.
type batches struct {
	*client
	format BatchFormat
}

// NewBatches returns a batch API that sends in its lines what the Embedder of c and f sends. It
// does no I/O. Its errors are those of [New].
func NewBatches(c wire.Config, f Format, b BatchFormat) (batchapi.API, error) {
	cl, err := newClient(c, f)
	if err != nil {
		return nil, err
	}
	b.Endpoint = cmp.Or(b.Endpoint, "/v1/embeddings")
	b.Terms.Model = embedding.Chain(cl).Model()
	return &batches{cl, b}, nil
}

func (b *batches) Terms() batchapi.Terms { return b.format.Terms }

// markKey is the name of the mark in a batch's metadata.
const markKey = "vecspace"

// batch is a batch as the vendor describes it.
type batch struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Output string `json:"output_file_id"`
	Failed string `json:"error_file_id"`
	Counts loose[struct {
		Total     int `json:"total"`
		Completed int `json:"completed"`
		Failed    int `json:"failed"`
	}] `json:"request_counts"`
	Errors loose[struct {
		Data []struct {
			Code string `json:"code"`
			Line int    `json:"line"`
		} `json:"data"`
	}] `json:"errors"`
	Metadata loose[map[string]any] `json:"metadata"`
	Created  json.RawMessage       `json:"created_at"` // a number or a date, of one form for a vendor

	// Mistral's names.
	JobOutput string `json:"output_file"`
	JobFailed string `json:"error_file"`
	Total     int    `json:"total_requests"`
	Succeeded int    `json:"succeeded_requests"`
	Lost      int    `json:"failed_requests"`
}

// named returns a batch under OpenAI's names.
func (one batch) named() batch {
	one.Output, one.Failed = cmp.Or(one.Output, one.JobOutput), cmp.Or(one.Failed, one.JobFailed)
	c := &one.Counts.is
	c.Total, c.Completed, c.Failed = cmp.Or(c.Total, one.Total), cmp.Or(c.Completed, one.Succeeded), cmp.Or(c.Failed, one.Lost)
	if said, ok := jobStates[one.Status]; ok {
		one.Status = said
	}
	if one.Status == "failed" && c.Completed > 0 {
		one.Status = "completed"
	}
	return one
}

var jobStates = map[string]string{"SUCCESS": "completed", "FAILED": "failed", "TIMEOUT_EXCEEDED": "expired", "CANCEL" + "LED": called}

// called is how vendors spell it.
const called = "cancel" + "led"

// loose is a value that some vendors give in another type, which is then none.
type loose[T any] struct{ is T }

func (l *loose[T]) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &l.is) != nil {
		l.is = *new(T)
	}
	return nil
}

// Submit uploads the lines and begins the batch. A file whose batch did not come about is in
// nobody's way.
func (b *batches) Submit(ctx context.Context, batch batchapi.Batch) (string, error) {
	file, err := b.upload(ctx, batch)
	if err != nil {
		return "", err
	}
	request := map[string]any{
		"input_file_id": file, "endpoint": b.format.Endpoint, "completion_window": fmt.Sprintf("%.0fh", b.format.Window.Hours()),
		"metadata": map[string]string{markKey: batch.Mark},
	}
	if b.format.Jobs {
		request = map[string]any{
			"input_files": []string{file}, "endpoint": b.format.Endpoint, "model": b.Model().ID, "timeout_hours": int(b.format.Window.Hours()),
			"metadata": request["metadata"],
		}
	}
	if b.format.Shared {
		if request["request_params"], err = b.shared(batch.Task); err != nil {
			return "", err
		}
	}
	return b.begin(ctx, request)
}

// shared returns what all requests of a batch have in common.
func (b *batches) shared(task embedding.Task) (fields map[string]any, err error) {
	if err = json.Unmarshal(b.encoder.encode(embedding.Request{Task: task}), &fields); err != nil {
		return nil, b.Fail(embedding.Invalid, err)
	}
	delete(fields, "input")
	return fields, nil
}

func (b *batches) begin(ctx context.Context, request any) (string, error) {
	var made batch
	if err := b.ask(ctx, http.MethodPost, b.format.path(), request, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", b.Fail(embedding.Malformed, errors.New("the answer to a new batch has no id"))
	}
	return made.ID, nil
}

// upload sends the lines as a file and returns its id.
func (b *batches) upload(ctx context.Context, batch batchapi.Batch) (string, error) {
	req, err := b.Request(ctx, http.MethodPost, "/files")
	if err != nil {
		return "", err
	}
	edge := rand.Text() // which no text has in it
	head := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"+
		"--%[1]s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n", edge, batch.Mark)
	tail := "\r\n--" + edge + "--\r\n"
	lines := batchfile.File{Lines: batch.Lines, Write: func(dst []byte, l batchapi.Line) []byte { return b.line(dst, batch.Task, l) }}
	req.ContentLength = int64(len(head)+len(tail)) + lines.Size()
	req.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(head), lines.Open(), strings.NewReader(tail))), nil
	}
	if req.Body, err = req.GetBody(); err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+edge)
	var file struct {
		ID string `json:"id"`
	}
	if err := b.Stream(req, 0, into(&file)); err != nil {
		return "", err
	}
	if file.ID == "" {
		return "", b.Fail(embedding.Malformed, errors.New("the answer to an uploaded file has no id"))
	}
	return file.ID, nil
}

// line appends a line of a file: a request and its id.
func (b *batches) line(dst []byte, task embedding.Task, l batchapi.Line) []byte {
	dst = appendString(append(dst, `{"custom_id":`...), l.ID)
	req := embedding.Request{Texts: []string{l.Text}, Task: task}
	req.Texts = b.prefixes.Texts(req)
	if b.format.Shared {
		return append(appendString(append(dst, `,"body":{"input":[`...), req.Texts[0]), "]}}\n"...)
	}
	if !b.format.Jobs {
		dst = appendString(append(dst, `,"method":"POST","url":`...), b.format.Endpoint)
	}
	return append(b.encoder.append(append(dst, `,"body":`...), req), "}\n"...)
}

// into reads a document.
func into(v any) wire.Reader { return batchfile.Document(json.Unmarshal, v) }

// ask sends a small request and reads a document.
func (b *batches) ask(ctx context.Context, method, path string, body, v any) error {
	path, query, _ := strings.Cut(path, "?")
	req, err := b.Request(ctx, method, path)
	if err != nil {
		return err
	}
	req.URL.RawQuery = query
	var data []byte
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		if data, err = json.Marshal(body); err != nil {
			return b.Fail(embedding.Invalid, err)
		}
	}
	_, err = b.Do(req, data, nil, into(v))
	return err
}

// mostPages bounds the list of an account's batches: 20,000 of them.
const mostPages = 200

// Find looks through the list of all batches: no vendor has a filter by metadata.
func (b *batches) Find(ctx context.Context, mark string) ([]string, error) {
	var found []batch
	query, seen := "?limit=100", 0
	for n := range mostPages {
		var page struct {
			Data  []batch `json:"data"`
			More  bool    `json:"has_more"`
			Total int     `json:"total"`
		}
		if b.format.Jobs {
			query = fmt.Sprintf("?page_size=100&page=%d", n)
		}
		if err := b.ask(ctx, http.MethodGet, b.format.path()+query, nil, &page); err != nil {
			return nil, err
		}
		for _, one := range page.Data {
			if one.Metadata.is[markKey] == mark {
				found = append(found, one)
			}
		}
		seen += len(page.Data)
		if !page.More && seen >= page.Total || len(page.Data) == 0 {
			slices.SortStableFunc(found, func(a, b batch) int { return bytes.Compare(a.Created, b.Created) })
			var ids []string
			for _, one := range found {
				ids = append(ids, one.ID)
			}
			return ids, nil
		}
		query = "?limit=100&after=" + url.QueryEscape(page.Data[len(page.Data)-1].ID)
	}
	return nil, b.Fail(embedding.Unavailable, fmt.Errorf("the account has more than %d00 batches: whether one of them is of this job cannot be seen", mostPages))
}

func (b *batches) get(ctx context.Context, id string) (one batch, err error) {
	err = b.ask(ctx, http.MethodGet, b.format.path()+"/"+url.PathEscape(id), nil, &one)
	return one.named(), err
}

func (b *batches) Poll(ctx context.Context, id string) (batchapi.State, error) {
	one, err := b.get(ctx, id)
	if err != nil {
		return batchapi.State{}, err
	}
	return batchapi.State{
		Ended:  slices.Contains([]string{"completed", "failed", "expired", called}, one.Status),
		Status: one.Status,
		Lines:  one.Counts.is.Completed + one.Counts.is.Failed,
		Err:    b.whyFailed(one),
	}, nil
}

// whyFailed returns why a batch was not begun. The vendor's words may quote a line, so its code
// says it.
func (b *batches) whyFailed(one batch) error {
	if one.Status != "failed" {
		return nil
	}
	code, line := "", 0
	if all := one.Errors.is.Data; len(all) > 0 {
		code, line = all[0].Code, all[0].Line
	}
	kind := embedding.Invalid
	if strings.Contains(code, "limit") { // of what may wait: token_limit_exceeded
		kind = embedding.RateLimited
	}
	e := b.Fail(kind, fmt.Errorf("the vendor did not take the batch (line %d)", line))
	e.Code = wire.Token(code, "", nil, wire.MaxID)
	return e
}

func (b *batches) Cancel(ctx context.Context, id string) error {
	var one batch
	return b.ask(ctx, http.MethodPost, b.format.path()+"/"+url.PathEscape(id)+"/cancel", struct{}{}, &one)
}

func (b *batches) Results(ctx context.Context, id string, text func(string) string, take func(batchapi.Result)) error {
	one, err := b.get(ctx, id)
	if err != nil {
		return err
	}
	counts := one.Counts.is
	if one.Output != "" {
		if err := b.file(ctx, one.Output, counts.Total, counts.Completed, text, take); err != nil {
			return err
		}
	}
	if one.Failed != "" {
		return b.file(ctx, one.Failed, counts.Total, 0, text, take)
	}
	return nil
}

// file reads a file of answers, which has at least some lines and at most all.
func (b *batches) file(ctx context.Context, id string, all, least int, text func(string) string, take func(batchapi.Result)) error {
	req, err := b.Request(ctx, http.MethodGet, "/files/"+url.PathEscape(id)+"/content")
	if err != nil {
		return err
	}
	all = cmp.Or(all, b.format.Lines) // the vendor may not say
	read := func(line []byte) (batchapi.Result, bool) { return b.result(line, text) }
	return batchfile.Results(b.Exchange, req, all, least, read, take)
}

// result reads a line of answers. It returns false if that is not whole.
func (b *batches) result(line []byte, text func(string) string) (r batchapi.Result, ok bool) {
	var said struct {
		ID       string `json:"custom_id"`
		Response *struct {
			Status int             `json:"status_code"`
			Body   json.RawMessage `json:"body"`
		} `json:"response"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(line, &said) != nil {
		return r, false
	}
	r.ID = said.ID
	switch res := said.Response; {
	case res != nil && res.Status < 300:
		r.Vector, r.Usage, r.Err = b.vector(res.Body)
	case res != nil:
		r.Err = b.Refusal(wire.ReadFailure(res.Status, http.Header{}, res.Body), text(r.ID))
	default:
		r.Err = b.Refusal(wire.ReadFailure(http.StatusServiceUnavailable, http.Header{}, said.Error), text(r.ID))
	}
	return r, true
}

// vector reads an answer to one text.
func (b *batches) vector(body []byte) (v []float32, u embedding.Usage, err error) {
	found, err := scan.Read(bytes.NewReader(body), 1, b.Model().Dimensions)
	var counts struct {
		Usage struct {
			Prompt int `json:"prompt_tokens"`
			Total  int `json:"total_tokens"`
		} `json:"usage"`
	}
	_ = json.Unmarshal(found.Rest, &counts) // what is of another type stays 0
	u = wire.Usage(cmp.Or(counts.Usage.Prompt, counts.Usage.Total))
	if err != nil || len(found.Vectors) != 1 {
		return nil, u, b.Fail(embedding.Malformed, errors.New("the answer to a line is no vector"))
	}
	return found.Vectors[0], u, nil
}
