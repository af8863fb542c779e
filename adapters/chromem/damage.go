package chromem

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// gobs reports whether dir holds files of an index. It does not use filepath.Glob because dir may
// contain the characters of a pattern.
func gobs(dir string) bool {
	files, err := fs.Glob(os.DirFS(dir), "*/*.gob")
	return err == nil && len(files) > 0 // only a bad pattern is an error
}

// damaged returns the error for damaged files. It names at most three.
func damaged(dir string, bad ...string) error {
	for _, name := range bad {
		if filepath.Base(name) == nameFile {
			return fmt.Errorf("chromem: %s is corrupt: delete this file, and the next AddDocuments to its collection writes it again", name)
		}
	}
	if len(bad) == 1 {
		return fmt.Errorf("chromem: %s is corrupt: delete this file and add its document again, or delete the folder %s and index again", bad[0], dir)
	}
	names := strings.Join(bad[:min(3, len(bad))], ", ")
	return fmt.Errorf("chromem: %d files are corrupt, among them %s: delete them and add their documents again, or delete the folder %s and index again", len(bad), names, dir)
}
