package emulator

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// Faults of batch APIs. Each strikes once for a file, a batch or a download.
var batchFaults = []FaultInfo{
	{Name: "batch-upload-lost", Does: "a file is stored and the connection is reset"},
	{Name: "batch-submit-lost", Does: "a batch is begun and the connection is reset"},
	{Name: "batch-submit-429", Does: "no batch is begun: the account's rate is exceeded", Status: 429},
	{Name: "batch-refused", Does: "a batch fails at once: too much is waiting already (token_limit_exceeded)", Status: 200},
	{Name: "batch-half", Does: "a batch ends without an answer to half of its lines", Status: 200},
	{Name: "batch-expired", Does: "a batch expires when half of its lines are answered", Status: 200},
	{Name: "batch-errors", Does: "every fifth line has an error of the server", Status: 200},
	{Name: "batch-dimensions", Does: "every fifth vector has half its dimensions", Status: 200, Billed: true},
	{Name: "batch-duplicates", Does: "every fifth answer is there twice", Status: 200},
	{Name: "batch-strangers", Does: "there are answers to lines of nobody", Status: 200},
	{Name: "batch-cut", Does: "a file of answers ends in the middle of a line", Status: 200},
	{Name: "batch-drop", Does: "the connection is reset in the middle of a file of answers"},
}

// batches are the files and batches of an account.
type batches struct {
	mu    sync.Mutex
	files map[string][]byte
	all   []*batch // oldest first
}

// batch is a batch of requests, in the form of its answers.
type batch struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Endpoint string            `json:"endpoint"`
	Errors   any               `json:"errors"`
	Input    string            `json:"input_file_id"`
	Window   string            `json:"completion_window"`
	Status   string            `json:"status"`
	Output   *string           `json:"output_file_id"`
	Failed   *string           `json:"error_file_id"`
	Created  int64             `json:"created_at"`
	Counts   batchCounts       `json:"request_counts"`
	Metadata map[string]string `json:"metadata"`
	// Params are fields that all requests have, where the vendor takes them from the batch.
	Params map[string]json.RawMessage `json:"request_params,omitempty"`

	// Of Mistral's jobs.
	Inputs []string `json:"input_files,omitempty"`
	Model  string   `json:"model,omitempty"`
	Hours  int      `json:"timeout_hours,omitempty"`

	keyed bool // Gemini's: lines have a key and a request
	code  int  // of Gemini's failures
	begun time.Time
	auth  http.Header // of the request that began it
	lines []batchLine
}

type batchCounts struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
}

// batchLine is a line of an input file.
type batchLine struct {
	ID     string          `json:"custom_id"`
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body"`
}

// keyedLine is a line of Gemini's.
type keyedLine struct {
	Key     string          `json:"key"`
	Request json.RawMessage `json:"request"`
}

// read reads a line.
func (l *batchLine) read(line []byte, keyed bool) error {
	if !keyed {
		return json.Unmarshal(line, l)
	}
	var k keyedLine
	err := json.Unmarshal(line, &k)
	l.ID, l.Body = k.Key, k.Request
	return err
}

// batch answers a request to the batch API, and reports whether it was one.
func (x *exchange) batch() bool {
	words := x.vendor.batchPath(x.req.URL.Path)
	if words == nil {
		return false
	}
	body, err := io.ReadAll(x.req.Body)
	if err != nil {
		x.abort = true
		return true
	}
	if bad := x.admit(nil); bad != nil {
		x.refuse(*bad)
		return true
	}
	if f := x.strike(atGateway, nil); f != nil {
		x.fail(f)
		return true
	}
	x.batches.mu.Lock()
	defer x.batches.mu.Unlock()
	if x.vendor.BatchOperations {
		x.operate(words, body)
		return true
	}
	switch at := x.req.Method + " " + words[0] + strings.Repeat("/*", len(words)-1); {
	case at == "POST files":
		x.upload(body)
	case at == "GET files/*/*" && words[2] == "content":
		x.download(words[1])
	case at == "POST batches":
		x.submit(body)
	case at == "GET batches":
		x.listBatches()
	case at == "GET batches/*", at == "POST batches/*/*" && words[2] == "cancel":
		x.oneBatch(words[1], len(words) == 3)
	default:
		x.noBatch(404, "no such path")
	}
	return true
}

// batchPath returns the words of a path of the batch API, nil for any other path.
func (v *Vendor) batchPath(path string) []string {
	if v.BatchOperations {
		return v.operation(path)
	}
	path, ok := strings.CutPrefix(path, v.Batches+"/")
	if rest, jobs := strings.CutPrefix(path, "batch/jobs"); jobs && v.BatchJobs {
		path = "batches" + rest
	}
	words := strings.Split(path, "/")
	if v.Batches == "" || !ok || words[0] != "files" && words[0] != "batches" {
		return nil
	}
	return words
}

