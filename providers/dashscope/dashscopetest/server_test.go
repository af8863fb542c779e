package dashscopetest_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestSuccess(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	w := do(t, s, call{body: `{"model":"text-embedding-v4","input":["b c","a"],"dimensions":64,"encoding_format":"float","text_type":"query","instruct":"x","user":"u"}`})
	uuid := `[0-9a-f]{8}-[0-9a-f]{4}-9[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	number := `-?(\d\.\d+(e-\d+)?|0|1)`
	row := func(i string) string {
		return `\{"embedding":\[` + number + `(,` + number + `){63}\],"index":` + i + `,"object":"embedding"\}`
	}
	shape := regexp.MustCompile(`^\{"data":\[` + row("0") + "," + row("1") + `\],"model":"text-embedding-v4","object":"list",` +
		`"usage":\{"prompt_tokens":3,"total_tokens":3\},"id":"` + uuid + `"\}$`)
	if w.Code != 200 || !shape.Match(w.Body.Bytes()) {
		t.Fatalf("got %d and %s, want status 200 and the documented shape", w.Code, w.Body)
	}
	// Printed as doubles of float32, so with more digits than a float32 needs.
	if first := strings.Split(strings.Split(w.Body.String(), "[")[2], ",")[0]; len(strings.TrimLeft(first, "-0.")) < 14 {
		t.Errorf("%s has too few digits", first)
	}
	h := w.Header()
	for name, want := range map[string]string{
		"X-Dashscope-Call-Gateway": "true", "Server": "istio-envoy", "Content-Type": "application/json", "Req-Cost-Time": `\d+`,
		"X-Envoy-Upstream-Service-Time": `\d+`, "Req-Arrive-Time": `\d{13}`, "Resp-Start-Time": `\d{13}`, "X-Request-Id": uuid,
		"Vary": "Origin,.*", "Content-Length": strconv.Itoa(w.Body.Len()),
	} {
		if got := h.Get(name); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
	if !strings.Contains(w.Body.String(), `"id":"`+h.Get("X-Request-Id")+`"`) {
		t.Error("the body's id is not the header's")
	}
	expect.Equal(t, "Retry-After of a success", h.Get("Retry-After"), "")
}

func TestInputForms(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	one := vectors(t, s, `{"model":"text-embedding-v4","input":"same"}`)
	list := vectors(t, s, `{"model":"text-embedding-v4","input":["other","same"],"dimensions":1024}`)
	if len(one) != 1 || len(one[0]) != 1024 || len(list) != 2 {
		t.Fatalf("got %d vectors for one text and %d for two, want 1 of 1024 dimensions and 2", len(one), len(list))
	}
	for i, x := range one[0] {
		if x != list[1][i] {
			t.Fatal("a text's vector depends on its batch")
		}
	}
}

func TestBase64(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	want := vectors(t, s, `{"model":"text-embedding-v4","input":"a b"}`)[0]
	w := do(t, s, call{body: `{"model":"text-embedding-v4","input":"a b","encoding_format":"base64"}`})
	var a struct{ Data []struct{ Embedding string } }
	expect.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	raw, err := base64.StdEncoding.DecodeString(a.Data[0].Embedding)
	if err != nil || len(raw) != 4*len(want) {
		t.Fatalf("got %d bytes and the error %v, want %d and none", len(raw), err, 4*len(want))
	}
	for i, x := range want {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); got != x {
			t.Fatalf("coordinate %d: %v, as numbers %v", i, got, x)
		}
	}
}

func TestNative(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	w := do(t, s, call{path: dashscopetest.NativePath, body: `{"model":"text-embedding-v4","input":{"texts":["a","b"]},` +
		`"parameters":{"dimension":64,"text_type":"query","output_type":"dense","instruct":"find"}}`})
	var got struct {
		Output struct {
			Embeddings []struct {
				Index     *int      `json:"text_index"`
				Embedding []float32 `json:"embedding"`
			}
		}
		Usage     map[string]int
		RequestID string `json:"request_id"`
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || w.Code != 200 {
		t.Fatalf("got status %d and the error %v, want 200 and an answer without unknown fields", w.Code, err)
	}
	if got.RequestID != w.Header().Get("X-Request-Id") || len(got.Usage) != 1 || got.Usage["total_tokens"] != 2 ||
		len(got.Output.Embeddings) != 2 || *got.Output.Embeddings[1].Index != 1 {
		t.Fatalf("%+v", got)
	}
	// Documents get the vectors of the compatible path; text_type and instruct change those of
	// queries.
	vector := func(parameters string) []float32 {
		w := do(t, s, call{path: dashscopetest.NativePath, body: `{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{"dimension":64` + parameters + `}}`})
		got.Output.Embeddings = nil
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Output.Embeddings) != 1 {
			t.Fatalf("got %d, %s and the error %v, want status 200 and one vector", w.Code, w.Body, err)
		}
		return got.Output.Embeddings[0].Embedding
	}
	compatible := vectors(t, s, `{"model":"text-embedding-v4","input":["a"],"dimensions":64,"text_type":"query"}`)[0]
	query := vector(`,"text_type":"query"`)
	for _, parameters := range []string{``, `,"text_type":"document"`, `,"text_type":"document","instruct":"find"`} {
		expect.Equal(t, parameters+": vector on the native path", vector(parameters), compatible)
	}
	instructed := vector(`,"text_type":"query","instruct":"find"`)
	if slices.Equal(query, compatible) || slices.Equal(query, instructed) || slices.Equal(instructed, compatible) {
		t.Error("text_type or instruct takes no effect")
	}
	if c := embedding.Cosine(query, compatible); c < 0.5 {
		t.Errorf("a query is far from its document: %v", c)
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := open(t, dashscopetest.Options{})
	for _, path := range []string{"/", "/v1/embeddings", "/compatible-mode/v1/embeddings/", "/compatible-mode/v1/compatible-mode/v1/embeddings",
		"/compatible-mode/v1/embeddings/embeddings", "/api/v1/chat/completions", emulator.ControlPath + "ledger"} {
		if w := do(t, s, call{path: path}); w.Code != 404 || w.Body.Len() != 0 || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: got %d, %q and the headers %v, want status 404, no body and a request id", path, w.Code, w.Body, w.Header())
		}
	}
	refused(t, do(t, s, call{method: "GET"}), 400,
		`{"error":{"message":"Request method 'GET' is not supported.","type":"invalid_request_error","param":null,"code":"invalid_parameter_error"},"request_id":"ID"}`)
	refused(t, do(t, s, call{method: "GET", path: dashscopetest.NativePath}), 400,
		`{"code":"InvalidParameter","message":"Request method 'GET' is not supported.","request_id":"ID"}`)
	refused(t, do(t, s, call{path: "/api/v1/services/embeddings/multimodal-embedding/multimodal-embedding"}), 400,
		`{"code":"InvalidParameter","message":"url error, please check url！ For details, see: https://www.alibabacloud.com/help/en/model-studio/error-code#error-url","request_id":"ID"}`)
}

func TestKeys(t *testing.T) {
	const (
		intl = `{"error":{"message":"Incorrect API key provided. For details, see: https://www.alibabacloud.com/help/en/model-studio/error-code#apikey-error","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"ID"}`
		cn   = `{"error":{"message":"Incorrect API key provided. For details, see: https://help.aliyun.com/zh/model-studio/error-code#apikey-error","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"ID"}`
		bad  = `{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"ID"}`
		none = `{"code":"InvalidApiKey","message":"No API-key provided.","request_id":"ID"}`
	)
	keys := map[string]string{"sk-here": "", "sk-intl": "intl", "sk-cn": "cn"}
	s := open(t, dashscopetest.Options{KeyRegions: keys})
	china := open(t, dashscopetest.Options{KeyRegions: keys, Region: "cn"})
	for _, c := range []struct {
		s         *emulator.Server
		key, want string
	}{{s, "-", intl}, {s, "sk-test", intl}, {s, "sk-cn", intl}, {china, "sk-intl", cn}, {china, "sk-other", cn}} {
		refused(t, do(t, c.s, call{key: c.key}), 401, c.want)
	}
	native := dashscopetest.NativePath
	refused(t, do(t, s, call{path: native, key: "-"}), 401, none)
	refused(t, do(t, s, call{path: native, key: "sk-cn"}), 401, bad)
	for _, key := range []string{"sk-here", "sk-intl"} {
		expect.Equal(t, "the key "+key+": status", do(t, s, call{key: key}).Code, 200)
	}
	r := call{}.request(t.Context(), "http://emulator")
	r.Header.Set("Authorization", "Basic sk-here")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	expect.Equal(t, "status of a scheme other than Bearer", w.Code, 401)
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]dashscopetest.Options{
		"unknown region":        {Region: "mars"},
		"a key's region":        {KeyRegions: map[string]string{"sk-secret": "mars"}},
		"a key is blank":        {KeyRegions: map[string]string{" ": "cn"}},
		"negative":              {Options: emulator.Options{Settings: emulator.Settings{Rates: emulator.Rates{RPM: -1}}}},
		"latency":               {Options: emulator.Options{Settings: emulator.Settings{Latency: -1}}},
		"unknown model":         {Options: emulator.Options{Settings: emulator.Settings{Limits: map[string]embedding.Limits{"v4": {}}}}},
		"a limit of":            {Options: emulator.Options{Settings: emulator.Settings{Limits: map[string]embedding.Limits{"text-embedding-v4": {Texts: -1}}}}},
		`no fault "nonsense"`:   {Options: emulator.Options{Faults: []emulator.Fault{{Name: "nonsense"}}}},
		"between 0 and 1":       {Options: emulator.Options{Faults: []emulator.Fault{{Name: "reset", P: 2}}}},
		"takes no delay":        {Options: emulator.Options{Faults: []emulator.Fault{{Name: "reset", Delay: 1}}}},
		"begins another option": {Options: emulator.Options{Faults: []emulator.Fault{{Name: "slow", Match: "x,body:"}}}},
		"no error body":         {Options: emulator.Options{Faults: []emulator.Fault{{Name: "nan", Flat: true}}}},
		"sends no Retry-After":  {Options: emulator.Options{Faults: []emulator.Fault{{Name: "hang", RetryAfter: 1}}}},
		"takes no status":       {Options: emulator.Options{Faults: []emulator.Fault{{Name: "hang", Status: 400}}}},
		"between 200 and 599":   {Options: emulator.Options{Faults: []emulator.Fault{{Name: "answer", Status: 100}}}},
	} {
		o.Embedder = words{}
		if _, err := dashscopetest.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
