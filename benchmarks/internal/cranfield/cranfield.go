// Package cranfield reads the test collection Cranfield 1400 for the tests of other packages.
package cranfield

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Write writes the collection in the folder from, in TREC's form, to the folder to, in the layout
// of BEIR. Judgments name a query by its place in the file, from 1, and so do the queries' IDs.
func Write(to, from string) error {
	documents, err := elements(filepath.Join(from, "cran.all.1400.xml"), "doc")
	if err != nil {
		return err
	}
	queries, err := elements(filepath.Join(from, "cran.qry.xml"), "top")
	if err != nil {
		return err
	}
	var corpus, asked, qrels bytes.Buffer
	for _, d := range documents {
		if err := line(&corpus, strings.TrimSpace(d.No), d.Text); err != nil {
			return err
		}
	}
	for i, q := range queries {
		if err := line(&asked, strconv.Itoa(i+1), q.Title); err != nil {
			return err
		}
	}
	judged, err := os.ReadFile(filepath.Join(from, "cranqrel.trec.txt"))
	if err != nil {
		return err
	}
	for l := range strings.Lines(string(judged)) {
		f := strings.Fields(l)
		if len(f) != 4 {
			return fmt.Errorf("cranqrel.trec.txt: got %d fields in a line, want 4", len(f))
		}
		fmt.Fprintf(&qrels, "%s\t%s\t%s\n", f[0], f[2], f[3])
	}
	if err := os.MkdirAll(filepath.Join(to, "qrels"), 0o700); err != nil {
		return err
	}
	for name, b := range map[string]*bytes.Buffer{"corpus.jsonl": &corpus, "queries.jsonl": &asked, "qrels/test.tsv": &qrels} {
		if err := os.WriteFile(filepath.Join(to, filepath.FromSlash(name)), b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// element is a document or a query.
type element struct {
	No    string `xml:"docno"`
	Text  string `xml:"text"`
	Title string `xml:"title"`
}

// elements reads a file of elements in a row, with or without a root.
func elements(name, tag string) (out []element, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == tag {
			var e element
			if err := d.DecodeElement(&e, &start); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, e)
		}
	}
}

func line(to *bytes.Buffer, id, text string) error {
	b, err := json.Marshal(map[string]string{"_id": id, "text": strings.Join(strings.Fields(text), " ")})
	to.Write(append(b, '\n'))
	return err
}
