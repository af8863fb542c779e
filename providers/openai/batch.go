package openai

import (
	"fmt"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/openai/internal/models"
)

// NewBatches returns the batch API for the model of an Embedder with the same options. It does no
// I/O. A server that is no vendor's is taken to have OpenAI's, which its Terms call unverified.
func NewBatches(o Options) (batchapi.API, error) {
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	terms := c.preset.Batch
	switch {
	case terms == nil && c.preset.Name != "" && !c.preset.Local:
		err = fmt.Errorf("no batch API of %s is known", c.preset.Title)
		return nil, &embedding.Error{Kind: embedding.Invalid, Provider: c.provider, Model: o.Model, Err: err}
	case terms == nil:
		terms = &models.Batch{Endpoint: "/v1/embeddings", Lines: 50_000, Bytes: 100e6, Window: 24 * time.Hour}
		terms.Unverified = "that the server at " + c.host + " has a batch API"
	}
	return openaicompat.NewBatches(c.config, c.format, openaicompat.BatchFormat{
		Terms: batchapi.Terms{
			Lines: terms.Lines, Bytes: terms.Bytes, Window: terms.Window, Share: terms.Share,
			Unverified: strings.Trim(terms.Unverified+"; "+c.info.Unverified, "; "),
		},
		Endpoint: terms.Endpoint, Jobs: terms.Jobs,
	})
}
