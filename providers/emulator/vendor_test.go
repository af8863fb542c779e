package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
)

func acme() emulator.Vendor {
	return emulator.Vendor{
		Name: "acmetest", Dialect: openaidialect.New(), Base64: true,
		Models: []dialect.Model{{Model: embedding.Model{ID: "acme-1", Dimensions: 4, Limits: embedding.Limits{Texts: 2}}}},
		Faults: emulator.Faults(map[string]dialect.Refusal{
			emulator.RequestRate:   {Status: 429, Message: "slow down", Kind: embedding.RateLimited},
			emulator.TokenRate:     {Status: 429, Message: "fewer tokens", Kind: embedding.RateLimited},
			emulator.InternalError: {Status: 500, Message: "something broke", Kind: embedding.Unavailable},
		}),
	}
}

// A vendor that speaks OpenAI's wire, with a model and words of its own.
func ExampleNew() {
	service, err := emulator.New(acme(), emulator.Options{Faults: []emulator.Fault{{Name: emulator.InternalError, Next: 1}}})
	if err != nil {
		panic(err)
	}
	for _, body := range []string{`{"model":"acme-1","input":"a"}`, `{"model":"acme-1","input":["a","b","c"]}`, `{"model":"acme-1","input":["a","b"]}`} {
		r := httptest.NewRequest(http.MethodPost, "/v1/embeddings", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+emulator.DefaultKey)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), "something broke"))
	}
	fmt.Println(service.Ledger().Texts, "texts billed")
	// Output:
	// 500 true
	// 400 false
	// 200 false
	// 2 texts billed
}

func TestVendorLacksAFault(t *testing.T) {
	v := acme()
	v.Faults = v.Faults[:1]
	if _, err := emulator.New(v, emulator.Options{}); err == nil || !strings.Contains(err.Error(), "acmetest: Vendor.Faults lacks request-rate") {
		t.Errorf("got %v, want what Vendor.Faults lacks", err)
	}
}
