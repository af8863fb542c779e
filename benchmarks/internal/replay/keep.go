package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/internal/spaces"
)

// Keep returns e with every answer recorded before it is returned. reference names e in the
// heading. Place it inside Batch and Retry, where single requests are sent: a crash then loses only
// the requests in flight. Keep does not look up texts; ask Lookup which are missing. It is an error
// if the recording has another space, other dimensions or another variant.
//
// If an answer cannot be written, the request fails with an error that is not retried, so that no
// further request is paid for.
func (r *Recording) Keep(e embedding.Embedder, reference string) (embedding.Embedder, error) {
	e = embedding.Chain(e)
	m := e.Model()
	if h, ok := r.Heading(); ok {
		moved := m.Dimensions != 0 && (h.Dimensions != m.Dimensions || h.Space != m.Space)
		if moved || h.Variant != m.Variant || h.Symmetric != m.Symmetric {
			return nil, fmt.Errorf("%s was recorded in the space %q (variant %q), the model is now in %q (variant %q): use another directory%s",
				r.path, h.Space, h.Variant, m.Space, m.Variant, spaces.Keep(m, h.Space))
		}
	}
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := e.Embed(ctx, req)
		if failed := r.keep(m, reference, req, res, err); failed != nil {
			return embedding.Response{}, m.Errorf(embedding.Unknown, "%w", failed)
		}
		return res, err
	}), nil
}

func (r *Recording) keep(m embedding.Model, reference string, req embedding.Request, res embedding.Response, err error) error {
	got := embedding.Salvage(res, err)
	task := req.Task
	if m.Symmetric {
		task = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []byte
	estimates, all := make([]float64, len(req.Texts)), 0.0
	for i := range got.Vectors {
		if got.Vectors[i] != nil {
			estimates[i] = float64(embedding.EstimateTokens(req.Texts[i]))
			all += estimates[i]
		}
	}
	metered := got.Usage.Requests > 0 && got.Usage.Unmetered == 0
	for i, v := range got.Vectors {
		if v == nil {
			continue
		}
		if r.heading == nil {
			r.heading = heading(m, reference, len(v))
		}
		if len(v) != r.heading.Dimensions {
			return fmt.Errorf("replay: a vector of %d dimensions, the recording has %d", len(v), r.heading.Dimensions)
		}
		e := entry{vector: v, tokens: float32(estimates[i]), metered: metered}
		if metered {
			e.tokens = float32(float64(got.Usage.Tokens) * estimates[i] / all)
		}
		if d := sum(task, req.Texts[i]); r.add(d, e) {
			out = frame(out, 'v', d[:], binary.LittleEndian.AppendUint32(nil, math.Float32bits(e.tokens)), flag(metered), floats.Append(nil, v))
		}
	}
	// Record refusals too, or a resumed run would send those texts again.
	if r.heading != nil {
		for i, words := range refusals(req, err) {
			if d := sum(task, req.Texts[i]); r.add(d, entry{refused: words}) {
				out = frame(out, 'r', d[:], []byte(words))
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return r.write(out)
}

// refusals returns the texts that were refused themselves, and the messages.
func refusals(req embedding.Request, err error) map[int]string {
	out := map[int]string{}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if embedding.KindOf(f.Err) == embedding.Rejected {
				out[f.Index] = f.Err.Error()
			}
		}
	} else if err != nil && len(req.Texts) == 1 && embedding.KindOf(err) == embedding.Rejected {
		out[0] = err.Error()
	}
	return out
}

func heading(m embedding.Model, reference string, dims int) *Heading {
	return &Heading{
		Reference: reference, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Space: m.Space, Variant: m.Variant,
		Dimensions: dims, Symmetric: m.Symmetric, Limits: m.Limits, Price: m.Price,
	}
}

func flag(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}
