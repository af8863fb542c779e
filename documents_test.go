package embedding

import (
	"context"
	"testing"
)

func TestDocumentsAndQuery(t *testing.T) {
	row := []float32{1, 2}
	var tasks []Task
	e := fn{Model{Dimensions: 2}, func(_ context.Context, req Request) (Response, error) {
		tasks = append(tasks, req.Task)
		res := Response{}
		for range req.Texts {
			res.Vectors = append(res.Vectors, row)
		}
		return res, nil
	}}
	docs, err := Documents(t.Context(), e, []string{"a", "b"})
	if err != nil || len(docs) != 2 {
		t.Fatalf("got %v and %v, want two vectors", docs, err)
	}
	docs[0][0] = 9
	_ = append(docs[0], 7)
	if row[0] != 1 || docs[1][0] != 1 {
		t.Error("the rows are not the caller's own")
	}
	q, err := Query(t.Context(), e, "a")
	if err != nil || len(q) != 2 || len(tasks) != 2 || tasks[0] != TaskDocument || tasks[1] != TaskQuery {
		t.Errorf("got the query %v, the tasks %v and %v", q, tasks, err)
	}
	if none, err := Documents(t.Context(), e, nil); none != nil || err != nil {
		t.Errorf("no texts: got %v and %v, want neither vectors nor an error", none, err)
	}
	docs, err = Documents(t.Context(), e, []string{"a", "", "c"})
	if KindOf(err) != Partial || len(docs) != 3 || docs[0] == nil || docs[1] != nil || docs[2] == nil {
		t.Errorf("got %v and %v, want rows for all but the blank text", docs, err)
	}
	if _, err := Query(t.Context(), e, ""); KindOf(err) != Rejected {
		t.Errorf("a blank query: got %v, want Rejected", err)
	}
}
