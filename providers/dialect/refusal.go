package dialect

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// Refusal is an error in a service's words.
type Refusal struct {
	Status  int
	Code    string
	Type    string
	Message string         // may have holes, such as {model}, that With fills
	Field   string         // the wrong field of the request, if the service names it
	Form    string         // the shape of the error, if the service has several; "" means the usual one
	Kind    embedding.Kind // how a client should classify it; Unknown means any way
	Late    bool           // sent only if the key is good
	Long    bool           // a text is too long (rather than too many texts)

	holes []string
}

// With returns a copy of r with holes filled: name, value, name, value. Names include their braces.
func (r Refusal) With(holes ...string) *Refusal {
	r.holes = append(slices.Clip(r.holes), holes...)
	return &r
}

// Text returns the message with its holes filled. It passes each value through escape, which may be
// nil.
func (r Refusal) Text(escape func(string) string) string {
	holes := slices.Clone(r.holes)
	for i := 1; i < len(holes) && escape != nil; i += 2 {
		holes[i] = escape(holes[i])
	}
	return strings.NewReplacer(holes...).Replace(r.Message)
}

// Words holds the refusals of a service that a host needs.
type Words struct {
	NoPath, NoMethod Refusal // holes: {path} and {method}
	NoKey, BadKey    Refusal
	NoModel          Refusal // holes: {model}, {"model"}, {models}, {'models'}: some with quotes
	LargeBody        Refusal
	// Kinds has a refusal for each Kind of an Embedder's error, with the hole {why}. Auth may be
	// missing if it is BadKey, and Partial if it is Rejected. Unknown and Malformed may be missing if
	// they differ from Unavailable only by their status.
	Kinds map[embedding.Kind]Refusal
}

// Of returns the refusal for a Kind.
func (w Words) Of(k embedding.Kind) Refusal {
	why, ok := w.Kinds[k]
	switch {
	case ok:
	case k == embedding.Auth:
		why = w.BadKey
	case k == embedding.Partial:
		why = w.Kinds[embedding.Rejected]
	default:
		why = w.Kinds[embedding.Unavailable]
		why.Status = http.StatusInternalServerError
		if k == embedding.Malformed {
			why.Status = http.StatusBadGateway
		}
	}
	why.Kind, why.Late = k, false
	return why
}

// Unknown returns the refusal of a model that the host does not have.
func (w Words) Unknown(model string, known []string) *Refusal {
	return w.NoModel.With("{model}", model, `{"model"}`, strconv.Quote(model), "{models}", strings.Join(known, ", "), "{'models'}", "'"+strings.Join(known, "', '")+"'")
}

// Say writes an Embedder's error as the service's refusal. It reveals the error's Kind, its
// RetryAfter and, if the service's words have a place for it, its cause.
func Say(d Dialect, r *Request, err *embedding.Error) Reply {
	if err.RetryAfter > 0 {
		r.RetryAfter(err.RetryAfter)
	}
	said := err.Kind.Error()
	if err.Err != nil {
		said = err.Err.Error()
	}
	return d.Refuse(r, *d.Words(r).Of(err.Kind).With("{why}", said))
}

// RetryAfter sets the Retry-After header of the answer, in seconds rounded up.
func (r *Request) RetryAfter(d time.Duration) {
	r.Out.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
}
