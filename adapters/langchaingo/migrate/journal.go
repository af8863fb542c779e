package migrate

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/variant"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/internal/whole"
)

// journalFormat is the version of the journal's format.
const journalFormat = 1

// maxFailed limits the rejected documents that a journal lists. It counts all of them, and each one
// is in its Step.
const maxFailed = 1000

// journal records the progress of a migration. The documents up to After are in the new collection
// or were rejected. Those of Pending may be in it.
type journal struct {
	name string

	Format     int             `json:"format"`
	Owner      string          `json:"owner"` // the run that writes to it
	From       string          `json:"from"`
	FromName   string          `json:"from_name"`
	To         string          `json:"to"`
	ToName     string          `json:"to_name"`
	Space      embedding.Space `json:"space"`
	Variant    string          `json:"variant,omitempty"`
	Dimensions int             `json:"dimensions"`

	After    string   `json:"after"`
	Read     int      `json:"read"`
	Moved    int      `json:"moved"`
	Rejected int      `json:"rejected"`
	Sum      uint64   `json:"sum"`              // of the fingerprints of the moved documents
	Failed   []Failed `json:"failed,omitempty"` // the first maxFailed
	Pending  []string `json:"pending,omitempty"`

	Spaces map[embedding.Space]int `json:"spaces"` // documents read, by stamp
}

// open reads a journal or begins one, and makes this run its owner.
func open(name string) (*journal, error) {
	j, err := read(name)
	if errors.Is(err, fs.ErrNotExist) {
		j, err = &journal{Format: journalFormat}, nil
	}
	if err != nil {
		return nil, err
	}
	if j.Spaces == nil {
		j.Spaces = map[embedding.Space]int{}
	}
	j.name, j.Owner = name, rand.Text()
	return j, nil
}

func read(name string) (*journal, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("the journal: %w", err)
	}
	j := &journal{}
	if err := json.Unmarshal(data, j); err != nil || j.Format == 0 || j.From == "" || j.To == "" {
		return nil, fmt.Errorf("%s is no journal, or is damaged: begin again with an empty collection and another journal", name)
	}
	if j.Format != journalFormat {
		return nil, fmt.Errorf("the journal %s is of format %d and this version of the package reads %d: go on with the version that began it", name, j.Format, journalFormat)
	}
	return j, nil
}

// belongs returns an error if the journal was begun for another source or model.
func (j *journal) belongs(from collection.Description, m embedding.Model) error {
	begun := embedding.Model{Variant: j.Variant}.DocumentVariant()
	switch {
	case j.From == "":
		return nil
	case j.From != from.ID:
		return fmt.Errorf("the journal %s is of another source: %s, not %s; give each migration a journal of its own", j.name, j.FromName, from.Name)
	case !j.Space.Same(m.Space):
		return fmt.Errorf("the journal %s was begun with the space %q and the Embedder is of %q: their vectors cannot be compared; "+
			"go on with the first, or begin again with an empty collection and another journal%s", j.name, j.Space, m.Space, spaces.Keep(m, j.Space))
	case j.Dimensions != m.Dimensions:
		return fmt.Errorf("the journal %s was begun with %d dimensions and the Embedder has %d, though both are of the space %q: "+
			"go on with the first", j.name, j.Dimensions, m.Dimensions, m.Space)
	case begun != m.DocumentVariant():
		return fmt.Errorf("by the journal %s %s; or begin again with an empty collection and another journal", j.name, variant.Differ(m, begun))
	}
	return nil
}

// save writes the journal. It is an error if another run has taken it over.
func (j *journal) save() error {
	now, err := read(j.name)
	if err != nil {
		return err
	}
	if now.Owner != j.Owner {
		return fmt.Errorf("another run has begun with the journal %s: end one of them", j.name)
	}
	return j.write()
}

func (j *journal) write() error {
	data, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	if err := whole.Write(j.name, append(data, '\n')); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	return nil
}
