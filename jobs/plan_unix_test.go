//go:build unix

package jobs

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A pipe can be read once, and a job reads twice.
func TestNewPlanRefusesPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	expect.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{pipe}, Out: filepath.Join(t.TempDir(), "out")})
	refused(t, err, "a pipe", "write it to a file first")
}
