// Package report holds the outcome of a comparison and writes it: as a table for terminals, as Markdown, as JSON (SCHEMA.md says what is in
// it) and as one HTML page with plots that needs no network.
package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// Schema is the version of the JSON. It goes up when a field changes its meaning or goes away.
const Schema = 1

// Report is the outcome of a comparison.
type Report struct {
	Schema     int         `json:"schema"`
	Run        Run         `json:"run"`
	Candidates []Candidate `json:"candidates"`
	Tasks      []Task      `json:"tasks"`
	Notes      []string    `json:"notes,omitempty"` // what a reader has to know, in sentences
}

// Run says how the figures came about.
type Run struct {
	Date      string  `json:"date"` // RFC 3339
	Command   string  `json:"command,omitempty"`
	Version   string  `json:"version"` // of this module
	Go        string  `json:"go"`
	Machine   string  `json:"machine"` // system, architecture, processor and how many
	Seed      uint64  `json:"seed"`
	Resamples int     `json:"resamples"`
	Seconds   float64 `json:"seconds"`
	Offline   bool    `json:"offline"` // every answer was recorded before
	Complete  bool    `json:"complete"`
}

// Candidate is one embedder.
type Candidate struct {
	Name       string `json:"name"`
	Reference  string `json:"reference"`
	Query      string `json:"query_reference,omitempty"` // of what embeds queries, where that is another one
	Provider   string `json:"provider,omitempty"`
	Model      string `json:"model,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"`
	Space      string `json:"space,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Dimensions int    `json:"dimensions,omitempty"`
	// VectorBytes is what one vector takes in float32; a million of them, without any index around them, IndexBytes.
	VectorBytes int        `json:"vector_bytes,omitempty"`
	IndexBytes  int64      `json:"index_bytes,omitempty"`
	Failure     string     `json:"failure,omitempty"` // why the candidate has no figures, or not all
	Limit       int        `json:"limit,omitempty"`   // texts the model takes at once, where that is known
	Refused     int        `json:"refused,omitempty"` // texts the provider did not take
	Speed       []Speed    `json:"speed,omitempty"`
	Attempts    Attempts   `json:"attempts"`
	Costs       []TaskCost `json:"costs,omitempty"`
}

// Attempts are the requests that were really sent for the tasks in this run, beside those that measured the speed.
type Attempts struct {
	Sent   int            `json:"sent"`
	Failed map[string]int `json:"failed,omitempty"` // by kind of error; most are healed by trying again
}

// Speed is one measurement of package load. Latencies are in seconds.
type Speed struct {
	Loop            string         `json:"loop"` // "closed" or "open"
	Batch           int            `json:"batch"`
	Rate            float64        `json:"rate,omitempty"` // requests a second, of an open loop
	Requests        int            `json:"requests"`
	Warmup          int            `json:"warmup"`
	Errors          map[string]int `json:"errors,omitempty"` // by kind; 429s are "rate limited"
	P50             float64        `json:"p50"`
	P90             float64        `json:"p90"`
	P95             float64        `json:"p95"`
	P99             float64        `json:"p99"`
	Max             float64        `json:"max"`
	FailedP50       float64        `json:"failed_p50,omitempty"` // how long failed requests took
	TextsPerSecond  float64        `json:"texts_per_second"`
	TokensPerSecond float64        `json:"tokens_per_second"`
	Metered         bool           `json:"metered"`        // the provider counted the tokens
	ECDF            [][2]float64   `json:"ecdf,omitempty"` // seconds, share of answers that took no longer
}

// TaskCost is what a candidate's texts of one task cost.
type TaskCost struct {
	Task      string  `json:"task"`
	Texts     int     `json:"texts"`
	Tokens    float64 `json:"tokens"`
	Estimated bool    `json:"estimated"`          // some tokens were estimated, since the provider did not count them
	Currency  string  `json:"currency,omitempty"` // none: no price is known, or the model is local
	AsOf      string  `json:"as_of,omitempty"`    // the day of the price
	Local     bool    `json:"local,omitempty"`    // it runs on this machine: there is no price
	Spent     float64 `json:"spent"`              // for the texts, once
	Million   float64 `json:"per_million_texts"`
	Monthly   float64 `json:"monthly,omitempty"` // for MonthlyTexts
	Volume    int     `json:"monthly_texts,omitempty"`
}

// Task is one set and the rows of its table.
type Task struct {
	Name       string       `json:"name"`
	Kind       string       `json:"kind"`              // "retrieval" or "pairs"
	Failure    string       `json:"failure,omitempty"` // why the set could not be read: there is nothing else then
	Documents  int          `json:"documents,omitempty"`
	Queries    int          `json:"queries"` // or pairs
	Blank      int          `json:"blank_documents,omitempty"`
	Whole      int          `json:"whole_documents,omitempty"` // how many documents the set has of which this is a part
	Metrics    []string     `json:"metrics"`                   // in the order of the table; the first one is the main one
	Rows       []Row        `json:"rows"`
	Pairs      []Difference `json:"differences,omitempty"`
	Dimensions []Point      `json:"dimensions,omitempty"`
	Disagreed  []Disagreed  `json:"disagreements,omitempty"`
}

// The kinds of Row.
const (
	Model = "model" // a candidate
	Floor = "floor" // words alone
	Fused = "fused" // a candidate and words
)

// Row is what one way of answering scores.
type Row struct {
	Name      string           `json:"name"`
	Candidate string           `json:"candidate,omitempty"` // of a model or fused row
	Kind      string           `json:"kind"`
	Scores    map[string]Score `json:"scores,omitempty"`
	Failure   string           `json:"failure,omitempty"`
}

// Score is a figure from 0 to 1 (correlations from -1) with its 95 % interval.
type Score struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Best marks the highest value of a column if it is distinct from that of every other row of its kind.
	Best bool `json:"best,omitempty"`
}

// Difference compares two rows on the same questions.
type Difference struct {
	Metric   string  `json:"metric"`
	A        string  `json:"a"`
	B        string  `json:"b"`
	Value    float64 `json:"value"` // A - B
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	P        float64 `json:"p"`
	Holm     float64 `json:"p_holm"` // corrected for the number of pairs of this task and metric
	Distinct bool    `json:"distinct"`
}

// Words says in a sentence what the comparison shows. The p-value is the corrected one.
func (d Difference) Words() string {
	if !d.Distinct {
		why := ""
		if d.Low > 0 || d.High < 0 {
			why = "; its interval leaves out 0, but so many comparisons make one such by chance"
		}
		return fmt.Sprintf("%s and %s cannot be told apart by %s: the difference is %s, between %s and %s (p = %s)%s.",
			d.A, d.B, d.Metric, signed(d.Value), signed(d.Low), signed(d.High), p(d.Holm), why)
	}
	better, worse := d.A, d.B
	if d.Value < 0 {
		better, worse = worse, better
	}
	low, high := min(abs(d.Low), abs(d.High)), max(abs(d.Low), abs(d.High))
	return fmt.Sprintf("%s is better than %s by %s: by %.4f, between %.4f and %.4f (p = %s).", better, worse, d.Metric, abs(d.Value), low, high, p(d.Holm))
}

// signed prints a difference; one that rounds to nothing has no side.
func signed(v float64) string {
	if s := fmt.Sprintf("%+.4f", v); s != "-0.0000" && s != "+0.0000" {
		return s
	}
	return "0.0000"
}

func p(v float64) string {
	if v < .001 {
		return "under .001"
	}
	return fmt.Sprintf("%.3f", v)
}

func abs(v float64) float64 { return max(v, -v) }

// Point is the quality that is left where vectors are cut short or stored coarsely.
type Point struct {
	Candidate  string  `json:"candidate"`
	Dimensions int     `json:"dimensions"`
	Storage    string  `json:"storage"` // "float32", "int8" or "binary"
	Bytes      int     `json:"bytes"`   // of one vector
	Metric     string  `json:"metric"`
	Value      float64 `json:"value"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
}

