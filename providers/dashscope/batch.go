package dashscope

import (
	"cmp"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// NewBatches returns the batch API for the model of an Embedder with the same options. Only Beijing
// has one for embeddings, beside the OpenAI-compatible API. It does no I/O.
func NewBatches(o Options) (batchapi.API, error) {
	c, err := o.client()
	switch {
	case err != nil:
		return nil, err
	case c.region != models.BatchRegion:
		return nil, o.fail(embedding.Invalid, fmt.Errorf("batches of embeddings are taken in region %q (Beijing) only, and this is region %q",
			models.BatchRegion, cmp.Or(c.region, "unknown")))
	case o.Native:
		return nil, o.fail(embedding.Invalid, fmt.Errorf("the native API has no batches: leave out Options.Native (native= in a reference)"))
	case !c.info.Batch:
		return nil, o.fail(embedding.Invalid, fmt.Errorf("no batches of %s are known", o.Model))
	}
	return openaicompat.NewBatches(c.config, c.format, openaicompat.BatchFormat{Terms: batchapi.Terms{
		Lines: models.BatchLines, Bytes: models.BatchBytes, Window: 24 * time.Hour, Share: models.BatchShare, Unverified: models.BatchUnverified,
	}})
}
