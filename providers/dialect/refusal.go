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
	Message string         // may have holes, such as {model}, for With to fill
	Field   string         // the member of the request that is wrong, where the service names it
	Form    string         // which of the service's shapes of errors it has; "" is the usual one
	Kind    embedding.Kind // what a client should make of it; Unknown: that is not said
	Late    bool           // only who has a good key is told
	Long    bool           // length is what is refused, not number

	holes []string
}

// With returns the refusal with holes filled: name, value, name, value. The names are written with
// their braces.
func (r Refusal) With(holes ...string) *Refusal {
	r.holes = append(slices.Clip(r.holes), holes...)
	return &r
}

// Text is the message with its holes filled. escape is applied to each value; nil: they stay as
// they are.
func (r Refusal) Text(escape func(string) string) string {
	holes := slices.Clone(r.holes)
	for i := 1; i < len(holes) && escape != nil; i += 2 {
		holes[i] = escape(holes[i])
	}
	return strings.NewReplacer(holes...).Replace(r.Message)
}

// Words are the refusals of a service that a host needs.
type Words struct {
	NoPath, NoMethod Refusal // holes: {path} and {method}
	NoKey, BadKey    Refusal
	NoModel          Refusal // holes: {model}, {"model"}, {models}, {'models'}: some with quotes
	LargeBody        Refusal
	// Kinds has a refusal for each Kind of error of an Embedder, with the hole {why}. Auth may be
	// missing where it is BadKey, Partial where it is Rejected, and Unknown and Malformed where they
	// differ from Unavailable by their status.
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

// Unknown is the refusal of a model that is not there.
func (w Words) Unknown(model string, known []string) *Refusal {
	return w.NoModel.With("{model}", model, `{"model"}`, strconv.Quote(model), "{models}", strings.Join(known, ", "), "{'models'}", "'"+strings.Join(known, "', '")+"'")
}

// Say writes an Embedder's error as the service's refusal. Of the error it tells its Kind, when to
// come again, and its cause where the service's words have room for one.
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

// RetryAfter sets the answer's header, in seconds rounded up.
func (r *Request) RetryAfter(d time.Duration) {
	r.Out.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
}
