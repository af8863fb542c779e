//go:build unix

package documents

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Opening a pipe waits for its writer, forever if there is none.
func TestFolderPipes(t *testing.T) {
	dir := written(t, map[string]string{"a.md": "alpha"})
	expect.NoError(t, syscall.Mkfifo(filepath.Join(dir, "notes.md"), 0o600))
	expect.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	parts, out, err := Folder(dir, Options{})
	expect.NoError(t, err)
	expect.Equal(t, "parts", told(parts, out), []string{"a.md#1 alpha", `"notes.md" is not a regular file but a pipe, a socket or a device`})
	if _, _, err := Folder(filepath.Join(dir, "pipe"), Options{}); err == nil {
		t.Error("got no error for a pipe in the place of the folder")
	}
}
