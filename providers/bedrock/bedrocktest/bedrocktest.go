// Package bedrocktest emulates Amazon Bedrock's text embeddings, so that programs and tests run against the service's limits
// and errors without credentials, a network or a bill.
//
//	emulator, err := bedrocktest.New(bedrocktest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL, region: bedrocktest.DefaultRegion, credentials: bedrocktest.DefaultCredentials()
//
// It is an http.Handler for /model/{id}/invoke with Titan v2 and Cohere's models. It verifies signatures (Signature Version 4):
// it computes each anew from the request as it came. Options.Keys are Bedrock API keys, which need no signature.
package bedrocktest

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// What an emulator has whose Options name no others.
const (
	DefaultKey    = emulator.DefaultKey
	DefaultRegion = "us-east-1"
)

// DefaultCredentials are those of an emulator whose Options name none.
func DefaultCredentials() bedrock.Credentials {
	return bedrock.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
}

// What the emulators of all providers share.
type (
	Server   = emulator.Server
	Settings = emulator.Settings
	Rates    = emulator.Rates
	Fault    = emulator.Fault
	Ledger   = emulator.Ledger
)

// Options of New.
type Options struct {
	emulator.Options
	Region      string                // that requests have to be signed for; "" is DefaultRegion
	Credentials []bedrock.Credentials // that are good; nil: DefaultCredentials
}

// New returns an emulator. It does no I/O.
func New(o Options) (*Server, error) {
	v := vendor{keys: o.GoodKeys(), region: o.Region, who: o.Credentials, models: map[string]bedrock.ModelInfo{}}
	if v.region == "" {
		v.region = DefaultRegion
	}
	if v.who == nil {
		v.who = []bedrock.Credentials{DefaultCredentials()}
	}
	for _, c := range v.who {
		if c.AccessKeyID == "" || c.SecretAccessKey == "" {
			return nil, errors.New("bedrocktest: credentials without an access key id or a secret")
		}
	}
	for _, m := range bedrock.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o.Options)
}

type vendor struct {
	region string
	keys   emulator.Keys
	who    []bedrock.Credentials
	models map[string]bedrock.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "bedrocktest", Errors: words.Faults(), Positional: true}
	for _, m := range bedrock.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("X-Amzn-Requestid", r.ID) }

// model is the name in a request's path.
func model(r *emulator.Request) (string, bool) {
	name, ok := strings.CutPrefix(r.URL.EscapedPath(), "/model/")
	if !ok {
		return "", false
	}
	if name, ok = strings.CutSuffix(name, "/invoke"); !ok || strings.Contains(name, "/") {
		return "", false
	}
	name, err := url.PathUnescape(name)
	return name, err == nil
}

const dateForm = "20060102T150405Z"

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	if _, ok := model(r); !ok || r.Method != http.MethodPost {
		return refuse(r, emulator.Refusal{Status: 404, Code: "UnknownOperationException"})
	}
	if key := r.Bearer(); key != "" {
		if !v.keys[key] {
			return refuse(r, words["auth"])
		}
		return nil
	}
	date := r.Request.Header.Get("X-Amz-Date")
	s, ok := readSignature(r.Request.Header.Get("Authorization"))
	at, err := time.Parse(dateForm, date)
	switch now := r.Arrived.UTC(); {
	case !ok || err != nil:
		return refuse(r, noToken)
	case v.claimed(r, s) == nil:
		return refuse(r, words["auth"])
	case s.region != v.region || s.service != "bedrock" || !strings.HasPrefix(date, s.date+"T"):
		return refuse(r, wrongRegion)
	case now.Sub(at).Abs() > 5*time.Minute:
		return refuse(r, skewed.With(date, now.Add(-5*time.Minute).Format(dateForm), now.Format(dateForm)))
	}
	return nil
}

// claimed returns whose a signature says it is, nil if nobody's.
func (v vendor) claimed(r *emulator.Request, s signature) *bedrock.Credentials {
	token := r.Request.Header.Get("X-Amz-Security-Token")
	at := slices.IndexFunc(v.who, func(c bedrock.Credentials) bool { return c.AccessKeyID == s.key && c.SessionToken == token })
	if at < 0 || token != "" && !slices.Contains(s.headers, "x-amz-security-token") {
		return nil
	}
	return &v.who[at]
}

func (v vendor) Fault(r *emulator.Request, f Fault) emulator.Reply { return *refuse(r, words.Of(f)) }

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	if s, ok := readSignature(r.Request.Header.Get("Authorization")); ok {
		canonical := s.canonical(r.Request, body)
		toSign := s.toSign(r.Request, canonical)
		if want := s.of(v.claimed(r, s).SecretAccessKey, toSign); !hmac.Equal([]byte(want), []byte(s.signature)) {
			return emulator.Call{}, refuse(r, mismatch.With(canonical, toSign))
		}
	}
	name, _ := model(r)
	info, ok := v.models[served(name)]
	if !ok {
		return emulator.Call{}, refuse(r, noModel)
	}
	c := emulator.Call{Model: info.ID, Dimensions: info.Dimensions[0]}
	if info.Tasks == nil {
		var req titan
		if err := emulator.Strict(body, &req); err != nil {
			return c, refuse(r, malformed.With("#: "+err.Error()))
		}
		if req.Text == nil {
			return c, refuse(r, malformed.With("#: required key [inputText] not found"))
		}
		c.Texts, c.Rest = []string{*req.Text}, req
		return c, nil
	}
	var req cohere
	if err := emulator.Strict(body, &req); err != nil {
		return c, refuse(r, malformed.With("#: "+err.Error()))
	}
	c.Texts, c.Role, c.Rest = req.Texts, req.InputType, req
	return c, nil
}

// served is the model of an inference profile that AWS made, which has the area before it.
func served(name string) string {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	for _, area := range []string{"global.", "us.", "eu.", "apac."} {
		if rest, ok := strings.CutPrefix(name, area); ok {
			return rest
		}
	}
	return name
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	info := v.models[c.Model]
	limits := r.Limits(c.Model, info.Limits)
	if req, ok := c.Rest.(titan); ok {
		return req.check(r, c, info, limits, tokens)
	}
	return c.Rest.(cohere).check(r, c, info, limits, tokens)
}

func (v vendor) Answer(dst []byte, r *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	r.Header.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(tokens))
	rows := string(emulator.Rows(nil, items))
	req, ok := c.Rest.(cohere)
	if !ok {
		one := strings.TrimSuffix(strings.TrimPrefix(rows, "["), "]")
		if one == "" {
			one = "null" // of the fault that leaves a vector out
		}
		return fmt.Appendf(dst, `{"embedding":%s,"embeddingsByType":{"float":%[1]s},"inputTextTokenCount":%d}`, one, tokens)
	}
	form := "embeddings_floats"
	if len(req.Types) > 0 {
		form, rows = "embeddings_by_type", `{"float":`+rows+`}`
	}
	return fmt.Appendf(dst, `{"id":%q,"texts":%s,"embeddings":%s,"response_type":%q}`, r.ID, emulator.JSON(c.Texts), rows, form)
}
