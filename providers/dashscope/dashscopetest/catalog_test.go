package dashscopetest_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// errorBodies are the whole answers to the error faults, on the compatible path in region cn.
//
//nolint:misspell // the service's own words
var errorBodies = map[string]struct {
	status int
	body   string
}{
	"auth":              {401, gateway("Incorrect API key provided. For details, see: https://help.aliyun.com/zh/model-studio/error-code#apikey-error", "invalid_request_error", "invalid_api_key")},
	"auth-2":            {401, gateway("Incorrect API key provided. ", "invalid_request_error", "invalid_api_key")},
	"no-key":            {401, gateway("Incorrect API key provided. For details, see: https://help.aliyun.com/zh/model-studio/error-code#apikey-error", "invalid_request_error", "invalid_api_key")},
	"model-not-found":   {404, gateway("Model can not be found.", "invalid_request_error", "model_not_found")},
	"arrearage":         {400, gateway("Access denied, please make sure your account is in good standing. For details, see: https://help.aliyun.com/zh/model-studio/error-code#overdue-payment", "Arrearage", "Arrearage")},
	"inspection":        {400, inspection},
	"request-rate":      {429, gateway("You have exceeded your current request limit. For details, see: https://help.aliyun.com/zh/model-studio/error-code#rate-limit", "limit_requests", "limit_requests")},
	"request-rate-2":    {429, gateway("You have exceeded your request limit.", "limit_requests", "limit_requests")},
	"request-rate-3":    {429, gateway("Requests rate limit exceeded, please try again later.", "limit_requests", "limit_requests")},
	"requests-list":     {429, gateway("You exceeded your current requests list.", "LimitRequests", "LimitRequests")},
	"burst-rate":        {429, gateway(burstRate, "limit_burst_rate", "limit_burst_rate")},
	"token-rate":        {429, gateway(tokenRate, "insufficient_quota", "insufficient_quota")},
	"token-rate-2":      {429, gateway("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota")},
	"batch-throttled":   {429, gateway("Too many requests. Batch requests are being throttled due to system capacity limits. Please try again later.", "Throttling", "Throttling")},
	"throttling":        {429, gateway("Requests throttling triggered.", "Throttling", "Throttling")},
	"throttling-route":  {429, gateway("Too many requests in route. Please try again later.", "Throttling", "Throttling")},
	"free-quota":        {429, gateway("Free allocated quota exceeded.", "insufficient_quota", "insufficient_quota")},
	"free-tier-only":    {403, gateway(`The free tier of the model has been exhausted. If you want to continue access the model on a paid basis, please disable the \"use free tier only\" mode.`, "AllocationQuota.FreeTierOnly", "AllocationQuota.FreeTierOnly")},
	"not-purchased":     {429, gateway("Commodity has not purchased yet.", "CommodityNotPurchased", "CommodityNotPurchased")},
	"prepaid-overdue":   {429, gateway("The prepaid bill is overdue.", "PrepaidBillOverdue", "PrepaidBillOverdue")},
	"postpaid-overdue":  {429, gateway("The postpaid bill is overdue.", "PostpaidBillOverdue", "PostpaidBillOverdue")},
	"budget-exceeded":   {429, gateway("The budget limit is exceeded.", "BudgetLimitExceeded", "BudgetLimitExceeded")},
	"inner-500":         {400, algo("<500> InternalError.Algo: Receive batching backend response failed!")},
	"internal-error":    {500, gateway("An internal error has occured, please try again later or contact service support.", "internal_error", "internal_error")},
	"serving-error":     {500, strings.ReplaceAll(algo("<500> InternalError.Algo: An error occurred in model serving, error message is: [Inference engine abort. Finish reason: [UNKNOWN].]"), "InvalidParameter", "internal_server_error")},
	"algo-error":        {500, gateway("inference internal error.", "InternalError.Algo", "InternalError.Algo")},
	"batching-error":    {500, gateway("Receive batching backend response failed!", "InternalError.Algo", "InternalError.Algo")},
	"internal-timeout":  {500, gateway("An internal timeout error has occured during execution, please try again later or contact service support.", "InternalError.Timeout", "InternalError.Timeout")},
	"request-timeout":   {500, gateway("Request timed out, please try again later.", "RequestTimeOut", "RequestTimeOut")},
	"overloaded":        {503, gateway("Too many requests. Your requests are being throttled due to system capacity limits.", "ModelServingError", "ModelServingError")},
	"model-unavailable": {503, gateway("Model is unavailable, please try again later.", "ModelUnavailable", "ModelUnavailable")},
	"unpurchased":       {403, gateway("Access to model denied. Please make sure you are eligible for using the model.", "AccessDenied.Unpurchased", "AccessDenied.Unpurchased")},
	"access-denied":     {403, gateway("Access denied.", "access_denied", "access_denied")},
	"model-access":      {403, gateway("Model access denied.", "Model.AccessDenied", "Model.AccessDenied")},
	"workspace-access":  {403, gateway("Workspace access denied.", "Workspace.AccessDenied", "Workspace.AccessDenied")},
	"not-authorized":    {401, gateway("Access denied: Either you are not authorized to access this workspace, or the workspace does not exist.", "NOT AUTHORIZED", "NOT AUTHORIZED")},
	"flat":              {429, flat("Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")},
	"error-200":         {200, gateway("An internal error has occured, please try again later or contact service support.", "internal_error", "internal_error")},
	"html-502":          {502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"},
	"empty-503":         {503, ""},
}

const inspection = `{"error":{"message":"<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.","type":"data_inspection_failed","param":null,"code":"data_inspection_failed"},"id":"ID","request_id":"ID"}`

// flats are errors of the native path that differ from the envelope's code and message.
//
//nolint:misspell // the service's own words
var flats = map[string]string{
	"auth":           flat("InvalidApiKey", "Invalid API-key provided."),
	"no-key":         flat("InvalidApiKey", "No API-key provided."),
	"inspection":     flat("DataInspectionFailed", "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."),
	"request-rate":   flat("Throttling.RateQuota", "Requests rate limit exceeded, please try again later."),
	"burst-rate":     flat("Throttling.BurstRate", burstRate),
	"token-rate":     flat("Throttling.AllocationQuota", tokenRate),
	"free-quota":     flat("Throttling.AllocationQuota", "Free allocated quota exceeded."),
	"internal-error": flat("InternalError", "An internal error has occured, please try again later or contact service support."),
	"arrearage":      flat("Arrearage", "Access denied, please make sure your account is in good standing. For details, see: https://help.aliyun.com/zh/model-studio/error-code#overdue-payment"),
	"access-denied":  flat("AccessDenied", "Access denied."),
}

// otherFaults have a test of their own below.
var otherFaults = []string{"answer", "kill", "restart", "reset", "hang", "overlength-hang", "bad-text", "base64-400", "base64-ignore", "slow", "shuffled", "wrong-count",
	"duplicate-index", "null-vector", "wrong-dimensions", "nan", "truncated", "cut-off", "drift"}

func TestErrorFaults(t *testing.T) {
	for _, info := range dashscopetest.Catalog() {
		want, ok := errorBodies[info.Name]
		if !ok {
			if !slices.Contains(otherFaults, info.Name) {
				t.Errorf("fault %s has no test", info.Name)
			}
			continue
		}
		s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: info.Name, Next: 2}}}, Region: "cn"})
		refused(t, do(t, s, call{}), want.status, want.body)
		expect.Equal(t, "status of "+info.Name+" in the catalog", info.Status, want.status)
		w := do(t, s, call{path: dashscopetest.NativePath})
		if body, ok := flats[info.Name]; ok {
			refused(t, w, want.status, body)
		} else if strings.HasPrefix(want.body, "{") && (w.Code != want.status || !strings.HasPrefix(w.Body.String(), `{"code":"`)) {
			t.Errorf("%s: got %d and %s, want status %d and a flat error", info.Name, w.Code, w.Body, want.status)
		}
		if w := do(t, s, call{}); w.Code != 200 {
			t.Error(info.Name, "struck more often than asked", w.Code)
		}
		l := s.Ledger()
		if f := s.Faults()[0]; l.Faults[info.Name] != 2 || f.Injected != 2 || l.Billed != 1 || l.Texts != 1 || l.Lost+l.Spoiled != 0 {
			t.Errorf("%s: %+v %+v", info.Name, l, f)
		}
	}
}

