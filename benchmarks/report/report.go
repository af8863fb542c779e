// Package report holds the result of a comparison. [Report] writes it as tables for a terminal, as
// Markdown, as JSON (described in SCHEMA.md) and as one HTML page with plots that needs no network.
package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// Schema is the version of the JSON. It increases when a field is removed or changes its meaning.
const Schema = 1

// Report is the result of a comparison.
type Report struct {
	Schema     int         `json:"schema"`
	Run        Run         `json:"run"`
	Candidates []Candidate `json:"candidates"`
	Tasks      []Task      `json:"tasks"`
	Notes      []string    `json:"notes,omitempty"` // explanations for the reader, in sentences
}

// Run describes how the figures were measured.
type Run struct {
	Date      string  `json:"date"` // RFC 3339
	Command   string  `json:"command,omitempty"`
	Version   string  `json:"version"` // of this module
	Go        string  `json:"go"`
	Machine   string  `json:"machine"` // system, architecture, processor and number of cores
	Seed      uint64  `json:"seed"`
	Resamples int     `json:"resamples"`
	Seconds   float64 `json:"seconds"`
	Offline   bool    `json:"offline"` // all answers are from recordings
	Complete  bool    `json:"complete"`
}

// Candidate is one embedder.
type Candidate struct {
	Name       string `json:"name"`
	Reference  string `json:"reference"`
	Query      string `json:"query_reference,omitempty"` // embedder of queries, if it is another one
	Provider   string `json:"provider,omitempty"`
	Model      string `json:"model,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"`
	Space      string `json:"space,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Dimensions int    `json:"dimensions,omitempty"`
	// VectorBytes is the size of a float32 vector, IndexBytes the size of a million without any index.
	VectorBytes int        `json:"vector_bytes,omitempty"`
	IndexBytes  int64      `json:"index_bytes,omitempty"`
	Failure     string     `json:"failure,omitempty"` // why figures are missing; "" if none are
	Limit       int        `json:"limit,omitempty"`   // texts per request; 0 if unknown
	Refused     int        `json:"refused,omitempty"` // texts that the provider refused
	Speed       []Speed    `json:"speed,omitempty"`
	Attempts    Attempts   `json:"attempts"`
	Costs       []TaskCost `json:"costs,omitempty"`
}

// Attempts counts the requests that this run sent for the tasks. It does not count those that
// measured the speed.
type Attempts struct {
	Sent   int            `json:"sent"`
	Failed map[string]int `json:"failed,omitempty"` // by kind of error; most succeeded when retried
}

// Speed is one measurement. Latencies are in seconds.
type Speed struct {
	Loop            string         `json:"loop"`  // "closed" or "open"
	Texts           string         `json:"texts"` // "queries" or "documents"; all closed loops of documents send the same
	Batch           int            `json:"batch"`
	Rate            float64        `json:"rate,omitempty"` // requests per second in an open loop
	Requests        int            `json:"requests"`
	Warmup          int            `json:"warmup"`
	Errors          map[string]int `json:"errors,omitempty"` // by kind; 429s are "rate limited"
	P50             float64        `json:"p50"`
	P90             float64        `json:"p90"`
	P95             float64        `json:"p95"`
	P99             float64        `json:"p99,omitempty"` // 0 below 100 answers, which do not show it
	Max             float64        `json:"max"`
	FailedP50       float64        `json:"failed_p50,omitempty"` // median time of failed requests
	TextsPerSecond  float64        `json:"texts_per_second"`
	TokensPerSecond float64        `json:"tokens_per_second"`
	Metered         bool           `json:"metered"`        // the provider counted the tokens
	ECDF            [][2]float64   `json:"ecdf,omitempty"` // seconds, share of answers
}

// TaskCost is the cost of a candidate's texts in one task.
type TaskCost struct {
	Task      string  `json:"task"`
	Texts     int     `json:"texts"`
	Tokens    float64 `json:"tokens"`
	Estimated bool    `json:"estimated"`          // the provider did not count all tokens
	Currency  string  `json:"currency,omitempty"` // "" if no price is known or the model is local
	AsOf      string  `json:"as_of,omitempty"`    // the day of the price
	Local     bool    `json:"local,omitempty"`    // it runs on this machine and costs nothing
	Spent     float64 `json:"spent"`              // for all texts of the task, once
	Million   float64 `json:"per_million_texts"`
	Monthly   float64 `json:"monthly,omitempty"` // for MonthlyTexts
	Volume    int     `json:"monthly_texts,omitempty"`
}

// Task is one set and its table.
type Task struct {
	Name       string       `json:"name"`
	Kind       string       `json:"kind"`              // "retrieval" or "pairs"
	Failure    string       `json:"failure,omitempty"` // why the set could not be read
	Documents  int          `json:"documents,omitempty"`
	Queries    int          `json:"queries"` // or pairs
	Blank      int          `json:"blank_documents,omitempty"`
	Absent     int          `json:"absent_judgments,omitempty"`   // left out: the set lacks their query or document
	Repeated   int          `json:"repeated_judgments,omitempty"` // counted once
	Itself     int          `json:"queries_in_corpus,omitempty"`  // queries that are documents too and do not find themselves
	Whole      int          `json:"whole_documents,omitempty"`    // of which this is a part
	Metrics    []string     `json:"metrics"`                      // the main one first
	Rows       []Row        `json:"rows"`
	Pairs      []Difference `json:"differences,omitempty"`
	Dimensions []Point      `json:"dimensions,omitempty"`
	Disagreed  []Disagreed  `json:"disagreements,omitempty"`
}

// Kinds of [Row].
const (
	Model = "model" // a candidate
	Floor = "floor" // words alone
	Fused = "fused" // a candidate fused with words
)

// Fusions of a [Fused] row.
const (
	ByScores = "scores" // bm25.Fuse
	ByRanks  = "ranks"  // reciprocal ranks
)

// Row holds the scores of a candidate, of words alone, or of both fused.
type Row struct {
	Name      string           `json:"name"`
	Candidate string           `json:"candidate,omitempty"` // the candidate of a Model or Fused row
	Kind      string           `json:"kind"`
	Fusion    string           `json:"fusion,omitempty"` // of a Fused row; "" in reports of before, which fused by ranks
	Weight    float64          `json:"weight,omitempty"` // of words, in a row fused by scores
	Scores    map[string]Score `json:"scores,omitempty"`
	Failure   string           `json:"failure,omitempty"`
}

// Score is a figure from 0 to 1 (correlations from -1) with its 95 % interval.
type Score struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Best marks the highest value of a column if it is distinct from every other row's.
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
	Differ   int     `json:"differ"` // questions on which A and B differ
	P        float64 `json:"p"`
	Holm     float64 `json:"p_holm"` // corrected for the number of comparisons
	Distinct bool    `json:"distinct"`
}

// Few is the number of questions below which no difference is significant: six that all favor the
// same side have a p-value of .03, five of .06.
const Few = 6

// Words describes the comparison in a sentence, with differences times 100 and the corrected
// p-value.
func (d Difference) Words() string {
	switch d.verdict() {
	case better, worse:
	case identical:
		return fmt.Sprintf("%s and %s are identical by %s on every question.", d.A, d.B, d.Metric)
	case tooFew:
		return fmt.Sprintf("%s and %s differ by %s on %s: too few to tell.", d.A, d.B, d.Metric, questions(d.Differ))
	default:
		why := ""
		switch apart := d.Low > 0 || d.High < 0; {
		case apart:
			why = "; its interval leaves out 0, but so many comparisons make one such by chance"
		case d.Holm < .05:
			why = "; the questions asked favor one, but they are too few to say by how much"
		}
		return fmt.Sprintf("%s and %s cannot be told apart by %s: the difference is %s, between %s and %s (p = %s)%s.",
			d.A, d.B, d.Metric, signed(d.Value), signed(d.Low), signed(d.High), p(d.Holm), why)
	}
	winner, loser := d.A, d.B
	if d.Value < 0 {
		winner, loser = loser, winner
	}
	low, high := min(abs(d.Low), abs(d.High)), max(abs(d.Low), abs(d.High))
	return fmt.Sprintf("%s is better than %s by %s: by %.2f, between %.2f and %.2f (p = %s).",
		winner, loser, d.Metric, 100*abs(d.Value), 100*low, 100*high, p(d.Holm))
}

func questions(n int) string {
	if n == 1 {
		return "1 question"
	}
	return fmt.Sprintf("%d questions", n)
}

// signed formats a difference times 100; one that rounds to 0 has no sign.
func signed(v float64) string {
	if s := fmt.Sprintf("%+.2f", 100*v); s != "-0.00" && s != "+0.00" {
		return s
	}
	return "0.00"
}

func p(v float64) string {
	if v < .001 {
		return "under .001"
	}
	return fmt.Sprintf("%.3f", v)
}

func abs(v float64) float64 { return max(v, -v) }

// Point is the quality of vectors that are cut or stored coarsely.
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
	ScoreA float64 `json:"score_a"` // main metric; for pairs, 1 - the error of the rank
	ScoreB float64 `json:"score_b"`
	FirstA string  `json:"first_a"` // first document; for pairs, the similarity
	FirstB string  `json:"first_b"`
	Gold   float64 `json:"gold,omitempty"` // sentence pairs only
	RightA bool    `json:"right_a"`        // the answer is relevant, or the nearer of both
	RightB bool    `json:"right_b"`
}

// Failed returns the names of the candidates that failed.
func (r *Report) Failed() (names []string) {
	for _, c := range r.Candidates {
		if c.Failure != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// Unread returns the names of the tasks that could not be read.
func (r *Report) Unread() (names []string) {
	for _, t := range r.Tasks {
		if t.Failure != "" {
			names = append(names, t.Name)
		}
	}
	return names
}

// JSON writes the report as JSON. [ReadJSON] reads it.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// ReadJSON reads the JSON of a report. It is an error if it has another [Schema].
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
