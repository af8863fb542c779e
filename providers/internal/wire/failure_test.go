package wire

import "testing"

func TestReadFailure(t *testing.T) {
	for _, tc := range []struct{ body, code, typ, message, id string }{
		{`{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}`, "429", "RESOURCE_EXHAUSTED", "slow", ""},
		{`[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]`, "400", "INVALID_ARGUMENT", "bad", ""},
		{`{"error":"no model"}`, "", "", "no model", ""},
		{`{"error":"too long","error_type":"Validation"}`, "", "Validation", "too long", ""},
		{`{"message":"too long","code":413,"type":"Validation"}`, "413", "Validation", "too long", ""},
		{`{"id":"i","message":"no"}`, "", "", "no", "i"},
		{`{"detail":"no"}`, "", "", "no", ""},
		{`{"detail":{"message":"no","code":"X"}}`, "", "", "no", ""},
		{`{"detail":[{"msg":"one"},{"msg":"two"},null,true]}`, "", "", "one, two", ""},
		{`{"detail":{"error":"no"}}`, "", "", "no", ""},
		{`{"detail":"no","errors":[{"field":"task","message":"why","input":"x"}],"code":"X","request_id":"r"}`, "X", "", "no: why", "r"},
		{`{"error":{"message":"refused","code":400,"metadata":{"raw":"too fast","provider_name":"A"}}}`, "400", "", "refused: too fast", ""},
		{`{"error":{"message":"refused","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"too long\"}}"}}}`, "400", "", "refused: too long", ""},
		{`{"error":{"message":"refused","metadata":"odd"}}`, "", "", "refused", ""},
		{`{"error":{"message":"refused","metadata":{"raw":{"message":"odd"}}}}`, "", "", "refused: odd", ""},
		{`{"error":null,"request_id":7}`, "", "", "", "7"},
		{`{}`, "", "", "", ""},
		{`[]`, "", "", "", ""},
		{`"text"`, "", "", "text", ""}, // SiliconFlow's answer to a wrong key
		{` plain words `, "", "", "plain words", ""},
		{`<html><body>no</body></html>`, "", "", "", ""},
		{``, "", "", "", ""},
		{`{"error":"cut`, "", "", `{"error":"cut`, ""},
	} {
		f := ReadFailure(400, nil, []byte(tc.body))
		if f.Code != tc.code || f.Type != tc.typ || f.Message != tc.message || f.ID != tc.id {
			t.Errorf("%s: code %q, type %q, message %q, id %q", tc.body, f.Code, f.Type, f.Message, f.ID)
		}
	}
}

func TestSays(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":null}`: false, `{"error":""}`: false, `{"error":{}}`: false, `{"error":[]}`: false, `{"error":false}`: false, `{"error":{"code":0,"message":""}}`: false,
		`{}`: false, `{"error":"x"}`: true, `{"error":{"code":1}}`: true, `{"error":[{"message":"x"}]}`: true, `{"error":true}`: true,
	} {
		if got := ReadFailure(200, nil, []byte(body)).Named; got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
