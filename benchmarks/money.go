package benchmarks

import (
	"errors"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/providers"
)

// Estimate is the expected cost of a run. [embedding.EstimateTokens] estimates the tokens, rather
// too high.
type Estimate struct {
	Candidates []CandidateEstimate
	Sums       map[string]float64 // by currency; never added up or converted
}

// CandidateEstimate is the expected cost of one candidate.
type CandidateEstimate struct {
	Name     string
	Texts    int // texts to send, including those for the speed
	Recorded int // texts that are already paid for
	Tokens   int
	Price    embedding.Price // zero if unknown, or if the model is local
	Local    bool
	Sum      float64
	Failure  string // why it cannot run; "" if it can

	// The part of Texts, Tokens and Sum that measures the speed. It is not recorded for reuse.
	SpeedTexts, SpeedTokens int
	SpeedSum                float64
}

func (r *run) estimate(cs []*contender) Estimate {
	out := Estimate{Sums: map[string]float64{}}
	for _, c := range cs {
		e := CandidateEstimate{Name: c.name(), Price: c.model.Price, Local: local(c.model)}
		if c.failure != nil {
			e.Failure = c.failure.Error()
			out.Candidates = append(out.Candidates, e)
			continue
		}
		counted := map[request]bool{}
		for _, t := range r.tasks {
			for _, q := range distinct(t.requests, c.model) {
				if counted[q] {
					continue
				}
				counted[q] = true
				if _, known := c.recording.Lookup(q.task, q.text); known {
					e.Recorded++
				} else if !r.Offline {
					e.Texts++
					e.Tokens += embedding.EstimateTokens(q.text)
				}
			}
		}
		e.SpeedTexts, e.SpeedTokens = r.speedNeeds(c)
		e.Texts, e.Tokens = e.Texts+e.SpeedTexts, e.Tokens+e.SpeedTokens
		e.SpeedSum = float64(e.SpeedTokens) * e.Price.PerMillion / 1e6
		e.Sum = float64(e.Tokens) * e.Price.PerMillion / 1e6
		if e.Price.PerMillion > 0 {
			out.Sums[e.Price.Currency] += e.Sum
		}
		out.Candidates = append(out.Candidates, e)
	}
	return out
}

// cost is the cost of a candidate's texts in a task by the tokens that the provider counted.
func (r *run) cost(c *contender, t *madeTask) report.TaskCost {
	out := report.TaskCost{Task: t.name(), Local: local(c.model), Volume: r.MonthlyTexts}
	for _, q := range distinct(t.requests, c.model) {
		a, _ := c.recording.Lookup(q.task, q.text)
		if a.Vector == nil {
			continue
		}
		out.Texts++
		out.Tokens += a.Tokens
		out.Estimated = out.Estimated || !a.Metered
	}
	if p := c.model.Price; p.PerMillion > 0 && out.Texts > 0 {
		out.Currency, out.AsOf = p.Currency, p.AsOf
		out.Spent = out.Tokens * p.PerMillion / 1e6
		out.Million = out.Spent / float64(out.Texts) * 1e6
		out.Monthly = out.Million / 1e6 * float64(r.MonthlyTexts)
	}
	return out
}

// Currency returns the one currency of all candidates with a known price. It is an error if there
// are several currencies or no price: a sum without a currency then means nothing.
func Currency(candidates []Candidate) (string, error) {
	table, found := providers.Builtin(), ""
	for _, c := range candidates {
		e, err := c.open(table)
		if err != nil {
			continue // Compare shows it as failed
		}
		switch currency := e.Model().Price.Currency; {
		case currency == "" || currency == found:
		case found == "":
			found = currency
		default:
			return "", fmt.Errorf("the candidates' prices are in %s and in %s: give a sum for each, such as 2.00%s", found, currency, found)
		}
	}
	if found == "" {
		return "", errors.New("no candidate has a known price: name the currency, such as 2.00USD")
	}
	return found, nil
}
