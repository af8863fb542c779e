package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/batchapi"
)

// batchFlags say how a job asks for its texts.
type batchFlags struct {
	executor string
	deadline time.Duration
	texts    int
}

func (f *batchFlags) add(fs *flag.FlagSet, usual, says string) {
	fs.StringVar(&f.executor, "executor", usual, "how texts are asked for: sync, by `requests` of their own; batch, by the vendor's batch API at its price; "+
		"auto, by batches where that is known to work, more than 50,000 texts are left and -deadline allows it"+says)
	fs.IntVar(&f.texts, "batch-texts", 0, "`texts` of a batch at most, where the account bounds what is under way; 0: what the vendor takes")
	fs.DurationVar(&f.deadline, "deadline", 0, "with -executor auto: have the job done in this `time`, such as 6h; batches need 2h; 0: in any time")
}

func (f *batchFlags) check() error {
	switch f.executor {
	case "", "sync", "batch", "auto":
	default:
		return usagef("-executor %s: there are sync, batch and auto", f.executor)
	}
	if f.texts < 0 {
		return usagef("-batch-texts must not be below 0")
	}
	if f.deadline < 0 || f.deadline > 0 && f.executor != "auto" {
		return usagef("-deadline is for -executor auto, and not below 0")
	}
	return nil
}

// What auto asks of a job.
const (
	batchTexts    = 50_000
	batchDeadline = 2 * time.Hour
)

// choose returns the batch API of a job if it is to be used, and what to say of that. Batches that
// are under way are gone on with.
func (f *batchFlags) choose(api batchapi.API, unopened error, left int, batched bool) (batchapi.API, string, error) {
	auto := f.executor == "auto"
	if f.executor == "batch" || batched && f.executor != "sync" {
		if unopened != nil {
			return nil, "", usageError{unopened}
		}
		if why := api.Terms().Unverified; why != "" {
			return api, "by batches; not verified: " + why, nil
		}
		return api, "by batches", nil
	}
	switch {
	case !auto:
		return nil, "", nil
	case unopened != nil:
		return nil, "one by one: " + unopened.Error(), nil
	case api.Terms().Unverified != "":
		return nil, "one by one: not verified: " + api.Terms().Unverified + "; -executor batch makes batches all the same", nil
	case left <= batchTexts:
		return nil, fmt.Sprintf("one by one: %d texts are left, and batches are for more than %d", left, batchTexts), nil
	case f.deadline > 0 && f.deadline <= batchDeadline:
		return nil, fmt.Sprintf("one by one: batches may take more than %v", f.deadline), nil
	}
	return api, "by batches", nil
}

// Times of a batch by OpenRouter's account of 230,000 of them: half are answered in 7 minutes and
// nine tenths in an hour.
const (
	batchOften   = 7 * time.Minute
	batchSeldom  = time.Hour
	batchWorkers = 2
)

// batchText is what batches would cost and take, in words.
func (f *jobFlags) batchText(p jobs.Figures, price *jobs.Price, terms batchapi.Terms) string {
	var b strings.Builder
	b.WriteString("  batches   ")
	if price != nil && price.PerMillion > 0 && terms.Share > 0 {
		fmt.Fprintf(&b, "about %.2f %s, %.2f of that price; ", terms.Share*price.PerMillion/1e6*float64(p.Tokens), price.Currency, terms.Share)
	} else {
		b.WriteString("at a price that is not known; ")
	}
	n := max((p.Texts+terms.Lines-1)/max(terms.Lines, 1), 1)
	at := f.workers
	if at == 0 {
		at = batchWorkers
	}
	rounds := (n + at - 1) / at
	fmt.Fprintf(&b, "%d, %d at once: often %s to %s, %s at most\n", n, at, hours(rounds, batchOften), hours(rounds, batchSeldom), hours(rounds, terms.Window))
	if terms.Unverified != "" {
		fmt.Fprintf(&b, "            not verified: %s\n", terms.Unverified)
	}
	return b.String()
}

func hours(n int, each time.Duration) string { return fmt.Sprintf("%.1fh", float64(n)*each.Hours()) }

// batches returns the batch API that the job is to use, or nil.
func (w *jobWork) batches(j *jobs.Job, before jobs.Status) (batchapi.API, error) {
	batched, err := j.Batched()
	if err != nil {
		return nil, err
	}
	f := w.flags.batch
	if f.executor == "sync" && batched {
		return nil, usagef("batches of the job are under way, whose texts would be paid for twice: -executor batch goes on with them")
	}
	if f.executor == "sync" || f.executor == "" && !batched {
		return nil, nil
	}
	api, unopened := providers.OpenBatches(j.Manifest.Spec.Embedder.Reference)
	api, says, err := f.choose(api, unopened, before.Texts-before.Done, batched)
	if err != nil {
		return nil, err
	}
	w.bar.say("vecspace job: texts are asked for " + says)
	if api == nil {
		return nil, nil
	}
	w.batching = true
	return api, w.affords(j.Manifest, before, api.Terms())
}

// affords returns an error if batches could spend more than the budget: a batch that is under way
// cannot be stopped by it.
func (w *jobWork) affords(m jobs.Manifest, s jobs.Status, terms batchapi.Terms) error {
	b := w.flags.budget
	if b.amount == 0 {
		return nil
	}
	if m.Price == nil || m.Price.PerMillion == 0 || terms.Share == 0 {
		return usagef("-budget: what batches cost is not known, so no budget can be kept with them")
	}
	left := float64(s.Texts-s.Done) / float64(max(s.Texts, 1)) * float64(m.Plan.Tokens)
	if cost := s.Cost + terms.Share*m.Price.PerMillion/1e6*left; cost > b.amount {
		return usagef("-budget: batches could cost %.4f %s in all, and cannot be stopped on their way: raise it, or use -executor sync", cost, m.Price.Currency)
	}
	return nil
}

// batchesText is the batches under way, in words.
func batchesText(all []jobs.Batch) string {
	var b strings.Builder
	for _, of := range all {
		name, state := of.ID, of.Said
		if name == "" {
			name, state = of.Mark, "which the vendor may not know"
		}
		fmt.Fprintf(&b, "  batch %s: %d texts of %d shards, since %s, %s\n", name, of.Texts, len(of.Shards), time.Since(of.Begun).Round(time.Second), state)
	}
	return b.String()
}

// cancelBatches ends the batches of a job that was canceled.
func cancelBatches(ctx context.Context, j *jobs.Job, std streams) error {
	s, err := j.Status()
	if err != nil || len(s.Batches) == 0 {
		return err
	}
	api, err := providers.OpenBatches(j.Manifest.Spec.Embedder.Reference)
	n := 0
	if err == nil {
		n, err = j.CancelBatches(ctx, api)
	}
	fmt.Fprintf(std.err, "%d of %d batches were ended at the vendor\n", n, len(s.Batches))
	if err != nil {
		return errors.Join(fmt.Errorf("batches go on at the vendor, which bills them:\n%s", batchesText(s.Batches)), err)
	}
	return nil
}

// batchPlan is batchText for an embedder that has a batch API, else "".
func (f *jobFlags) batchPlan(m jobs.Manifest, e embedding.Embedder) string {
	api, err := providers.OpenBatches(f.Reference)
	if err != nil || jobs.Free(e) {
		return ""
	}
	return f.batchText(m.Plan, m.Price, api.Terms())
}
