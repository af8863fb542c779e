package command

import (
	"runtime"
	"testing"
)

func TestVersion(t *testing.T) {
	for _, word := range []string{"version", "-version", "--version"} {
		code, out, errs := vecspace(t, "", word)
		ended(t, code, 0, out+errs, "vecspace ", runtime.Version())
	}
}