func (x *exchange) noBatch(status int, why string) {
	if x.vendor.BatchOperations {
		code := map[int]string{400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}[status]
		x.refuse(dialect.Refusal{Status: status, Code: code, Message: why})
		return
	}
	x.reply(dialect.Reply{Status: status, Body: dialect.JSON(map[string]any{"error": map[string]any{
		"message": why, "type": "invalid_request_error", "param": nil, "code": nil,
	}})})
}

func (x *exchange) json(v any) { x.reply(dialect.Reply{Status: 200, Body: dialect.JSON(v)}) }

// struck reports whether a fault of the batch API strikes.
func (x *exchange) struck(name string) bool { return x.strike(atBatch, named(name)) != nil }

func (x *exchange) keep(data []byte) string {
	id := "file-" + strings.ReplaceAll(requestID(), "-", "")
	if x.batches.files == nil {
		x.batches.files = map[string][]byte{}
	}
	x.batches.files[id] = data
	return id
}

func (x *exchange) upload(body []byte) {
	r := x.req.Clone(x.req.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	file, head, err := r.FormFile("file")
	if err != nil || r.FormValue("purpose") != "batch" {
		x.noBatch(400, "a file and the purpose batch are needed")
		return
	}
	data, err := io.ReadAll(file)
	if err != nil {
		x.abort = true
		return
	}
	id := x.keep(data)
	if x.struck("batch-upload-lost") {
		x.abort = true
		return
	}
	x.json(map[string]any{"id": id, "object": "file", "bytes": len(data), "created_at": x.req.Arrived.Unix(), "filename": head.Filename, "purpose": "batch", "status": "processed"})
}

func (x *exchange) download(id string) {
	data, ok := x.batches.files[id]
	switch {
	case !ok:
		x.noBatch(404, "No such File object")
	case x.struck("batch-cut"):
		x.send(200, "application/jsonl", data[:len(data)/2+1])
	case x.struck("batch-drop"):
		x.head(200, "application/jsonl", len(data))
		_, _ = x.w.Write(data[:len(data)/2])
		x.abort = true
	default:
		x.send(200, "application/jsonl", data)
	}
}

func (x *exchange) submit(body []byte) {
	b := &batch{
		ID: "batch_" + strings.ReplaceAll(requestID(), "-", ""), Object: "batch", Status: "in_progress", Created: x.req.Arrived.Unix(),
		begun: x.req.Arrived, auth: x.req.Header.Clone(),
	}
	data := x.batches.files[cmp.Or(b.read(body), "")]
	if data == nil {
		x.noBatch(400, "input_file_id, endpoint and completion_window are needed, and the file has to be there")
		return
	}
	x.begin(b, data)
}

// begin begins a batch of the lines of data.
func (x *exchange) begin(b *batch, data []byte) {
	if x.struck("batch-submit-429") {
		x.fault(Fault{Name: RequestRate})
		return
	}
	b.take(data, x.vendor.BatchLines)
	if b.Status != "failed" && x.struck("batch-refused") {
		b.fail("token_limit_exceeded", 0)
	}
	x.batches.all = append(x.batches.all, b)
	if x.struck("batch-submit-lost") {
		x.abort = true
		return
	}
	x.json(x.told(b))
}

// told is a batch in the vendor's form.
func (x *exchange) told(b *batch) any {
	if b.keyed {
		return b.asOperation()
	}
	if !x.vendor.BatchJobs {
		return b
	}
	status := map[string]string{"in_progress": "RUNNING", "completed": "SUCCESS", "failed": "FAILED", "expired": "TIMEOUT_EXCEEDED"}[b.Status]
	return map[string]any{
		"id": b.ID, "object": "batch", "input_files": b.Inputs, "metadata": b.Metadata, "endpoint": b.Endpoint, "model": b.Model,
		"output_file": b.Output, "error_file": b.Failed, "errors": []any{}, "status": cmp.Or(status, "CANCEL"+"LED"), "created_at": b.Created,
		"total_requests": b.Counts.Total, "completed_requests": b.Counts.Completed + b.Counts.Failed,
		"succeeded_requests": b.Counts.Completed, "failed_requests": b.Counts.Failed,
	}
}

// read reads what is asked for, and returns the input's id, "" if something is missing.
func (b *batch) read(body []byte) string {
	if json.Unmarshal(body, b) != nil || b.Endpoint == "" || b.Window == "" && b.Hours == 0 {
		return ""
	}
	if len(b.Inputs) == 1 {
		b.Input = b.Inputs[0]
	}
	return b.Input
}

// take reads the input, whose first wrong line makes the batch fail.
func (b *batch) take(data []byte, most int) {
	ids := map[string]bool{}
	for line := range bytes.Lines(data) {
		var l batchLine
		n := len(b.lines) + 1
		switch {
		case l.read(line, b.keyed) != nil:
			b.fail("invalid_json_line", n)
		case l.ID == "":
			b.fail("missing_required_parameter", n)
		case ids[l.ID]:
			b.fail("duplicate_custom_id", n)
		case (b.Params != nil || b.Hours > 0) && l.Method == "" && l.URL == "":
		case l.Method != http.MethodPost || l.URL != b.Endpoint:
			b.fail("mismatched_endpoint", n)
		case n > most:
			b.fail("too_many_requests", n)
		}
		if b.Status == "failed" {
			return
		}
		ids[l.ID] = true
		b.lines = append(b.lines, l)
	}
	b.Counts.Total = len(b.lines)
	if len(b.lines) == 0 {
		b.fail("empty_file", 0)
	}
}

// Codes of google.rpc.
const (
	invalidArgument   = 3
	resourceExhausted = 8
)

func (b *batch) fail(code string, line int) {
	b.Status, b.lines, b.code = "failed", nil, invalidArgument
	if code == "token_limit_exceeded" {
		b.code = resourceExhausted
	}
	b.Errors = map[string]any{"object": "list", "data": []any{map[string]any{"code": code, "message": "The batch is not valid.", "line": line}}}
}

func (x *exchange) listBatches() {
	limit, _ := strconv.Atoi(x.req.URL.Query().Get("limit"))
	if limit < 1 || limit > 100 {
		limit = 20
	}
	newest := slices.Clone(x.batches.all)
	slices.Reverse(newest)
	if after := x.req.URL.Query().Get("after"); after != "" {
		at := slices.IndexFunc(newest, func(b *batch) bool { return b.ID == after })
		newest = newest[at+1:]
	}
	if x.vendor.BatchJobs {
		n, _ := strconv.Atoi(x.req.URL.Query().Get("page"))
		size, _ := strconv.Atoi(x.req.URL.Query().Get("page_size"))
		from := min(max(n*size, 0), len(newest))
		told := []any{}
		for _, b := range newest[from:min(from+max(size, 0), len(newest))] {
			told = append(told, x.told(b))
		}
		x.json(map[string]any{"object": "list", "data": told, "total": len(newest)})
		return
	}
	page := newest[:min(limit, len(newest))]
	x.json(map[string]any{"object": "list", "data": page, "has_more": len(page) < len(newest)})
}

func (x *exchange) oneBatch(id string, cancel bool) {
	at := slices.IndexFunc(x.batches.all, func(b *batch) bool { return b.ID == id })
	if at < 0 {
		x.noBatch(404, "No such batch")
		return
	}
	b := x.batches.all[at]
	switch {
	case b.Status != "in_progress":
	case cancel:
		b.Status = "cancel" + "led" // so spelled
	case x.req.Arrived.Sub(b.begun) >= x.settings.BatchTime:
		x.finish(b)
	}
	if cancel && b.keyed {
		x.json(struct{}{})
		return
	}
	x.json(x.told(b))
}

// finish answers the lines of a batch, each as a request of its own.
func (x *exchange) finish(b *batch) {
	random := seeded(x.seed, "batch", strconv.Itoa(slices.Index(x.batches.all, b)))
	lines := slices.Clone(b.lines)
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	b.Status = "completed"
	var left []batchLine
	if half, expired := x.struck("batch-half"), x.struck("batch-expired"); half || expired {
		lines, left = lines[:len(lines)/2], lines[len(lines)/2:]
		if half {
			left = nil
		} else {
			b.Status = "expired"
		}
	}
	if b.keyed && b.Status == "expired" { // it has no results then, and no bill
		return
	}
	good, bad := x.answers(b, lines, random)
	for _, l := range left {
		bad = append(bad, fmt.Sprintf(`{"id":"batch_req_%s","custom_id":%s,"response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}}`+"\n",
			requestID(), dialect.JSON(l.ID)))
	}
	if b.keyed {
		good, bad = append(good, bad...), nil
	}
	b.Output, b.Failed = x.answerFile(good), x.answerFile(bad)
}

// answers runs lines and returns those of the two files of answers.
func (x *exchange) answers(b *batch, lines []batchLine, random *rand.Rand) (good, bad []string) {
	failing, narrow, twice, strangers := x.struck("batch-errors"), x.struck("batch-dimensions"), x.struck("batch-duplicates"), x.struck("batch-strangers")
	for i, l := range lines {
		status, body := 500, []byte(`{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`)
		fifth := i%5 == 4
		if !fifth || !failing {
			status, body = x.run(b, l)
		}
		if fifth && narrow && status == 200 {
			body = halved(body)
		}
		answer := fmt.Sprintf(`{"id":"batch_req_%s","custom_id":%s,"response":{"status_code":%d,"request_id":"%s","body":%s},"error":null}`+"\n",
			requestID(), dialect.JSON(l.ID), status, requestID(), body)
		if b.keyed {
			answer = l.asLine(status, body)
		}
		if status != 200 {
			b.Counts.Failed++
			bad = append(bad, answer)
			continue
		}
		b.Counts.Completed++
		good = append(good, answer)
		if fifth && twice {
			good = append(good, answer)
		}
		if fifth && strangers {
			id := dialect.JSON([]string{"999999:1", "0:999999", "", "of somebody else", strings.Replace(l.ID, ":", ":9", 1), l.ID + "9999999"}[random.IntN(6)])
			good = append(good, strings.Replace(answer, string(dialect.JSON(l.ID)), string(id), 1))
		}
	}
	random.Shuffle(len(good), func(i, j int) { good[i], good[j] = good[j], good[i] })
	return good, bad
}

// answerFile stores a file of answers and returns its id, nil if there is none.
func (x *exchange) answerFile(lines []string) *string {
	if len(lines) == 0 {
		return nil
	}
	id := x.keep([]byte(strings.Join(lines, "")))
	return &id
}

// run answers a line as the service answers a request, without the rates and the latency of those.
func (x *exchange) run(b *batch, l batchLine) (status int, body []byte) {
	path := x.vendor.Batches + "/embeddings"
	if b.keyed {
		path = x.vendor.Batches + "/models/" + b.Model + ":embedContent"
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(x.req.Context()), http.MethodPost, path, bytes.NewReader(b.request(l)))
	if err != nil {
		panic("emulator: " + err.Error()) // the path is ours
	}
	r.Header = b.auth
	w := &recorder{header: http.Header{}}
	inner := &exchange{Server: x.Server, w: w, settings: x.settings, books: x.books, req: &dialect.Request{Request: r, ID: requestID(), Arrived: time.Now(), Out: w.header}}
	inner.settings.Rates, inner.settings.Latency, inner.settings.Jitter = Rates{}, 0, 0
	inner.serve()
	if body = bytes.TrimSpace(w.body.Bytes()); inner.status == 0 || !json.Valid(body) {
		return 500, []byte(`{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`)
	}
	return inner.status, body
}

// request returns the body of a line's request.
func (b *batch) request(l batchLine) []byte {
	var fields map[string]json.RawMessage
	if b.Params == nil || json.Unmarshal(l.Body, &fields) != nil || fields == nil {
		return l.Body
	}
	maps.Copy(fields, b.Params)
	return dialect.JSON(fields)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// halved takes half of the numbers out of an answer with one vector.
func halved(body []byte) []byte {
	var one struct {
		Embedding struct {
			Values []float64 `json:"values"`
		} `json:"embedding"`
	}
	if json.Unmarshal(body, &one) == nil && one.Embedding.Values != nil { // Gemini's
		one.Embedding.Values = one.Embedding.Values[:len(one.Embedding.Values)/2]
		return dialect.JSON(one)
	}
	var answer map[string]json.RawMessage
	var data []map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer["data"], &data) != nil || len(data) != 1 {
		return body
	}
	var numbers []float64
	var packed string
	if json.Unmarshal(data[0]["embedding"], &numbers) == nil {
		data[0]["embedding"] = dialect.JSON(numbers[:len(numbers)/2])
	} else if json.Unmarshal(data[0]["embedding"], &packed) == nil {
		raw, _ := base64.StdEncoding.DecodeString(packed) // it is our own
		data[0]["embedding"] = dialect.JSON(raw[:len(raw)/8*4])
	}
	answer = maps.Clone(answer)
	answer["data"] = dialect.JSON(data)
	return dialect.JSON(answer)
}

// Batches returns the marks of the batches that were begun, oldest first: the values of their
// metadata.
func (s *Server) Batches() (marks []string) {
	s.batches.mu.Lock()
	defer s.batches.mu.Unlock()
	for _, b := range s.batches.all {
		for _, v := range b.Metadata {
			marks = append(marks, v)
		}
	}
	return marks
}
