package check

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vecspace/embedding/internal/expect"
)

var report = Report{
	Reference: "acme:m", Provider: "acme", Model: "m", Endpoint: "api.acme.example", Requests: 7, Tokens: 1200, Cost: 0.00012, Currency: "USD",
	Findings: []Finding{
		{Check: "model", Verdict: Agrees, Says: "an-organization-of-somebody/a-model-with-a-long-name", Found: "served"},
		{Check: "texts of a request", Verdict: Differs, Says: "96", Found: "64 taken, 65 refused",
			Reason: strings.Repeat("too many texts ", 12), Options: map[string]string{"max_texts": "64"}},
		{Check: "longest text", Verdict: NotAsked, Reason: "rate limited (429)"},
	},
	Right: "acme:m?max_texts=64",
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	expect.NoError(t, report.Text(&b))
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns || line != strings.TrimRight(line, " \n")+"\n" {
			t.Errorf("got a line of %d columns, want %d at most and no spaces at its end: %q", n, columns, line)
		}
	}
	want := `acme:m at api.acme.example

VERDICT         CHECK               SAYS                    FOUND
agrees          model               an-organization-of-som  served
                                    ebody/a-model-with-a-l
                                    ong-name
DIFFERS         texts of a request  96                      64 taken, 65 refused
                too many texts too many texts too many texts too many texts too many texts too many
                texts too many texts too many texts too many texts too many texts too many texts too
                many texts
not asked       longest text
                rate limited (429)

1 agree, 1 differ, 0 not stated, 0 not applicable, 1 not asked
7 requests, 1200 tokens, 0.0001 USD

The reference that is right:

  acme:m?max_texts=64
`
	expect.Equal(t, "the report", b.String(), want)
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	expect.NoError(t, report.JSON(&b))
	var got Report
	expect.NoError(t, json.Unmarshal(b.Bytes(), &got))
	expect.Equal(t, "report", got, report)
}

func TestMoney(t *testing.T) {
	expect.Equal(t, "little", Money(0.00004, "USD"), "less than 0.0001 USD")
	expect.Equal(t, "more", Money(0.01234, "USD"), "0.0123 USD")
}
