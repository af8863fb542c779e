package main

import (
	"strings"
	"testing"
)

// Errors of an address do not quote its password.
func TestAddressesOfPostgres(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://me:secret@localhost:1/db?connect_timeout=5": "failed to connect",
		"postgres://me:secret@localhost:port/db":                "cannot parse",
		"postgres://me:secret@localhost/db?sslmode=maybe":       "sslmode",
	} {
		_, err := postgres{}.Open(t.Context(), address, "v")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got the error %v, want %q in it and no password", address, err, want)
		}
	}
}
