package main

import (
	"net/http/httptest"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestClients: every client, ours and the rivals', gets the vectors that the server sent, in both
// formats.
func TestClients(t *testing.T) {
	server := httptest.NewServer(newMock())
	t.Cleanup(server.Close)
	all, want := texts(100), vectors()
	for _, asBase64 := range []bool{false, true} {
		base := server.URL + "/plain/v1"
		mine, err := ours(base, asBase64, 100)
		expect.NoError(t, err)
		theirs, err := rivals(base, asBase64)
		expect.NoError(t, err)
		for _, c := range append(mine, theirs...) {
			for _, n := range []int{1, 10, 100} {
				got, err := c.embed(t.Context(), all[:n])
				if err == nil {
					err = check(got, 0, n, want)
				}
				if err != nil || !glance(got, 0, n, want) {
					t.Errorf("%s, base64 %v, %d texts: %v", c.name, asBase64, n, err)
				}
			}
			if c.close != nil {
				c.close()
			}
		}
	}
}
