package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/lasting"
	"github.com/vecspace/embedding/adapters/internal/variant"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
)

// block holds the documents that are embedded and written at once.
type block struct {
	docs   []collection.Document
	bytes  int
	failed []Failed
	rows   map[string][]float32 // by text
}

// all moves the remaining documents and runs the final check.
func (r *run) all(ctx context.Context, yield func(Step, error) bool) error {
	b := &block{}
	for d, err := range r.From.Documents(ctx, r.journal.After) {
		if err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		if len(b.docs) == r.Block || len(b.docs) > 0 && b.bytes+len(d.PageContent) > blockBytes {
			if err := r.turn(ctx, b, yield); err != nil {
				return err
			}
			b = &block{}
		}
		b.docs = append(b.docs, d)
		b.bytes += len(d.PageContent)
	}
	if len(b.docs) > 0 {
		if err := r.turn(ctx, b, yield); err != nil {
			return err
		}
	}
	r.journal.Pending = nil
	if err := r.journal.save(); err != nil {
		return err
	}
	report, err := r.verify(ctx)
	if err != nil {
		return err
	}
	step := r.step(nil)
	step.Report = report
	if !yield(step, nil) {
		return errLeft
	}
	return report.fault()
}

// turn moves a block and yields its Step.
func (r *run) turn(ctx context.Context, b *block, yield func(Step, error) bool) error {
	if err := r.move(ctx, b); err != nil {
		return err
	}
	j := r.journal
	last := b.docs[len(b.docs)-1]
	j.After = last.Position
	j.Read += len(b.docs)
	j.Rejected += len(b.failed)
	j.Moved += len(b.docs) - len(b.failed)
	j.Failed = append(j.Failed, b.failed[:min(len(b.failed), max(0, maxFailed-len(j.Failed)))]...)
	failed := make(map[string]bool, len(b.failed))
	for _, f := range b.failed {
		failed[f.ID] = true
	}
	for _, d := range b.docs {
		j.Spaces[store.SpaceOf(d.Metadata)]++
		if !failed[d.ID] {
			j.Sum += fingerprint(d.ID, d.PageContent)
		}
		delete(r.present, d.ID)
	}
	// Record what was written before the Step is yielded.
	j.Pending = keys(r.present)
	if err := j.save(); err != nil {
		return err
	}
	if !yield(r.step(b.failed), nil) {
		return errLeft
	}
	return nil
}

func (r *run) step(failed []Failed) Step {
	j := r.journal
	return Step{Read: j.Read, Moved: j.Moved, Rejected: j.Rejected, Total: r.total, Failed: failed, Usage: r.usage}
}

// move embeds and writes the documents of a block that are not in the new collection.
func (r *run) move(ctx context.Context, b *block) error {
	var fresh []collection.Document
	seen := make(map[string]bool, len(b.docs))
	for _, d := range b.docs {
		if d.ID == "" || seen[d.ID] {
			return fmt.Errorf("the source has a document without an ID, or two of the ID %q", d.ID)
		}
		seen[d.ID] = true
		if !r.present[d.ID] {
			fresh = append(fresh, d)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if fresh = r.kept(ctx, b, fresh); len(fresh) == 0 {
		return nil
	}
	good, fatal := r.embed(ctx, b, fresh)
	if len(good) == 0 {
		return fatal
	}
	ctx, done := lasting.Context(ctx) // store what was paid for even if the caller leaves
	defer done()
	if err := r.write(ctx, b, good); err != nil {
		return errors.Join(fatal, err)
	}
	return fatal
}

// embed puts the vectors of docs into b.rows and returns the documents that have one. It records
// the rejected documents. fatal is the error that ends the run.
func (r *run) embed(ctx context.Context, b *block, docs []collection.Document) (good []collection.Document, fatal error) {
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	res, err := r.memo.next.Embed(ctx, embedding.Request{Texts: texts})
	out := embedding.Salvage(res, err)
	r.usage = r.usage.Add(out.Usage)
	errs := make([]error, len(docs))
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			errs[f.Index] = f.Err
		}
	} else if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	b.rows = make(map[string][]float32, len(docs))
	for i, d := range docs {
		switch {
		case errs[i] == nil && zero(out.Vectors[i]):
			b.failed = append(b.failed, Failed{ID: d.ID, Reason: "its vector is zero and has no direction, so no search would find it"})
		case errs[i] == nil:
			good = append(good, d)
			b.rows[d.PageContent] = out.Vectors[i]
		case embedding.KindOf(errs[i]) == embedding.Rejected:
			b.failed = append(b.failed, Failed{ID: d.ID, Reason: errs[i].Error()})
		case fatal == nil:
			fatal = fmt.Errorf("embedding the document %s: %w", d.ID, errs[i])
		}
	}
	return good, fatal
}

