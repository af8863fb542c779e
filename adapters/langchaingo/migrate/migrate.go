// Package migrate moves the documents of a vector store to another collection and embeds them with
// another model. [Run] carries out a [Plan]:
//
//	plan := migrate.Plan{
//		From: migrate.PGVector(db, migrate.PGVectorOptions{Collection: "notes"}),
//		To:   migrate.PGVector(db, migrate.PGVectorOptions{Collection: "notes-v4"}),
//		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
//			return open(ctx, e, "notes-v4") // as your program does
//		},
//		Journal: "notes-v4.journal",
//	}
//	for step, err := range migrate.Run(ctx, e, plan) {
//		if err != nil {
//			return err // run it again to continue
//		}
//		fmt.Println(step)
//	}
//
// Run only reads the old collection, which can go on serving its users. The [Report] in the last
// [Step] says how to switch them to the new one.
//
// [PGVector], [Chroma] and [Sequence] read collections; chromem.Folder reads the folder of an
// adapters/chromem Store. For another store, implement [collection.Reader].
//
// # Interrupted runs
//
// A run takes one block at a time: it reads the documents, embeds them, writes their IDs to the
// journal and writes the block to the store. The next run looks for the IDs of the interrupted
// block in the new collection, so no document is written or embedded twice, even if the block was
// written in part. These are embedded again because their vectors were lost:
//
//   - after an error of the provider or a canceled context: none. Run first writes what was paid
//     for, for up to 30 seconds more;
//   - after an error of the store or a kill: at most the interrupted block, and none of it if the
//     Embedder has a cache on disk.
//
// One case goes unseen: the next run looks while the server is still working on a write of the dead
// process. Those documents are then there twice. The final check reports this as a problem.
//
// # Refusals
//
// Vectors of two spaces never meet. Run returns an error if From and To are the same collection, if
// the new collection holds documents that this migration did not write, or if the journal belongs
// to another source, destination, model or variant.
package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/variant"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/middleware"
)

// SourceKey is the metadata key under which a document in the new collection has its ID from the
// old one. Its new Space is under [store.Key], even if the store that Open returns is not guarded.
const SourceKey = collection.OriginKey

// Plan describes a migration. From, To, Open and Journal are required.
type Plan struct {
	// From reads the old collection. To reads the collection that the store of Open writes to.
	From, To collection.Reader
	// Open opens or creates the new collection exactly as your program will after the switch, using
	// the given Embedder, best behind the guard of adapters/langchaingo/store. The Embedder is the new
	// model; it answers from memory for texts that Run has embedded. Run does not close the store.
	Open func(embedding.Embedder) (vectorstores.VectorStore, error)
	// Journal is the file that records the progress. The first run creates it. Writes replace the
	// whole file. Only one process may use it at a time. It holds document IDs, no texts and no
	// vectors.
	Journal string
	// Block is the number of documents to embed and write at once, fewer if their texts exceed 1 MiB.
	// 0 or less is 500. It limits the memory used and the work that a kill loses.
	Block int
	// Sample is the number of documents in the new collection that the final check embeds again and
	// searches for. 0 is 20; a negative number is none.
	Sample int
}

const blockBytes = 1 << 20

// Step is the progress after a block.
type Step struct {
	Read     int             // documents read so far, in all runs
	Moved    int             // of these, in the new collection
	Rejected int             // of these, left out because they cannot be embedded or stored
	Total    int             // documents in the source when the run began; -1 if unknown
	Failed   []Failed        // rejected documents of this block
	Usage    embedding.Usage // of this run
	Report   *Report         // only in the last step, after the final check
}

// String says how many documents were read, moved and rejected.
func (s Step) String() string {
	total := ""
	if s.Total >= 0 {
		total = fmt.Sprintf(" of %d", s.Total)
	}
	return fmt.Sprintf("%d%s documents read, %d moved, %d rejected", s.Read, total, s.Moved, s.Rejected)
}

// Failed is a document that was left out.
type Failed struct {
	ID     string `json:"id"` // in the source
	Reason string `json:"reason"`
}

// Run moves the documents of p.From to p.To, embedded by e. It yields a Step after each block and a
// last one with a Report. It yields an error once and then ends; run the same plan again to
// continue. Breaking out of the loop is safe.
//
// Texts that the model rejects and documents that the new store refuses are left out and named in
// the Step and the Report; behind the guard of adapters/langchaingo/store, what the store cannot
// keep is not embedded. Any other failure
// ends the run after what was paid for is stored. Give e its own Retry and limits; Run splits
// requests with middleware.Batch. If the final check finds a problem, Run yields the Report that
// lists it and then an error.
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
	present map[string]bool // IDs of the interrupted block that are in the new collection
	total   int
	usage   embedding.Usage
	checked bool // a search has found a document that this run wrote
	refused int  // documents that the store refused since it last took one
}

// start checks the plan and opens the journal and the store. It embeds nothing.
func start(ctx context.Context, e embedding.Embedder, p Plan) (*run, error) {
	switch {
	case e == nil:
		return nil, errors.New("the Embedder is nil")
	case p.From == nil, p.To == nil:
		return nil, errors.New("Plan.From and Plan.To must be given")
	case p.Open == nil:
		return nil, errors.New("Plan.Open must be given")
	case p.Journal == "":
		return nil, errors.New("Plan.Journal must be given")
	}
	p.Sample = cmp.Or(p.Sample, 20)
	if p.Block <= 0 {
		p.Block = 500
	}
	// This makes one request per block if a Batch further in has lifted the model's limits. Batch also
	// isolates bad texts.
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
		return nil, errors.New("Plan.Open returned no store")
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

// claim compares the new collection with the journal and finds what the interrupted run wrote of
// its block.
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
	if to.Fixed > 0 && to.Fixed != r.model.Dimensions {
		return fmt.Errorf("the new collection, %s, can hold vectors of %d dimensions alone and %s has %d: %s", to.Name, to.Fixed, r.model.Space, r.model.Dimensions, to.Remedy)
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
	return j.write() // takes it over from the previous run
}

// ours returns the source's ID of a document in the new collection that this migration wrote.
func (r *run) ours(d collection.Document) (string, error) {
	space := store.SpaceOf(d.Metadata)
	stored, known := variant.Of(d.Metadata)
	id, _ := d.Metadata[SourceKey].(string)
	if at := collection.EntryOf(d.ID, d.Metadata); id == "" && at.Hash == "" {
		id = at.Source // an earlier version wrote it there
	}
	switch {
	case space == "":
		return "", fmt.Errorf("the document %s says nothing of its space, and %q is to be written", d.ID, r.model.Space)
	case !space.Same(r.model.Space):
		return "", fmt.Errorf("the document %s is of the space %q, and %q is to be written%s", d.ID, space, r.model.Space, spaces.Keep(r.model, space))
	case known && variant.Differ(r.model, stored) != "":
		return "", fmt.Errorf("the new collection's %s (the document %s)", variant.Differ(r.model, stored), d.ID)
	case id == "":
		return "", fmt.Errorf("the document %s was not put there by this migration", d.ID)
	}
	return id, nil
}
