package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
// TREC's four columns (query ID, iteration, document ID, integer) are read too, and IDs may be
// numbers. Each file may be compressed, with .gz added to its name. A split of "" is "test".
// Queries of other splits are left out. Blank documents are kept and never found. Judgments of a
// missing query or document and repeated equal ones, which public sets have, are left out and
// counted; contradictory ones are an error.
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
	if err := r.judgments(qrels, asked, documents); err != nil {
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
			ID    *id     `json:"_id"`
			Title string  `json:"title"`
			Text  *string `json:"text"`
		}
		if !utf8.ValidString(line) {
			return errors.New("the line is not UTF-8")
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			return err
		}
		if entry.ID == nil || *entry.ID == "" {
			return errors.New(`there is no "_id"`)
		}
		switch id := string(*entry.ID); {
		case entry.Text == nil:
			return fmt.Errorf(`%q has no "text"`, id)
		case ids[id]:
			return fmt.Errorf("the id %q is not unique", id)
		}
		ids[string(*entry.ID)] = true
		out = append(out, Text{ID: string(*entry.ID), Title: strings.TrimSpace(entry.Title), Body: strings.TrimSpace(*entry.Text)})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s: the file is empty", name)
	}
	return out, ids, err
}

// id is a text or a number.
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	var number json.Number
	if b[0] != '"' && json.Unmarshal(b, &number) == nil {
		*i = id(number)
		return nil
	}
	return json.Unmarshal(b, (*string)(i))
}

func (r *Retrieval) judgments(name string, queries, documents map[string]bool) error {
	r.Judged = map[string]map[string]int{}
	relevant, first := false, true
	err := lines(name, func(line string) error {
		heading := first
		first = false
		if strings.TrimSpace(line) == "" {
			return nil
		}
		f := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if trec := strings.Fields(line); len(f) != 3 && len(trec) == 4 {
			f = []string{trec[0], trec[2], trec[3]}
		}
		if len(f) != 3 {
			return fmt.Errorf("got %d fields between tabs, want 3: query id, document id, judgment", len(f))
		}
		gain, err := whole(strings.TrimSpace(f[2]))
		known := queries[f[0]] && documents[f[1]]
		old, judged := r.Judged[f[0]][f[1]]
		switch {
		case err != nil && heading && !queries[f[0]]:
			return nil
		case err != nil:
			return fmt.Errorf("the judgment %q is not a whole number", f[2])
		case !known:
			r.Absent++
			return nil
		case judged && old == gain:
			r.Repeated++
			return nil
		case judged:
			return fmt.Errorf("document %q is judged twice for query %q: %d and %d", f[1], f[0], old, gain)
		}
		if r.Judged[f[0]] == nil {
			r.Judged[f[0]] = map[string]int{}
		}
		r.Judged[f[0]][f[1]] = gain
		relevant = relevant || gain > 0
		return nil
	})
	switch {
	case err != nil || relevant:
		return err
	case r.Absent > 0:
		return fmt.Errorf("%s: no document is relevant to any query; %d judgments are of queries or documents that are not there", name, r.Absent)
	}
	return fmt.Errorf("%s: no document is relevant to any query", name)
}

// whole reads a whole number, also as 1.0.
func whole(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && (v != math.Trunc(v) || math.Abs(v) > 1<<31) {
		err = strconv.ErrSyntax
	}
	return int(v), err
}
