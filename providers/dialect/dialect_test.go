package dialect

import (
	"net/http"
	"testing"
)

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{"Bearer k": "k", "bearer  k ": "k", "Basic k": "", "k": "", "": ""} {
		r := &Request{Request: &http.Request{Header: http.Header{"Authorization": {header}}}}
		if got := r.Bearer(); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}