// write records the IDs of docs in the journal and writes docs with their vectors in b.rows.
func (r *run) write(ctx context.Context, b *block, docs []collection.Document) error {
	j := r.journal
	j.Pending = keys(r.present)
	for _, d := range docs {
		j.Pending = append(j.Pending, d.ID)
	}
	if err := j.save(); err != nil {
		return err
	}
	r.memo.hold(b.rows, false)
	defer r.memo.hold(nil, false)
	before := len(b.failed)
	stored, err := r.add(ctx, b, docs, false)
	if err == nil && len(stored) == 0 && len(docs) > 1 { // a full disk looks like this
		return fmt.Errorf("the new store takes none of %d documents, of %s it says: %s", len(docs), docs[0].ID, b.failed[before].Reason)
	}
	if err != nil || len(stored) == 0 || r.checked || r.Sample < 0 {
		return err
	}
	// Detect a store that drops documents before much is paid.
	text := stored[0].PageContent
	if err := r.search(ctx, text, b.rows[text]); err != nil {
		return fmt.Errorf("the document %s was just written: %w", stored[0].ID, err)
	}
	r.checked = true
	return nil
}

// kept returns the documents that the store can keep, if it can tell before they are embedded, and
// records the others.
func (r *run) kept(ctx context.Context, b *block, docs []collection.Document) []collection.Document {
	s, ok := r.store.(interface {
		Refused(context.Context, []schema.Document) []embedding.TextError
	})
	if !ok {
		return docs
	}
	return b.without(docs, s.Refused(ctx, r.written(docs)))
}

// without records the failures and returns the other documents.
func (b *block) without(docs []collection.Document, failed []embedding.TextError) []collection.Document {
	errs := make(map[int]error, len(failed))
	for _, f := range failed {
		errs[f.Index] = f.Err
	}
	var out []collection.Document
	for i, d := range docs {
		if err := errs[i]; err != nil {
			b.failed = append(b.failed, Failed{ID: d.ID, Reason: err.Error()})
		} else {
			out = append(out, d)
		}
	}
	return out
}

// hopeless is how many documents in a row a store may refuse: then the fault is the store's and not
// the documents'.
const hopeless = 8

// add writes documents and returns those that are stored. If the store fails and can still be read,
// add writes each half of what it does not hold, until it knows which document is refused. again
// says that it has been refused once.
func (r *run) add(ctx context.Context, b *block, docs []collection.Document, again bool) ([]collection.Document, error) {
	_, err := r.store.AddDocuments(ctx, r.written(docs))
	if err == nil {
		r.refused = 0
		return docs, nil
	}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok && rejected(p) {
		stored := b.without(docs, p.Failed)
		if r.refused += len(p.Failed); len(stored) > 0 {
			r.refused = 0
		}
		if r.refused <= hopeless {
			return stored, nil
		}
	}
	fault := fmt.Errorf("writing %d documents, from %s to %s: %w", len(docs), docs[0].ID, docs[len(docs)-1].ID, err)
	if ctx.Err() != nil || r.refused >= hopeless {
		return nil, fault
	}
	there, down := r.stored(ctx)
	if down != nil {
		return nil, fault
	}
	var rest, stored []collection.Document
	for _, d := range docs {
		if there[d.ID] {
			stored = append(stored, d)
		} else {
			rest = append(rest, d)
		}
	}
	switch {
	case len(rest) == 0: // the store holds all and complains of something else
		return nil, fault
	case len(docs) == 1 && !again:
		return r.add(ctx, b, docs, true) // it may have been a moment's fault
	case len(docs) == 1:
		r.refused++
		b.failed = append(b.failed, Failed{ID: docs[0].ID, Reason: "the new store refuses it: " + err.Error()})
		return nil, nil
	}
	middle := (len(rest) + 1) / 2
	for _, half := range [][]collection.Document{rest[:middle], rest[middle:]} {
		if len(half) == 0 {
			continue
		}
		some, err := r.add(ctx, b, half, false)
		if err != nil {
			return nil, err
		}
		stored = append(stored, some...)
	}
	return stored, nil
}

// rejected reports whether all failures are the documents' own.
func rejected(p *embedding.PartialError) bool {
	return !slices.ContainsFunc(p.Failed, func(f embedding.TextError) bool { return embedding.KindOf(f.Err) != embedding.Rejected })
}

// stored returns the source's IDs of all documents in the new collection.
func (r *run) stored(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	for d, err := range r.To.Documents(ctx, "") {
		if err != nil {
			return nil, err
		}
		id, err := r.ours(d)
		if err != nil {
			return nil, err
		}
		out[id] = true
	}
	return out, nil
}

// written returns documents as they are written.
func (r *run) written(docs []collection.Document) []schema.Document {
	out := make([]schema.Document, len(docs))
	for i, d := range docs {
		out[i] = schema.Document{PageContent: d.PageContent, Metadata: r.stamped(d)}
	}
	return out
}

// stamped returns a document's metadata for the new collection, with its new Space and variant
// in place of the old ones.
func (r *run) stamped(d collection.Document) map[string]any {
	out := make(map[string]any, len(d.Metadata)+3)
	maps.Copy(out, d.Metadata)
	out[store.Key], out[store.VariantKey] = string(r.model.Space), variant.Stamp(r.model)
	out[SourceKey] = d.ID
	return out
}

// fingerprint hashes a document. Two sums of fingerprints are equal if both hold each document
// equally often.
func fingerprint(id, text string) uint64 {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s", len(id), id, text)
	return binary.LittleEndian.Uint64(h.Sum(nil))
}

func zero(v []float32) bool { return !slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) }

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for id := range set {
		out = append(out, id)
	}
	return out
}
