package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// operation maps the path of a request to Gemini's batch API to words: upload; download and a file;
// models and a model; batches, and a batch, and cancel. It returns nil for any other path.
func (v *Vendor) operation(path string) []string {
	if path == "/upload"+v.Batches+"/files" {
		return []string{"upload"}
	}
	if rest, ok := strings.CutPrefix(path, "/download"+v.Batches+"/files/"); ok {
		name, ok := strings.CutSuffix(rest, ":download")
		return []string{"download", name}[:btoi(ok)*2]
	}
	rest, _ := strings.CutPrefix(path, v.Batches+"/")
	if model, ok := strings.CutSuffix(rest, ":asyncBatchEmbedContent"); ok && strings.HasPrefix(model, "models/") {
		return strings.Split(model, "/")
	}
	if rest == "batches" {
		return []string{rest}
	}
	if name, ok := strings.CutPrefix(rest, "batches/"); ok {
		id, cancel := strings.CutSuffix(name, ":cancel")
		return []string{"batches", id, "cancel"}[:2+btoi(cancel)]
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// operate answers a request to Gemini's batch API.
func (x *exchange) operate(words []string, body []byte) {
	switch at := x.req.Method + " " + words[0] + strings.Repeat("/*", len(words)-1); {
	case at == "POST upload":
		x.resumable(body)
	case at == "GET download/*" && x.req.URL.Query().Get("alt") == "media":
		x.download(words[1])
	case at == "POST models/*":
		x.submitEmbeddings(words[1], body)
	case at == "GET batches":
		x.listOperations()
	case at == "GET batches/*", at == "POST batches/*/*":
		x.oneBatch("batches/"+words[1], len(words) == 3)
	default:
		x.noBatch(404, "no such path")
	}
}

// resumable takes the two requests of an upload: the first asks where to, the second has the file.
func (x *exchange) resumable(body []byte) {
	head := x.req.Header.Get
	switch id := x.req.URL.Query().Get("upload_id"); {
	case head("X-Goog-Upload-Protocol") == "resumable" && head("X-Goog-Upload-Command") == "start":
		scheme := "http://"
		if x.req.TLS != nil {
			scheme = "https://"
		}
		x.req.Out.Set("X-Goog-Upload-Status", "active")
		x.req.Out.Set("X-Goog-Upload-Url", scheme+x.req.Host+x.req.URL.Path+"?upload_protocol=resumable&upload_id="+x.keep(nil))
		x.send(200, "", nil)
	case head("X-Goog-Upload-Command") != "upload, finalize" || head("X-Goog-Upload-Offset") != "0":
		x.noBatch(400, "Request contains an invalid argument.")
	case !x.has(id):
		x.noBatch(404, "Requested entity was not found.")
	default:
		x.batches.files[id] = body
		if x.struck("batch-upload-lost") {
			x.abort = true
			return
		}
		x.json(map[string]any{"file": map[string]any{"name": "files/" + id, "mimeType": "application/jsonl", "sizeBytes": strconv.Itoa(len(body)), "state": "ACTIVE"}})
	}
}

func (x *exchange) has(file string) bool {
	_, ok := x.batches.files[file]
	return ok
}

// submitEmbeddings begins a batch. Names of fields may be of either form, as the service has it.
func (x *exchange) submitEmbeddings(model string, body []byte) {
	type input struct {
		Name  string `json:"file_name"`
		Camel string `json:"fileName"`
	}
	var asked struct {
		Batch struct {
			Name       string `json:"display_name"`
			CamelName  string `json:"displayName"`
			Input      input  `json:"input_config"`
			CamelInput input  `json:"inputConfig"`
		} `json:"batch"`
	}
	if _, unknown := x.find(model); unknown != nil {
		x.refuse(*unknown)
		return
	}
	err := json.Unmarshal(body, &asked)
	in, name := cmp.Or(asked.Batch.Input, asked.Batch.CamelInput), cmp.Or(asked.Batch.Name, asked.Batch.CamelName)
	file := cmp.Or(in.Name, in.Camel)
	data := x.batches.files[strings.TrimPrefix(file, "files/")]
	if err != nil || name == "" || data == nil || !strings.HasPrefix(file, "files/") {
		x.noBatch(400, "Request contains an invalid argument.")
		return
	}
	x.begin(&batch{
		ID: "batches/" + strings.ReplaceAll(requestID(), "-", ""), Input: file, Model: model, Metadata: map[string]string{"displayName": name},
		Status: "in_progress", Created: x.req.Arrived.Unix(), Hours: 48, keyed: true, begun: x.req.Arrived, auth: x.req.Header.Clone(),
	}, data)
}

var operationStates = map[string]string{"in_progress": "RUNNING", "completed": "SUCCEEDED", "failed": "FAILED", "expired": "EXPIRED"}

// asOperation is a batch in Gemini's form. Numbers of 64 bits are strings.
func (b *batch) asOperation() any {
	const kind = "type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch"
	c := b.Counts
	about := map[string]any{
		"@type": kind, "name": b.ID, "model": "models/" + b.Model, "displayName": b.Metadata["displayName"], "inputConfig": map[string]string{"fileName": b.Input},
		"createTime": b.begun.UTC().Format(time.RFC3339Nano), "state": "BATCH_STATE_" + cmp.Or(operationStates[b.Status], "CANCEL"+"LED"),
		"batchStats": map[string]string{
			"requestCount": strconv.Itoa(c.Total), "successfulRequestCount": strconv.Itoa(c.Completed), "failedRequestCount": strconv.Itoa(c.Failed),
			"pendingRequestCount": strconv.Itoa(c.Total - c.Completed - c.Failed),
		},
	}
	out := map[string]any{"name": b.ID, "metadata": about}
	if b.Status == "in_progress" {
		return out
	}
	out["done"] = true
	if b.Output != nil {
		file := map[string]string{"@type": kind + "Output", "responsesFile": "files/" + *b.Output}
		about["output"], out["response"] = file, file
	}
	if b.Status == "failed" {
		out["error"] = map[string]any{"code": b.code, "message": "The batch is not valid."}
	}
	return out
}

func (x *exchange) listOperations() {
	query := x.req.URL.Query()
	size, _ := strconv.Atoi(query.Get("pageSize"))
	from, _ := strconv.Atoi(query.Get("pageToken"))
	newest := slices.Clone(x.batches.all)
	slices.Reverse(newest)
	from = min(max(from, 0), len(newest))
	to := min(from+max(size, 1), len(newest))
	out := map[string]any{}
	for _, b := range newest[from:to] {
		all, _ := out["operations"].([]any)
		out["operations"] = append(all, b.asOperation())
	}
	if to < len(newest) {
		out["nextPageToken"] = strconv.Itoa(to)
	}
	x.json(out)
}

// asLine is the answer to a line in Gemini's form, which has no status.
func (l batchLine) asLine(status int, body []byte) string {
	key := `{"key":` + string(dialect.JSON(l.ID)) + `,`
	if status == http.StatusOK {
		return key + `"response":` + string(body) + "}\n"
	}
	return key + strings.TrimPrefix(string(body), "{") + "\n" // it has an error already
}
