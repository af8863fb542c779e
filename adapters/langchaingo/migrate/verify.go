package migrate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
)

// Report says what a migration did and how to switch to the new collection.
type Report struct {
	From, To   string                  // the collections' names
	Spaces     map[embedding.Space]int // documents of the source by their stamp; "" for none
	Space      embedding.Space         // of all documents in the new collection
	Dimensions int                     // of all vectors in the new collection
	Read       int                     // documents of the source
	Moved      int
	Rejected   int
	Failed     []Failed // the rejected documents, at most the first 1,000
	Searched   int      // documents that a search for their own vector found
	Usage      embedding.Usage
	Problems   []string // if empty, the new collection may be used
}

// fault returns the problems as an error.
func (r *Report) fault() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("the copy is not sound, do not switch to it: %s", strings.Join(r.Problems, "; "))
}

// String describes the result in a few lines: how to switch, or why not to.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d documents of %s are in %s, in the space %s.\n", r.Moved, r.Read, r.From, r.To, r.Space)
	if r.Rejected > 0 {
		fmt.Fprintf(&b, "%d were rejected by the model or the new store and are not, the first of them %s: %s\n", r.Rejected, r.Failed[0].ID, r.Failed[0].Reason)
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "Do not switch:\n")
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "- %s\n", p)
		}
		return b.String()
	}
	fmt.Fprintf(&b, `%d of them were searched for and found. To switch:
1. Open %s with an embedder of %s wherever the old collection is searched or added to, and start those programs anew, all of them:
   the old model must not write into the new collection, nor search it.
2. What was added to or removed from the old collection since this migration began is not in the new one: add or remove it there.
3. Keep %s until you are sure; switching back is opening it with its own model. Then delete it, and the journal.
`, r.Searched, r.To, r.Space, r.From)
	return b.String()
}

// verify compares the new collection with what was read and searches for a sample of it.
func (r *run) verify(ctx context.Context) (*Report, error) {
	j := r.journal
	report := &Report{
		From: j.FromName, To: j.ToName, Spaces: maps.Clone(j.Spaces), Space: j.Space, Dimensions: j.Dimensions,
		Read: j.Read, Moved: j.Moved, Rejected: j.Rejected, Failed: slices.Clone(j.Failed),
	}
	problem := func(format string, args ...any) {
		report.Problems = append(report.Problems, fmt.Sprintf(format, args...))
	}
	from, err := r.From.Describe(ctx)
	if err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	if from.Documents >= 0 && from.Documents != j.Read {
		problem("%s holds %d documents and %d were read: some were added or removed meanwhile; stop that and begin again, with an empty collection and another journal", from.Name, from.Documents, j.Read)
	}
	to, err := r.To.Describe(ctx)
	if err != nil {
		return nil, fmt.Errorf("the new collection: %w", err)
	}
	if len(to.Dimensions) > 1 || len(to.Dimensions) == 1 && to.Dimensions[0] != j.Dimensions {
		problem("%s holds vectors of %v dimensions instead of %d", to.Name, to.Dimensions, j.Dimensions)
	}
	sum := uint64(0)
	count, every := 0, max(1, j.Moved/max(1, r.Sample))
	var sample []schema.Document
	for d, err := range r.To.Documents(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("the new collection: %w", err)
		}
		id, err := r.ours(d)
		if err != nil && len(report.Problems) < 10 {
			problem("%v", err)
		}
		sum += fingerprint(id, d.PageContent)
		if count%every == 0 && len(sample) < r.Sample {
			sample = append(sample, d.Document)
		}
		count++
	}
	switch {
	case count > j.Moved:
		problem("%s holds %d documents and %d were moved: some are there twice, which shows in their metadata %q, or somebody else has added some", to.Name, count, j.Moved, SourceKey)
	case count < j.Moved:
		problem("%s holds %d documents and %d were moved: the store has lost some", to.Name, count, j.Moved)
	case sum != j.Sum && len(report.Problems) == 0:
		problem("%s holds as many documents as were moved and not the same: texts were changed, or some are there twice and others are missing", to.Name)
	}
	if err := r.sample(ctx, sample, report, problem); err != nil {
		return nil, err
	}
	report.Usage = r.usage
	return report, nil
}

// sample embeds some documents of the new collection again and searches for them.
func (r *run) sample(ctx context.Context, docs []schema.Document, report *Report, problem func(string, ...any)) error {
	if len(docs) == 0 {
		return nil
	}
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	res, err := r.memo.next.Embed(ctx, embedding.Request{Texts: texts})
	r.usage = r.usage.Add(embedding.Salvage(res, err).Usage)
	if err != nil {
		return fmt.Errorf("embedding the sample: %w", err)
	}
	for i, text := range texts {
		if err := r.search(ctx, text, res.Vectors[i]); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			problem("the document that came from %v: %v", docs[i].Metadata[SourceKey], err)
			continue
		}
		report.Searched++
	}
	return nil
}

// search searches for a document by its own vector. Its text must be among the nearest ten, unless
// ten others have the highest possible score.
func (r *run) search(ctx context.Context, text string, vector []float32) error {
	const k, same = 10, 0.999
	r.memo.hold(map[string][]float32{text: vector}, true)
	defer r.memo.hold(nil, false)
	found, err := r.store.SimilaritySearch(ctx, text, k)
	if err != nil {
		return fmt.Errorf("a search for it failed: %w", err)
	}
	for _, d := range found {
		if d.PageContent == text {
			return nil
		}
	}
	if len(found) == k && found[k-1].Score >= same {
		return nil
	}
	return fmt.Errorf("a search for its vector finds %d documents and not this one", len(found))
}
