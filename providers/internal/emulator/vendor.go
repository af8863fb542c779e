package emulator

import (
	"net/http"
	"time"

	"github.com/vecspace/embedding"
)

// Vendor is what one vendor's API looks like. Its methods are called for many requests at once.
type Vendor interface {
	// Profile never changes.
	Profile() Profile
	// Head sets the headers that every answer has.
	Head(h http.Header, r *Request)
	// Admit answers what is no call for vectors: another path or method, a wrong key. Nil lets the request through. The body
	// has been read.
	Admit(r *Request) *Reply
	// Parse reads a call. A Reply refuses it: what cannot be read, and a model that is not there, which is said before any
	// rate is.
	Parse(r *Request, body []byte) (Call, *Reply)
	// Check holds a call against limits and what the model offers, and may complete the call and cut its texts. tokens are
	// those of each text; of a text that is cut, Check writes what is left. tooLong says that length is what it refuses.
	Check(r *Request, c *Call, tokens []int) (refusal *Reply, tooLong bool)
	// Fault is the answer of one of Errors.
	Fault(r *Request, f Fault) Reply
	// Answer appends the answer's body to dst. Its length is known afterwards only, so it may still set headers.
	Answer(dst []byte, r *Request, c *Call, items []Item, tokens int) []byte
}

// Profile is what holds for all requests.
type Profile struct {
	Name   string         // of the emulator, for errors: dashscopetest
	About  map[string]any // what the control path says of the emulator, beside the faults there are
	Models []string       // all that limits can be set for, whether they are on offer here or not
	// Errors are the faults that answer with an error of the vendor's own. RequestRate, TokenRate and InternalError are among
	// them: they are also what rates and a failing Options.Embedder answer with.
	Errors     []FaultInfo
	Positional bool   // vectors have no index
	Doubles    bool   // numbers have the digits of doubles
	Unmetered  bool   // answers do not say how many tokens there were
	Serves     string // the model of a server that has one only
	Base64     bool   // vectors can be asked for in base64
}

// The faults that every vendor has.
const (
	RequestRate   = "request-rate"
	TokenRate     = "token-rate"
	BurstRate     = "burst-rate" // a vendor without it answers RequestRate
	InternalError = "internal-error"
)

// Request is one that has arrived.
type Request struct {
	*http.Request
	ID       string      // a made-up one, that answers may carry
	Arrived  time.Time   //
	Header   http.Header // of the answer
	Settings Settings    // as they were when it arrived: not to be edited

	tokens func(string) int
}

// Tokens counts a text's tokens as the emulator bills them.
func (r *Request) Tokens(text string) int { return r.tokens(text) }

// Limits returns the documented limits with those of Settings in their place.
func (r *Request) Limits(model string, documented embedding.Limits) embedding.Limits {
	o := r.Settings.Limits[model]
	for _, f := range []struct {
		to *int
		by int
	}{{&documented.Texts, o.Texts}, {&documented.Tokens, o.Tokens}, {&documented.Bytes, o.Bytes}, {&documented.TextTokens, o.TextTokens}} {
		if f.by != 0 {
			*f.to = f.by
		}
	}
	return documented
}

// Reply is a whole answer.
type Reply struct {
	Status int
	Type   string // Content-Type; "" is JSON where there is a body
	Body   []byte
}

// Call is what a request asks for.
type Call struct {
	Model      string // has rates of its own, and with Dimensions is what a text is billed for
	Space      string // of models that share one; "" is Model's own
	Role       string // "" or what else the vectors depend on
	Dimensions int    // of the answer
	Full       int    // above 0: vectors are the first Dimensions of a unit vector of so many, and not of unit length themselves
	Base64     bool
	Texts      []string
	Rest       any // the vendor's own
}

// Item is one entry of an answer.
type Item struct {
	Index  int
	Vector []byte // its JSON, a list of numbers or a string of base64; valid unless a fault says otherwise
}

// Rows is the JSON list of the items' vectors, in the order of the items.
func Rows(dst []byte, items []Item) []byte {
	dst = append(dst, '[')
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, it.Vector...)
	}
	return append(dst, ']')
}