func TestFlatAndRetryAfter(t *testing.T) {
	s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "auth", Flat: true, RetryAfter: 1500 * time.Millisecond}}}})
	w := do(t, s, call{})
	refused(t, w, 401, flat("InvalidApiKey", "Invalid API-key provided."))
	expect.Equal(t, "Retry-After", w.Header().Get("Retry-After"), "2")
	expect.Equal(t, "Retry-After of a wrong key", do(t, s, call{key: "other"}).Header().Get("Retry-After"), "")
}

// Every known body of the service can be produced: by a fault's name or by a request that deserves
// it, and word for word by the fault answer.
func TestEveryKnownBody(t *testing.T) {
	type refusal struct {
		Name   string `json:"name"`
		Status int    `json:"status"`
		Body   string `json:"body"`
		Code   string `json:"code"`
	}
	data, err := os.ReadFile(filepath.Join("..", "testdata", "errors.jsonl"))
	expect.NoError(t, err)
	known := map[string]bool{}
	learn := func(w *httptest.ResponseRecorder) {
		var b struct {
			Code  string
			Error struct{ Code, Type string }
		}
		if json.Unmarshal(w.Body.Bytes(), &b) == nil {
			for _, code := range []string{b.Code, b.Error.Code, b.Error.Type} {
				known[fmt.Sprint(w.Code, " ", code)] = true
			}
		}
	}
	for _, info := range dashscopetest.Catalog() {
		if _, ok := errorBodies[info.Name]; ok {
			s := open(t, dashscopetest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: info.Name}}}})
			learn(do(t, s, call{}))
			learn(do(t, s, call{path: dashscopetest.NativePath}))
		}
	}
	s := open(t, dashscopetest.Options{})
	for _, body := range []string{`{"input":"a"}`, `{"model":"v9","input":"a"}`, `{"model":"qwen3-vl-embedding","input":"a"}`, `{"model":"text-embedding-v4","input":""}`,
		`{"model":"text-embedding-v4","input":"` + strings.Repeat("x", 16<<20) + `"}`} {
		learn(do(t, s, call{body: body}))
	}
	for _, body := range []string{`{}`, `{"model":"text-embedding-v4","input":{"texts":["a"]}}`, `{"model":"text-embedding-v4","parameters":{}}`,
		`{"model":"text-embedding-v4","input":"a","parameters":{}}`} {
		learn(do(t, s, call{path: dashscopetest.NativePath, body: body}))
	}
	learn(do(t, s, call{method: "GET"}))

	n := 0
	for line := range strings.Lines(string(data)) {
		var r refusal
		expect.NoError(t, json.Unmarshal([]byte(line), &r))
		n++
		expect.NoError(t, s.SetFaults(emulator.Fault{Name: "answer", Status: r.Status, Body: r.Body}))
		if w := do(t, s, call{}); w.Code != r.Status || w.Body.String() != r.Body {
			t.Errorf("%s: %d %s", r.Name, w.Code, w.Body)
		}
		if r.Status >= 400 && r.Code != "" && !known[fmt.Sprint(r.Status, " ", r.Code)] {
			t.Errorf("%s: no fault and no request is answered with %d %s", r.Name, r.Status, r.Code)
		}
	}
	if n < 60 {
		t.Errorf("only %d bodies were read", n)
	}
}

func TestVerbatim(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	set := func(spec string) {
		t.Helper()
		f, err := dashscopetest.ParseFault(spec)
		if err == nil {
			err = s.SetFaults(f)
		}
		expect.NoError(t, err)
	}
	set(`answer=status:418,retry_after:3s,body:{"a":"b,c:d","id":"{id}"}`)
	w := do(t, s, call{})
	refused(t, w, 418, `{"a":"b,c:d","id":"ID"}`)
	expect.Equal(t, "Retry-After", w.Header().Get("Retry-After"), "3")
	set("answer")
	refused(t, do(t, s, call{}), 500, "")
}
