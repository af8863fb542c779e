package main

import (
	"net/http/httptest"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestJobs: every text gets its own vector, from our chain and from the windows around the others.
func TestJobs(t *testing.T) {
	server := httptest.NewServer(newMock())
	t.Cleanup(server.Close)
	all, want := texts(205), vectors()
	base := server.URL + "/plain/v1"
	mine, err := ourJobs(base)
	expect.NoError(t, err)
	theirs, err := rivalJobs(base)
	expect.NoError(t, err)
	for _, j := range append(mine, theirs...) {
		got, err := j.embed(t.Context(), all)
		if err == nil {
			err = check(got, 0, len(all), want)
		}
		if err != nil {
			t.Errorf("%s, %s: got the error %v, want none", j.name, j.how, err)
		}
		if j.close != nil {
			j.close()
		}
	}
}
