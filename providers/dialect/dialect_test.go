package dialect

import (
	"net/http"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{"Bearer k": "k", "bearer  k ": "k", "Basic k": "", "k": "", "": ""} {
		r := &Request{Request: &http.Request{Header: http.Header{"Authorization": {header}}}}
		expect.Equal(t, header, r.Bearer(), want)
	}
}
