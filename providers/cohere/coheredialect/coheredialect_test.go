package coheredialect_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheredialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: coheredialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "embed-v4.0", Dimensions: 256}, Lengths: []int{256, 512}},
		Open: func(base string) (embedding.Embedder, error) {
			return cohere.New(cohere.Options{Model: "embed-v4.0", Dimensions: 256, BaseURL: base + "/v2", Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskClassification, embedding.TaskClustering},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Words: "service unavailable", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Words: "invalid request: the cause"},
			embedding.Rejected:    {Status: 498, Words: "a text was rejected: the cause"},
			embedding.TooLarge:    {Status: 413, Words: "the cause"},
			embedding.Auth:        {Status: 401, Words: "invalid api token"},
			embedding.RateLimited: {Status: 429, Words: "rate limit exceeded"},
			embedding.Exhausted:   {Status: 402, Words: "billing limit reached"},
			embedding.Unavailable: {Status: 503, Words: "service unavailable"},
			embedding.Malformed:   {Status: 502, Words: "service unavailable", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 498, Words: "rejected: the cause", Read: embedding.Rejected},
		},
	})
}

// Small numbers are computed from the floats, whether the host has encoded them or not.
func TestTypes(t *testing.T) {
	d := coheredialect.New()
	v := []float32{0.5, -0.5, 1, 0, -1, 0.004, 0.25, -0.25, 0.125}
	for name, row := range map[string]dialect.Row{"values": {Vector: v}, "encoded": {Encoded: dialect.AppendNumbers(nil, v, 32)}} {
		r := &dialect.Request{Request: &http.Request{}, ID: "id", Out: http.Header{}}
		c, why := d.Parse(r, []byte(`{"model":"m","texts":["a"],"input_type":"search_query","embedding_types":["ubinary","int8","binary","uint8","base64","float","int8"]}`))
		if why == nil {
			why = d.Check(r, &c, dialect.Model{Model: embedding.Model{Dimensions: 9}}, nil)
		}
		if why != nil {
			t.Fatalf("%s: refused: %s", name, why.Text(nil))
		}
		got, _, _ := strings.Cut(string(d.Answer(nil, r, &c, dialect.Answer{Rows: []dialect.Row{row}})), `,"texts"`)
		expect.Equal(t, name, got, `{"id":"id","embeddings":{"float":[[0.5,-0.5,1,0,-1,0.004,0.25,-0.25,0.125]],"int8":[[64,-64,127,0,-127,1,32,-32,16]],`+
			`"uint8":[[192,64,255,128,1,129,160,96,144]],"binary":[[38,0]],"ubinary":[[166,128]],"base64":["AAAAPwAAAL8AAIA/AAAAAAAAgL9vEoM7AACAPgAAgL4AAAA+"]}`)
	}
	r := &dialect.Request{Request: &http.Request{}, Out: http.Header{}}
	c, _ := d.Parse(r, []byte(`{"model":"m","texts":["a"],"input_type":"search_query","embedding_types":["float","bits"]}`))
	if why := d.Check(r, &c, dialect.Model{Model: embedding.Model{Dimensions: 9}}, nil); why == nil || !strings.Contains(why.Text(nil), "among float, int8") {
		t.Errorf("got %v for an unknown type, want a refusal", why)
	}
}
