package bm25

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The Cells of the bodies, glasses!": {"cell", "body", "glasse"},
		"向量检索 API2":                         {"向量", "量检", "检索", "api2"},
		"好 和":                               {"好", "和"},
		" \n":                               nil,
	} {
		expect.Equal(t, text, Words(text), want)
	}
}
