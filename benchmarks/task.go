package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
)

// Task is a set to compare candidates on: Retrieval or Pairs.
type Task struct {
	Retrieval *datasets.Retrieval
	Pairs     *datasets.Pairs

	// Failure, in place of a set, says why it could not be read. The report shows it under Name.
	Failure error
	Name    string
}

func (t Task) name() string {
	switch {
	case t.Failure != nil:
		return t.Name
	case t.Retrieval != nil:
		return t.Retrieval.Name
	case t.Pairs != nil:
		return t.Pairs.Name
	}
	return ""
}

func (t Task) check() error {
	switch r, p := t.Retrieval, t.Pairs; {
	case t.Failure != nil && r == nil && p == nil:
		return nil
	case t.Failure != nil, (r == nil) == (p == nil):
		return errors.New("benchmarks: a Task needs exactly one of Retrieval, Pairs and Failure")
	case r != nil && (len(r.Documents) == 0 || len(r.Queries) == 0):
		return fmt.Errorf("benchmarks: %s has %d documents and %d queries: it needs both", r.Name, len(r.Documents), len(r.Queries))
	case p != nil && (len(p.First) != len(p.Gold) || len(p.Second) != len(p.Gold)):
		return fmt.Errorf("benchmarks: %s has %d and %d sentences and %d gold scores: it needs as many of each",
			p.Name, len(p.First), len(p.Second), len(p.Gold))
	case p != nil && len(p.Gold) < 3:
		return fmt.Errorf("benchmarks: %s has %d pairs: a correlation needs at least 3", p.Name, len(p.Gold))
	}
	return nil
}

// request is a text and its purpose.
type request struct {
	task embedding.Task
	text string
}

// requests returns the distinct texts of a task. It leaves out blank texts, which cannot be
// embedded.
func (t Task) requests() []request {
	var out []request
	seen := map[request]bool{}
	add := func(task embedding.Task, text string) {
		r := request{task, text}
		if strings.TrimSpace(text) != "" && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	if r := t.Retrieval; r != nil {
		for _, d := range r.Documents {
			add(embedding.TaskDocument, d.Embedded())
		}
		for _, q := range r.Queries {
			add(embedding.TaskQuery, q.Embedded())
		}
	}
	if p := t.Pairs; p != nil {
		for i := range p.Gold {
			add(embedding.TaskSimilarity, p.First[i])
			add(embedding.TaskSimilarity, p.Second[i])
		}
	}
	return out
}

// distinct returns the requests that a model answers differently: a text counts once if the model
// is Symmetric.
func distinct(requests []request, m embedding.Model) []request {
	if !m.Symmetric {
		return requests
	}
	seen := make(map[string]bool, len(requests))
	out := make([]request, 0, len(requests))
	for _, q := range requests {
		if !seen[q.text] {
			seen[q.text] = true
			out = append(out, request{text: q.text})
		}
	}
	return out
}

// samples returns short texts (queries, sentences) and long ones (documents, sentences) to measure
// the speed with. It cuts long ones at 1,000 bytes, so that a full batch stays within providers'
// limits.
func (t Task) samples() (short, long []string) {
	const most = 1000
	add := func(to *[]string, text string) {
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "")
		}
		if text = strings.TrimSpace(text); text != "" && len(*to) < 4096 {
			*to = append(*to, text)
		}
	}
	for _, r := range t.requests() {
		if r.task != embedding.TaskQuery {
			add(&long, r.text)
		}
		if r.task != embedding.TaskDocument {
			add(&short, r.text)
		}
	}
	return short, long
}
