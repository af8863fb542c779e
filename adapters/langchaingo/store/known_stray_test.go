package store

import (
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
)

// A key belongs to an index if the index's name is followed by a colon; a longer name is another
// index.
func TestStrayed(t *testing.T) {
	for _, tc := range []struct {
		index  string
		id     any
		refuse bool
	}{
		{"notes", "doc:notes:1", false},
		{"notes", "doc:notes_old:1", true},
		{"notes", "doc:notes", true},
		{"notes", "doc:other:1", false}, // a user's own metadata: redisvector finds no such key
		{"notes", "mine", false},
		{"notes", 7, false},
		{"notes", nil, false},
		{"", "doc:notes_old:1", false}, // a store that has no such index
	} {
		s := &Store{index: tc.index}
		err := s.strayed(schema.Document{Metadata: map[string]any{"id": tc.id}})
		if (err != nil) != tc.refuse || err != nil && !strings.Contains(err.Error(), tc.id.(string)) {
			t.Errorf("index %q, id %v: %v", tc.index, tc.id, err)
		}
	}
}
