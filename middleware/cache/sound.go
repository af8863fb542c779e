package cache

import (
	"context"

	"github.com/vecspace/embedding"
)

// given answers with vectors that come from elsewhere, so that the guard around it judges them as
// it judges a provider's.
type given struct {
	model embedding.Model
	rows  [][]float32
}

func (g *given) Model() embedding.Model {
	m := g.model
	m.Limits = embedding.Limits{} // they are of requests
	return m
}

func (g *given) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{Vectors: g.rows}, nil
}

// sound sets each row to nil that the guard refuses as the vector of its text, and returns how many
// rows are left.
func sound(m embedding.Model, texts []string, rows [][]float32) int {
	asked, found := make([]string, 0, len(rows)), make([][]float32, 0, len(rows))
	for i, row := range rows {
		if row != nil {
			asked, found = append(asked, texts[i]), append(found, row)
		}
	}
	if unsound(m, asked, found) == nil {
		return len(found)
	}
	n := 0
	for i, row := range rows {
		if row == nil {
			continue
		}
		if unsound(m, texts[i:i+1], rows[i:i+1]) != nil {
			rows[i] = nil
			continue
		}
		n++
	}
	return n
}

// unsound returns the guard's error for rows as the vectors of texts.
func unsound(m embedding.Model, texts []string, rows [][]float32) error {
	_, err := embedding.Chain(&given{m, rows}).Embed(context.Background(), embedding.Request{Texts: texts})
	return err
}
