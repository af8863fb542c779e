package server

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding/internal/whole"
	"github.com/vecspace/embedding/middleware"
)

// Keys are the keys of a server, with what each may do. It is safe for concurrent use.
//
// A file of keys has a line for each: its name, the hash of the secret, and limits.
//
//	search sha256:9f86d0… models=a,b rpm=600 tpm=1000000 in_flight=8 budget=5USD/day lane=bulk
//	# a comment
//
// Without models a key may use all of them. The word operations lets it see the operations address.
// Requests and tokens are counted a minute, the budget per day or month in UTC, at the price of the
// model and by the tokens that the provider counts: a hit of the cache is free. All of this is
// counted by each process for itself. The lane is that of [middleware.WithLane].
type Keys struct {
	file, state string

	mu     sync.RWMutex
	all    []*client
	loaded []byte // the file as it was read

	saving sync.Mutex
	saved  string // the state as it was written
}

// client is one key, with what it may do.
type client struct {
	name     string
	hash     [sha256.Size]byte
	models   []string // nil means all
	inFlight int      // 0 means any number
	operates bool     // may see the operations address
	lane     *middleware.Lane
	max      float64 // of the budget; 0 means none
	currency string
	monthly  bool

	*counts
}

// counts are what a key has used. They stay when the file is read again.
type counts struct {
	mu       sync.Mutex
	requests bucket
	tokens   bucket
	out      int     // requests under way
	period   string  // of the budget: a day or a month
	spent    float64 // in it
	held     float64 // by requests under way
}

// NewKey returns a new secret and the hash of it that a file of keys has.
func NewKey() (secret, hash string) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	secret = "vs-" + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(secret))
	return secret, "sha256:" + hex.EncodeToString(sum[:])
}

// OpenKeys reads a file of keys. state is a file that keeps what the budgets have spent, which
// need not exist; "" means that it is forgotten when the process ends.
func OpenKeys(file, state string) (*Keys, error) {
	k := &Keys{file: file, state: state}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	if state == "" {
		return k, nil
	}
	data, err := os.ReadFile(state)
	if errors.Is(err, fs.ErrNotExist) {
		return k, k.Save() // what cannot be written later is an error now
	}
	if err != nil {
		return nil, err
	}
	var spent map[string]purse
	if err := json.Unmarshal(data, &spent); err != nil {
		return nil, fmt.Errorf("%s is not a state file of this server: %w", state, err)
	}
	for _, key := range k.all {
		p := spent[key.name]
		if p.Currency == key.currency && p.Spent > 0 && !math.IsInf(p.Spent, 0) {
			key.period, key.spent = p.Period, p.Spent
		}
	}
	k.saved = string(data)
	return k, nil
}

// purse is what the state file has of a key.
type purse struct {
	Period   string  `json:"period"`
	Spent    float64 `json:"spent"`
	Currency string  `json:"currency"`
}

