// Package migrate moves the documents of a vector store to another collection, embedded anew by another model:
//
//	plan := migrate.Plan{
//		From: migrate.PGVector(db, migrate.PGVectorOptions{Collection: "notes"}),
//		To:   migrate.PGVector(db, migrate.PGVectorOptions{Collection: "notes-v4"}),
//		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) { return open(ctx, e, "notes-v4") }, // as your program does
//		Journal: "notes-v4.journal",
//	}
//	for step, err := range migrate.Run(ctx, e, plan) {
//		if err != nil {
//			return err // run it again: it goes on where it was
//		}
//		fmt.Println(step)
//	}
//
// The old collection is only read, and answers its users until they are switched to the new one, as the last step's Report says.
//
// # What holds when a run is interrupted
//
// A run goes block by block: read, embed, write the IDs of the block to the journal, write the block to the store. The next run looks in
// the new collection for the IDs of the block that was under way, so that what was written is neither written nor embedded again,
// also if the block was written in part. What was embedded and not yet written is embedded again:
//
//   - after an error of the provider or a cancelled context, nothing: what was paid for is written first, for up to 30 seconds more;
//   - after an error of the store or a kill, at most the block that was under way, and nothing if the Embedder has a cache on disk.
//
// One thing cannot be seen: a write that the server is still working on for a dead process when the next run looks. Its documents would
// be there twice, and the last step says so instead of reporting success.
//
// # What is refused
//
// Vectors of two spaces never meet: it is an error if both collections are one, if the new collection holds documents that this
// migration has not put there, or if the journal is of another source, destination, model or variant of it.
package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/middleware"
)

// SourceKey is where in its metadata a document of the new collection has the ID that it had in the old one. Under store.Key it has its
// new Space, stamped also where Open's store is not guarded.
const SourceKey = "vecspace_source"

// Plan of a migration. From, To, Open and Journal are required.
type Plan struct {
	// From is the collection that is read, and To the one that Open's store writes to, as a reader of it sees it.
	From, To collection.Reader
	// Open opens the store of the new collection, which it makes if there is none, with the Embedder that it is given, as the program
	// will that is switched to it: best behind the guard of adapters/langchaingo/store. The Embedder is the new model; it pays for
	// nothing twice while the store asks it for what Run has embedded. Run does not close the store.
	Open func(embedding.Embedder) (vectorstores.VectorStore, error)
	// Journal is the file that says how far the migration is. It is made by the first run, is written whole or not at all, and
	// belongs to one process at a time. It holds IDs of documents, no texts and no vectors.
	Journal string
	// Block is how many documents are embedded and written at once; fewer if their texts exceed 1 MiB. 0 or less is 500. It bounds
	// memory, and what a kill costs.
	Block int
	// Sample is how many documents of the new collection are searched for at the end. Their texts are embedded once more. 0 is 20,
	// less is none.
	Sample int
}

const (
	blockBytes = 1 << 20
	grace      = 30 * time.Second // to write what was paid for when the caller leaves
)

// Step is how far a migration is, after a block.
type Step struct {
	Read     int             // documents of the source so far, over all runs
	Moved    int             // of these are in the new collection
	Rejected int             // of these are not, because their texts cannot be embedded
	Total    int             // documents of the source when the run began; -1 if it is not known
	Failed   []Failed        // what of this block was rejected
	Usage    embedding.Usage // of this run
	Report   *Report         // in the last step, when everything has been moved and checked
}

func (s Step) String() string {
	total := ""
	if s.Total >= 0 {
		total = fmt.Sprintf(" of %d", s.Total)
	}
	return fmt.Sprintf("%d%s documents read, %d moved, %d rejected", s.Read, total, s.Moved, s.Rejected)
}

// Failed is a document that was left behind.
type Failed struct {
	ID     string `json:"id"` // in the source
	Reason string `json:"reason"`
}

// Run moves the documents of p.From to p.To, embedded by e. It yields a Step after each block, and at the end one with a Report. An
// error is yielded once and ends the loop; running the same plan again goes on from there. Leaving the loop is safe as well.
//
// Texts that the model rejects are left out and named, in the Step and in the Report. Any other failure ends the run when what
// was paid for is stored. e needs what Retry and the like do; it is split into requests by middleware.Batch.
// If the final check finds a fault, it is the error, and the last Step before it has the Report that lists it.
func Run(ctx context.Context, e embedding.Embedder, p Plan) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		r, err := start(ctx, e, p)
		if err == nil {
			err = r.all(ctx, yield)
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(Step{}, fmt.Errorf("migrate: %w", err))
		}
	}
}

var errLeft = errors.New("the loop was left")

// run is one run of a migration.
type run struct {
	Plan
	model   embedding.Model
	memo    *memo
	store   vectorstores.VectorStore
	journal *journal
	present map[string]bool // IDs of the block that was interrupted which are in the new collection
	total   int
	usage   embedding.Usage
	checked bool // a search has found what this run wrote
}

