package vendortest

import (
	"fmt"
	"regexp"
	"strings"
)

// Origin is where a body was seen, as part of a line of testdata/errors.jsonl. Confidence is A for a capture or the
// server's own source, B for one with a part put together (the frame of another capture around a quoted message), and
// "unverified" for a body that nobody showed, whatever is named as the source of a part of it.
type Origin struct {
	Source     string `json:"source"`  // an address first, then in parentheses what of the body is not from there
	Commit     string `json:"commit"`  // of the file that the address names; "": it is a thread or a page, which may change
	Version    string `json:"version"` // of the server that gave this answer when we ran it
	Confidence string `json:"confidence"`
}

// Pinned says whether anyone can look the body up and will find it unchanged: a file at a commit, or a server of a version.
func (o Origin) Pinned() bool { return o.Commit != "" || o.Version != "" }

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Check says what of an origin contradicts the rest.
func (o Origin) Check() error {
	address, _, _ := strings.Cut(o.Source, " ")
	if !strings.HasPrefix(address, "https://") {
		address = ""
	}
	switch {
	case o.Confidence != "A" && o.Confidence != "B" && o.Confidence != "unverified":
		return fmt.Errorf("there is no confidence %q", o.Confidence)
	case o.Commit != "" && !commit.MatchString(o.Commit):
		return fmt.Errorf("the commit %q is not 40 hex digits", o.Commit)
	case o.Commit != "" && !strings.Contains(address, "/"+o.Commit+"/"):
		return fmt.Errorf("the commit %s is not in the address %q, which has to be the file's at that commit", o.Commit, address)
	case o.Commit == "" && o.Confidence != "unverified" && strings.Contains(address, "/blob/"):
		return fmt.Errorf("the file %s has no commit", address)
	case o.Confidence == "unverified" && o.Pinned():
		return fmt.Errorf("it has a commit or a version and is unverified")
	case o.Confidence != "unverified" && address == "" && o.Version == "":
		return fmt.Errorf("confidence %s, and neither an address nor the version of a server", o.Confidence)
	}
	return nil
}
