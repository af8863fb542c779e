package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// LoadRetrieval reads a folder in BEIR's layout:
//
//	corpus.jsonl          {"_id": "...", "title": "...", "text": "..."} per line
//	queries.jsonl         {"_id": "...", "text": "..."} per line (or queries.SPLIT.jsonl)
//	qrels/SPLIT.tsv       query ID, document ID, integer; a heading is skipped
//
// Each file may be compressed, with .gz added to its name. A split of "" is "test". Queries of
// other splits are left out. Blank documents are kept and never found.
func LoadRetrieval(dir, split string) (*Retrieval, error) {
	if split == "" {
		split = "test"
	}
	file := func(names ...string) (string, error) {
		var paths []string
		for _, name := range names {
			path := filepath.Join(dir, filepath.FromSlash(name))
			paths = append(paths, path, path+".gz")
		}
		return firstFile(paths...)
	}
	corpus, err := file("corpus.jsonl")
	if err != nil {
		return nil, err
	}
	queries, err := file("queries.jsonl", "queries."+split+".jsonl")
	if err != nil {
		return nil, err
	}
	qrels, err := file("qrels/" + split + ".tsv")
	if err != nil {
		return nil, err
	}
	r := &Retrieval{Name: filepath.Base(filepath.Clean(dir))}
	var documents, asked map[string]bool
	if r.Documents, documents, err = entries(corpus); err != nil {
		return nil, err
	}
	if r.Queries, asked, err = entries(queries); err != nil {
		return nil, err
	}
	for _, q := range r.Queries {
		if strings.TrimSpace(q.Body) == "" {
			return nil, fmt.Errorf("%s: query %q is blank", queries, q.ID)
		}
	}
	if r.Judged, err = judgments(qrels, asked, documents); err != nil {
		return nil, err
	}
	r.Queries = slices.DeleteFunc(r.Queries, func(q Text) bool { return r.Judged[q.ID] == nil })
	return r, nil
}

// entries reads a file with one JSON object per line, and the set of IDs.
func entries(name string) ([]Text, map[string]bool, error) {
	var out []Text
	ids := map[string]bool{}
	err := lines(name, func(line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		var entry struct {
			ID    *string `json:"_id"`
			Title string  `json:"title"`
			Text  *string `json:"text"`
		}
		if !utf8.ValidString(line) {
			return errors.New("the line is not UTF-8")
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			return err
		}
		switch {
		case entry.ID == nil || *entry.ID == "":
			return errors.New(`there is no "_id"`)
		case entry.Text == nil:
			return fmt.Errorf(`%q has no "text"`, *entry.ID)
		case ids[*entry.ID]:
			return fmt.Errorf("the id %q is not unique", *entry.ID)
		}
		ids[*entry.ID] = true
		out = append(out, Text{ID: *entry.ID, Title: strings.TrimSpace(entry.Title), Body: strings.TrimSpace(*entry.Text)})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s: the file is empty", name)
	}
	return out, ids, err
}

func judgments(name string, queries, documents map[string]bool) (map[string]map[string]int, error) {
	out := map[string]map[string]int{}
	relevant, first := false, true
	err := lines(name, func(line string) error {
		heading := first
		first = false
		if strings.TrimSpace(line) == "" {
			return nil
		}
		f := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if len(f) != 3 {
			return fmt.Errorf("got %d fields between tabs, want 3: query id, document id, judgment", len(f))
		}
		gain, err := strconv.Atoi(strings.TrimSpace(f[2]))
		switch {
		case err != nil && heading && !queries[f[0]]:
			return nil
		case err != nil:
			return fmt.Errorf("the judgment %q is not a whole number", f[2])
		case !queries[f[0]]:
			return fmt.Errorf("there is no query %q", f[0])
		case !documents[f[1]]:
			return fmt.Errorf("there is no document %q", f[1])
		}
		if out[f[0]] == nil {
			out[f[0]] = map[string]int{}
		}
		if _, twice := out[f[0]][f[1]]; twice {
			return fmt.Errorf("document %q is judged twice for query %q", f[1], f[0])
		}
		out[f[0]][f[1]] = gain
		relevant = relevant || gain > 0
		return nil
	})
	if err == nil && !relevant {
		err = fmt.Errorf("%s: no document is relevant to any query", name)
	}
	return out, err
}