// start checks the plan and opens everything. Nothing is embedded.
func start(ctx context.Context, e embedding.Embedder, p Plan) (*run, error) {
	if e == nil || p.From == nil || p.To == nil || p.Open == nil || p.Journal == "" {
		return nil, errors.New("the Embedder and the Plan's From, To, Open and Journal must be given")
	}
	p.Sample = cmp.Or(p.Sample, 20)
	if p.Block <= 0 {
		p.Block = 500
	}
	// One request a block where a Batch further in has lifted the model's limits, and bad texts stand alone in any case.
	e = embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Limits: embedding.Limits{Texts: p.Block}}))
	m := e.Model()
	if m.Space == "" || m.Dimensions == 0 {
		return nil, fmt.Errorf("the Space or the Dimensions of %s:%s are unknown: call embedding.Probe first", m.Provider, m.ID)
	}
	from, err := p.From.Describe(ctx)
	if err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	if from.ID == "" {
		return nil, fmt.Errorf("the source, %s, is not there", from.Name)
	}
	if from.Documents == 0 {
		return nil, fmt.Errorf("the source, %s, holds no documents: is it the right one?", from.Name)
	}
	if err := apart(ctx, from, p.To); err != nil { // before Open, which may change what it opens
		return nil, err
	}
	r := &run{Plan: p, model: m, total: from.Documents, present: map[string]bool{}}
	r.memo = &memo{next: e}
	if r.journal, err = open(p.Journal); err != nil {
		return nil, err
	}
	if err := r.journal.belongs(from, m); err != nil {
		return nil, err
	}
	if r.store, err = p.Open(r.memo.embedder()); err != nil {
		return nil, fmt.Errorf("opening the new collection: %w", err)
	}
	if r.store == nil {
		return nil, errors.New("the Plan's Open returned no store")
	}
	if err := apart(ctx, from, p.To); err != nil {
		return nil, err
	}
	return r, r.claim(ctx, from)
}

func apart(ctx context.Context, from collection.Description, to collection.Reader) error {
	d, err := to.Describe(ctx)
	if err != nil {
		return fmt.Errorf("the new collection: %w", err)
	}
	if d.ID == from.ID {
		return fmt.Errorf("the source and the new collection are one, %s: vectors of two models would be mixed; give the new collection another name", from.Name)
	}
	return nil
}

// claim compares the new collection with the journal and finds what the interrupted block has written.
func (r *run) claim(ctx context.Context, from collection.Description) error {
	to, err := r.To.Describe(ctx)
	if err != nil {
		return fmt.Errorf("the new collection: %w", err)
	}
	if to.ID == "" {
		return fmt.Errorf("the new collection, %s, is not there although Open has opened it: do the Plan's To and Open mean the same?", to.Name)
	}
	j := r.journal
	if j.To != "" && j.To != to.ID {
		return fmt.Errorf("the journal %s is of another new collection: %s, not %s; give each migration a journal of its own", j.name, j.ToName, to.Name)
	}
	for _, n := range to.Dimensions {
		if n != r.model.Dimensions {
			return fmt.Errorf("the new collection, %s, holds vectors of %d dimensions and %s has %d: use an empty collection", to.Name, n, r.model.Space, r.model.Dimensions)
		}
	}
	pending := make(map[string]bool, len(j.Pending))
	for _, id := range j.Pending {
		pending[id] = true
	}
	count, sum := 0, uint64(0)
	for d, err := range r.To.Documents(ctx, "") {
		if err != nil {
			return fmt.Errorf("the new collection: %w", err)
		}
		count++
		id, err := r.ours(d)
		if err != nil {
			return fmt.Errorf("the new collection, %s: %w; use an empty collection", to.Name, err)
		}
		if j.To == "" {
			return fmt.Errorf("the new collection, %s, holds documents, and the journal %s is new: use an empty collection, or the journal that it was begun with", to.Name, j.name)
		}
		if pending[id] {
			r.present[id] = true
		} else {
			sum += fingerprint(id, d.PageContent)
		}
	}
	if want := j.Moved + len(r.present); count != want {
		return fmt.Errorf("the new collection, %s, holds %d documents where the journal %s says %d: it was changed meanwhile; "+
			"begin again with an empty collection and without the journal", to.Name, count, j.name, want)
	}
	if sum != j.Sum {
		return fmt.Errorf("the new collection, %s, holds as many documents as the journal %s says and not the same: it was changed meanwhile; "+
			"begin again with an empty collection and without the journal", to.Name, j.name)
	}
	j.From, j.FromName, j.To, j.ToName = from.ID, from.Name, to.ID, to.Name
	j.Space, j.Variant, j.Dimensions = r.model.Space, r.model.Variant, r.model.Dimensions
	return j.write() // takes it over from the run before
}

// ours returns the source's ID of a document that this migration has put into the new collection.
func (r *run) ours(d collection.Document) (string, error) {
	space := store.SpaceOf(d.Metadata)
	id, _ := d.Metadata[SourceKey].(string)
	switch {
	case space == "":
		return "", fmt.Errorf("the document %s says nothing of its space, and %q is to be written", d.ID, r.model.Space)
	case !space.Same(r.model.Space):
		return "", fmt.Errorf("the document %s is of the space %q, and %q is to be written", d.ID, space, r.model.Space)
	case id == "":
		return "", fmt.Errorf("the document %s was not put there by this migration", d.ID)
	}
	return id, nil
}