// Reload reads the file again and reports whether it has changed. After an error the keys are as
// before. Keys that keep their names keep what they have used.
func (k *Keys) Reload() (changed bool, err error) {
	data, err := os.ReadFile(k.file)
	if err != nil {
		return false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all != nil && bytes.Equal(data, k.loaded) {
		return false, nil
	}
	all, err := parseKeys(data)
	if err != nil {
		return false, fmt.Errorf("%s: %w", k.file, err)
	}
	for _, key := range all {
		if at := slices.IndexFunc(k.all, func(old *client) bool { return old.name == key.name }); at >= 0 {
			old := k.all[at]
			old.counts.mu.Lock()
			old.requests.set(key.requests.rate)
			old.tokens.set(key.tokens.rate)
			if old.currency != key.currency || old.monthly != key.monthly {
				old.period, old.spent = "", 0
			}
			old.counts.mu.Unlock()
			key.counts = old.counts
		}
	}
	k.all, k.loaded = all, data
	return true, nil
}

// Save writes what the budgets have spent, whole, if it has changed.
func (k *Keys) Save() error {
	if k.state == "" {
		return nil
	}
	k.saving.Lock()
	defer k.saving.Unlock()
	spent := map[string]purse{}
	k.mu.RLock()
	for _, key := range k.all {
		key.mu.Lock()
		if key.max > 0 {
			spent[key.name] = purse{key.period, key.spent, key.currency}
		}
		key.mu.Unlock()
	}
	k.mu.RUnlock()
	data, err := json.MarshalIndent(spent, "", "  ")
	if err != nil {
		return err
	}
	if data = append(data, '\n'); string(data) == k.saved {
		return nil
	}
	if err := whole.Write(k.state, data); err != nil {
		return err
	}
	k.saved = string(data)
	return nil
}

// find returns the key of a secret, or nil. It takes the same time for each secret.
func (k *Keys) find(secret string) *client {
	sum := sha256.Sum256([]byte(secret))
	k.mu.RLock()
	defer k.mu.RUnlock()
	var found *client
	for _, key := range k.all {
		if subtle.ConstantTimeCompare(sum[:], key.hash[:]) == 1 {
			found = key
		}
	}
	return found
}

// parseKeys reads a file of keys. Errors have a line and quote neither hashes nor values.
func parseKeys(data []byte) ([]*client, error) {
	all := []*client{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		key, err := parseKey(fields)
		if err == nil && slices.ContainsFunc(all, func(other *client) bool { return other.name == key.name || other.hash == key.hash }) {
			err = errors.New("the name or the hash is that of an earlier line")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, key)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("there is no key: vecspace serve -new-key NAME makes one")
	}
	return all, nil
}

func parseKey(fields []string) (*client, error) {
	k := &client{name: fields[0], counts: &counts{}}
	if strings.ContainsAny(k.name, `="\`) || len(k.name) > 64 || strings.HasPrefix(k.name, "vs-") {
		return nil, errors.New("the line does not begin with a name of at most 64 characters without = and quotes")
	}
	if len(fields) < 2 {
		return nil, errors.New("the hash is missing: sha256: and 64 digits")
	}
	digits, ok := strings.CutPrefix(fields[1], "sha256:")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != sha256.Size {
		return nil, errors.New("the second word is not a hash: sha256: and 64 digits")
	}
	copy(k.hash[:], raw)
	for _, field := range fields[2:] {
		name, value, _ := strings.Cut(field, "=")
		n, err := strconv.Atoi(value)
		count := err == nil && n > 0
		switch {
		case name == "models" && value != "":
			k.models = strings.Split(value, ",")
		case name == "rpm" && count:
			k.requests.set(float64(n) / 60)
		case name == "tpm" && count:
			k.tokens.set(float64(n) / 60)
		case name == "in_flight" && count:
			k.inFlight = n
		case field == "lane=bulk", field == "lane=interactive":
			lane := middleware.Interactive
			if value == "bulk" {
				lane = middleware.Bulk
			}
			k.lane = &lane
		case name == "lane":
			return nil, errors.New("there is no lane of this name: there are bulk and interactive")
		case field == "operations":
			k.operates = true
		case name == "budget":
			if err := k.setBudget(value); err != nil {
				return nil, err
			}
		case slices.Contains([]string{"models", "rpm", "tpm", "in_flight"}, name):
			return nil, fmt.Errorf("%s has no value, or not a number above 0", name)
		default:
			return nil, errors.New("there is a field of another name than models, rpm, tpm, in_flight, budget, lane and operations")
		}
	}
	return k, nil
}

func (k *client) setBudget(value string) error {
	sum, per, _ := strings.Cut(value, "/")
	number := strings.TrimRight(sum, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	max, err := strconv.ParseFloat(number, 64)
	currency := sum[len(number):]
	if err != nil || !(max > 0) || max > 1e15 || len(currency) != 3 || per != "day" && per != "month" {
		return errors.New("the budget is not a sum such as 5USD/day or 100CNY/month")
	}
	k.max, k.currency, k.monthly = max, currency, per == "month"
	return nil
}

// may reports whether the key may use a model.
func (k *client) may(m *served) bool {
	return k == nil || k.models == nil || slices.ContainsFunc(append([]string{m.name}, m.aliases...), func(name string) bool { return slices.Contains(k.models, name) })
}

// over says which limit of a key a request exceeds.
type over struct {
	wait  time.Duration // until it no longer does; 0 means that money is spent
	says  string
	money bool
}

// enter takes what a request needs, or says why it has to wait.
func (k *client) enter(now time.Time, tokens int, cost float64) *over {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.inFlight > 0 && k.out >= k.inFlight {
		return &over{wait: time.Second, says: fmt.Sprintf("the key %q has %d requests under way, which is all that it may have", k.name, k.out)}
	}
	if k.max > 0 {
		k.turn(now)
		if k.spent+k.held+cost > k.max {
			return &over{money: true, says: fmt.Sprintf("the key %q has spent %.6f of its %v %s for %s, and the request would cost about %.6f", k.name, k.spent, k.max, k.currency, k.period, cost)}
		}
	}
	wait := max(k.requests.wait(now, 1), k.tokens.wait(now, float64(tokens)))
	if wait > 0 {
		return &over{wait: wait, says: fmt.Sprintf("the key %q has used its requests or tokens of a minute", k.name)}
	}
	k.requests.have--
	k.tokens.have -= float64(tokens)
	k.held += cost
	k.out++
	return nil
}

// leave settles what a request has used. cost is in the budget's currency.
func (k *client) leave(now time.Time, tokens int, held float64, used int, cost float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.out--
	k.held = max(0, k.held-held)
	k.tokens.have = min(k.tokens.have+float64(tokens-used), k.tokens.most())
	if k.max > 0 {
		k.turn(now)
		k.spent += cost
	}
}

// turn begins a new day or month.
func (k *client) turn(now time.Time) {
	layout := time.DateOnly
	if k.monthly {
		layout = "2006-01"
	}
	if period := now.UTC().Format(layout); period != k.period {
		k.period, k.spent = period, 0
	}
}

// bucket is an allowance of a minute that fills up steadily. The zero value allows everything.
type bucket struct {
	rate float64 // a second; 0 means no limit
	have float64
	at   time.Time
}

func (b *bucket) most() float64 { return 60 * b.rate }

// set changes the rate. A bucket begins full.
func (b *bucket) set(rate float64) {
	if rate != b.rate {
		b.rate = rate
		b.have = b.most()
	}
}

// wait returns how long n has to wait. What is more than the bucket holds takes a full one.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if b.rate == 0 {
		b.have = 0
		return 0
	}
	if !b.at.IsZero() {
		b.have = min(b.most(), b.have+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if n = min(n, b.most()); b.have >= n {
		return 0
	}
	return time.Duration(math.Ceil((n - b.have) / b.rate * float64(time.Second)))
}

// CheckKeys returns what is wrong with the text of a file of keys, with the line.
func CheckKeys(data []byte) error {
	_, err := parseKeys(data)
	return err
}
