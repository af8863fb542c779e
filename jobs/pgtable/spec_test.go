package pgtable

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestLiteral(t *testing.T) {
	for in, want := range map[string]string{"": "''", "it's": "'it''s'", `a\'b`: ` E'a\\''b'`} {
		expect.Equal(t, in, literal(in), want)
	}
}

// A message of the server that may quote a row's value is left out; others say what is wrong.
func TestProblem(t *testing.T) {
	for _, c := range []struct {
		err       error
		want, not string
	}{
		{&pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type integer: "secret"`}, "SQLSTATE 22P02", "secret"},
		{&pgconn.PgError{Code: "23505", Message: "duplicate key", Detail: "Key (id)=(secret)"}, "SQLSTATE 23505", "secret"},
		{&pgconn.PgError{Code: "42703", Message: `column "title" does not exist`, Detail: "secret"}, `column "title"`, "secret"},
		{&pgconn.PgError{Code: "42501", Message: "permission denied for table docs"}, "does not allow it", "secret"},
		{&pgconn.PgError{Code: "55P03", Message: "canceling statement due to lock timeout"}, "has the table locked", "secret"},
		{errors.New("connection refused"), "connection refused", "secret"},
	} {
		err := problem("doing", c.err)
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.not) {
			t.Errorf("got the error %v, want %q in it and not %q", err, c.want, c.not)
		}
	}
	expect.Equal(t, "no problem", problemIf("doing", nil), nil)
}

func TestDiffers(t *testing.T) {
	m := manifest{Schema: "public", Table: "docs", Key: "id", KeyType: "bigint", Text: "title", Space: "a@2"}
	expect.Equal(t, "the same", m.differs(m), "")
	for want, change := range map[string]func(*manifest){
		`its table is "\"public\".\"docs\"", and this one's is "\"other\".\"docs\""`: func(m *manifest) { m.Schema = "other" },
		`its key is "id", and this one's is "n"`:                                     func(m *manifest) { m.Key = "n" },
		`its type of the key is "bigint", and this one's is "text"`:                  func(m *manifest) { m.KeyType = "text" },
		`its text is "title", and this one's is "body"`:                              func(m *manifest) { m.Text = "body" },
		`its space is "a@2", and this one's is "b@2"`:                                func(m *manifest) { m.Space = "b@2" },
		`its variant is "", and this one's is "v"`:                                   func(m *manifest) { m.Variant = "v" },
	} {
		o := m
		change(&o)
		expect.Equal(t, "difference", m.differs(o), want)
	}
	m.Dimensions = 2
	expect.NoError(t, m.fits("v", embedding.Model{Space: "a@2", Dimensions: 2}))
	if err := m.fits("v", embedding.Model{Space: "b@2", Dimensions: 2}); err == nil || !strings.Contains(err.Error(), "a@2") || !strings.Contains(err.Error(), "b@2") {
		t.Errorf("got the error %v, want both Spaces", err)
	}
}