// Disagreed is a query on which two rows differ much.
type Disagreed struct {
	A      string  `json:"a"`
	B      string  `json:"b"`
	ID     string  `json:"id"`
	Text   string  `json:"text"`
	ScoreA float64 `json:"score_a"` // of the task's main metric; of a pair of sentences, the error of its rank
	ScoreB float64 `json:"score_b"`
	FirstA string  `json:"first_a"` // what each ranked first, or how alike it says the sentences are
	FirstB string  `json:"first_b"`
	Gold   float64 `json:"gold,omitempty"` // of a pair of sentences
	RightA bool    `json:"right_a"`        // that is relevant
	RightB bool    `json:"right_b"`
}

// Failed are the names of the candidates that failed.
func (r *Report) Failed() (names []string) {
	for _, c := range r.Candidates {
		if c.Failure != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// Unread are the names of the tasks that could not be read.
func (r *Report) Unread() (names []string) {
	for _, t := range r.Tasks {
		if t.Failure != "" {
			names = append(names, t.Name)
		}
	}
	return names
}

// JSON writes the report as JSON, which ReadJSON reads.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// ReadJSON reads a report that JSON wrote.
func ReadJSON(in io.Reader) (*Report, error) {
	r := &Report{}
	if err := json.NewDecoder(in).Decode(r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("report: the JSON is of schema %d, this program reads %d", r.Schema, Schema)
	}
	return r, nil
}
