package vendortest

import (
	"fmt"
	"regexp"
	"strings"
)

// Origin says where a body was seen, as part of a line of testdata/errors.jsonl. Confidence is A
// for a capture or the server's own source, B for a body that was put together in part (the frame
// of another capture around a quoted message), and "unverified" for a body that nobody showed.
type Origin struct {
	// Source is an address, then in parentheses what of the body is from elsewhere.
	Source string `json:"source"`
	// Commit is the commit of the file at the address. "" means a thread or a page, which may change.
	Commit string `json:"commit"`
	// Version is the version of a server that we ran for this answer.
	Version    string `json:"version"`
	Confidence string `json:"confidence"`
}

// Pinned reports whether the body can be looked up unchanged: in a file at a commit, or from a
// server of a version.
func (o Origin) Pinned() bool { return o.Commit != "" || o.Version != "" }

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Check reports contradictions in an origin.
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
