package migrate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// ChromaOptions names a Chroma collection for [Chroma].
type ChromaOptions struct {
	// URL of the server, such as http://127.0.0.1:8000.
	URL string
	// Collection is the name space of langchaingo's chroma store. "" is "langchain".
	Collection string
	Tenant     string // "" is "default_tenant"
	Database   string // "" is "default_database"
	Page       int    // documents per request; 0 or less is 300
	// Client sends the requests. Set it to add what the server requires, such as a token. nil is
	// [http.DefaultClient].
	Client *http.Client
}

// Chroma reads a Chroma collection over HTTP, with API v2 (servers from 0.5.16) or v1.
//
// Documents come in the order in which they were added. If others are removed during a read or
// between two runs, positions shift; Chroma then returns an error instead of skipping documents.
func Chroma(o ChromaOptions) collection.ReadIndex {
	o.Collection = cmp.Or(o.Collection, "langchain")
	o.Tenant = cmp.Or(o.Tenant, "default_tenant")
	o.Database = cmp.Or(o.Database, "default_database")
	if o.Page <= 0 {
		o.Page = 300
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	return chroma{o}
}

type chroma struct{ o ChromaOptions }

// chromaBytes limits the size of an answer.
const chromaBytes = 256 << 20

func (c chroma) Describe(ctx context.Context) (collection.Description, error) {
	d := collection.Description{Name: fmt.Sprintf("the collection %q of Chroma at %s", c.o.Collection, c.host())}
	at, err := c.find(ctx)
	if err != nil || at.id == "" {
		return d, err
	}
	if err := c.call(ctx, http.MethodGet, at.path("count"), nil, &d.Documents); err != nil {
		return d, err
	}
	d.ID = "chroma:" + at.id
	if at.dimension > 0 && d.Documents > 0 {
		d.Dimensions = []int{at.dimension}
	}
	return d, nil
}

// host is the server's name without a password.
func (c chroma) host() string {
	u, err := url.Parse(c.o.URL)
	if err != nil {
		return "an address that cannot be parsed"
	}
	return u.Host
}

// chromaAt is the address of the collection on the server.
type chromaAt struct {
	base, query, id string
	dimension       int
}

func (a chromaAt) path(verb string) string { return a.base + "/" + a.id + "/" + verb + a.query }

// find returns the address of the collection, with an empty id if there is none.
func (c chroma) find(ctx context.Context) (chromaAt, error) {
	var at chromaAt
	var unanswered *chromaError
	switch err := c.call(ctx, http.MethodGet, "/api/v2/heartbeat", nil, nil); {
	case err == nil:
		at.base = "/api/v2/tenants/" + url.PathEscape(c.o.Tenant) + "/databases/" + url.PathEscape(c.o.Database) + "/collections"
	case errors.As(err, &unanswered) && unanswered.status == http.StatusNotFound: // before 0.5.16
		at.base = "/api/v1/collections"
		at.query = "?" + url.Values{"tenant": {c.o.Tenant}, "database": {c.o.Database}}.Encode()
	default:
		return at, err
	}
	var found struct {
		ID        string `json:"id"`
		Dimension *int   `json:"dimension"`
	}
	err := c.call(ctx, http.MethodGet, at.base+"/"+url.PathEscape(c.o.Collection)+at.query, nil, &found)
	if errors.As(err, &unanswered) && unanswered.missing() {
		return at, nil
	}
	if err != nil {
		return at, err
	}
	if found.ID == "" {
		return at, fmt.Errorf("chroma at %s: the answer names no collection: is it a Chroma server?", c.host())
	}
	at.id = url.PathEscape(found.ID)
	if found.Dimension != nil {
		at.dimension = *found.Dimension
	}
	return at, nil
}

func (c chroma) Documents(ctx context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		n, last, err := parsePosition(after)
		var at chromaAt
		if err == nil {
			at, err = c.find(ctx)
		}
		if err != nil {
			yield(collection.Document{}, err)
			return
		}
		for at.id != "" {
			page, err := c.page(ctx, at, n, last)
			if err != nil {
				yield(collection.Document{}, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
			if len(page) < c.o.Page {
				return
			}
			n, last = n+len(page), page[len(page)-1].ID
		}
	}
}

// page returns the documents after the first n. It reads the last of those again to make sure that
// it is still there.
func (c chroma) page(ctx context.Context, at chromaAt, n int, last string) ([]collection.Document, error) {
	again := min(n, 1)
	body, err := json.Marshal(map[string]any{"limit": c.o.Page + again, "offset": n - again, "include": []string{"documents", "metadatas"}})
	if err != nil {
		return nil, err
	}
	var got struct {
		IDs       []string          `json:"ids"`
		Documents []*string         `json:"documents"`
		Metadatas []json.RawMessage `json:"metadatas"`
	}
	if err := c.call(ctx, http.MethodPost, at.path("get"), body, &got); err != nil {
		return nil, err
	}
	if len(got.Documents) != len(got.IDs) || len(got.Metadatas) != len(got.IDs) {
		return nil, fmt.Errorf("chroma at %s: %d documents and %d metadata for %d ids", c.host(), len(got.Documents), len(got.Metadatas), len(got.IDs))
	}
	if again > 0 && (len(got.IDs) == 0 || got.IDs[0] != last) {
		return nil, moved(n, last)
	}
	page := make([]collection.Document, 0, len(got.IDs))
	for i := again; i < len(got.IDs); i++ {
		d := collection.Document{ID: got.IDs[i], Position: position(n+i-again+1, got.IDs[i])}
		if text := got.Documents[i]; text != nil {
			d.PageContent = *text
		}
		if d.Metadata, err = parseMetadata(got.Metadatas[i]); err != nil {
			return nil, fmt.Errorf("chroma at %s: the metadata of the document %s: %w", c.host(), d.ID, err)
		}
		page = append(page, d)
	}
	return page, nil
}

// chromaError is an unsuccessful answer.
type chromaError struct {
	host, method, path string
	status             int
	Code               string `json:"error"`
	Message            string `json:"message"`
}

func (e *chromaError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("chroma at %s: %s %s: status %d %.40s %.200s", e.host, e.method, e.path, e.status, e.Code, e.Message))
}

func (e *chromaError) missing() bool {
	return (e.status == http.StatusBadRequest || e.status == http.StatusNotFound) && strings.Contains(e.Message, "does not exist")
}

func (c chroma) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.o.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		// net/url's error could quote a password.
		return errors.New("chroma: ChromaOptions.URL is not a URL such as http://127.0.0.1:8000")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.o.Client.Do(req)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return fmt.Errorf("chroma at %s: %w", c.host(), err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(res.Body, chromaBytes+1))
	if err != nil {
		return fmt.Errorf("chroma at %s: %w", c.host(), err)
	}
	if len(data) > chromaBytes {
		return fmt.Errorf("chroma at %s: the answer has more than %d bytes: set a smaller Page", c.host(), chromaBytes)
	}
	if res.StatusCode != http.StatusOK {
		fault := &chromaError{host: c.host(), method: method, path: req.URL.Path, status: res.StatusCode}
		if json.Unmarshal(data, fault) != nil {
			fault.Code, fault.Message = "", ""
		}
		return fault
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("chroma at %s: the answer to %s %s cannot be read: %w", c.host(), method, req.URL.Path, err)
	}
	return nil
}
