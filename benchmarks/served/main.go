// Command served measures "vecspace serve" on one machine in one run: what it adds to a request,
// hits of its cache on one core, its memory, floats beside a server that prints by encoding/json,
// refusals over the bound, and slow connections beside a fast one.
//
//	go run ./benchmarks/served
//	go run ./benchmarks/served -litellm /tmp/ll/bin/litellm   # LiteLLM's proxy in the same run
//
// The upstream answers any request at once with ten stored vectors of 1,024 dimensions. It, the
// servers and the client share the machine, so ratios and CPU seconds say more than times.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

func main() {
	if how := os.Getenv(childVariable); how != "" {
		if err := serveChild(how); err != nil {
			fmt.Fprintln(os.Stderr, "served:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	requests := flag.Int("n", 3000, "requests of a measurement of time")
	litellm := flag.String("litellm", "", "the program of LiteLLM's proxy, to measure it beside")
	flag.Parse()
	if err := run(ctx, *requests, *litellm); err != nil {
		fmt.Fprintln(os.Stderr, "served:", err)
		os.Exit(1)
	}
}

const dimensions = 1024

// vector is stored vector i of the upstream.
func vector(i int) []float32 {
	v := make([]float32, dimensions)
	state := uint32(i + 1)
	for k := range v {
		state = state*1664525 + 1013904223
		v[k] = (float32(state>>8)/(1<<24) - 0.5) / 16
	}
	return v
}

// body is a request of ten texts, or of one.
func body(model, format, text string, n int) []byte {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(text, " of about eight words to embed, number ", i)
	}
	return dialect.JSON(map[string]any{"model": model, "input": texts, "encoding_format": format})
}

// upstream answers with ten vectors, encoded beforehand. A request for one vector, which nobody but
// the proxies' own checks sends, gets one.
func upstream() http.Handler {
	encoded := map[string][]byte{}
	for _, format := range []string{"base64", "float"} {
		for _, n := range []int{1, 10} {
			a := dialect.Answer{Model: "m", Tokens: 10 * n}
			for i := range n {
				a.Rows = append(a.Rows, dialect.Row{Index: i, Vector: vector(i)})
			}
			encoded[fmt.Sprint(format, n)] = dialect.AppendList(nil, a, format == "base64", `{"prompt_tokens":100,"total_tokens":100}`)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n := 10
		if !bytes.Contains(in, []byte("number 9")) {
			n = 1
		}
		format := "float"
		if bytes.Contains(in, []byte(`"base64"`)) {
			format = "base64"
		}
		out := encoded[fmt.Sprint(format, n)]
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(out)))
		_, _ = w.Write(out)
	})
}

// load is what a number of requests took.
type load struct {
	took   []time.Duration // sorted
	whole  time.Duration
	status map[int]int
}

func (l load) at(share float64) time.Duration {
	return l.took[min(len(l.took)-1, int(share*float64(len(l.took))))]
}
func (l load) rate() float64 { return float64(len(l.took)) / l.whole.Seconds() }

// drive sends n requests over some connections.
func drive(ctx context.Context, url string, connections, n int, next func(i int) []byte) (load, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	l := load{took: make([]time.Duration, n), status: map[int]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	begin := time.Now()
	for c := range connections {
		wg.Go(func() {
			for i := c; i < n; i += connections {
				start := time.Now()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/embeddings", bytes.NewReader(next(i)))
				if err == nil {
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer sk-test")
					var res *http.Response
					if res, err = client.Do(r); err == nil {
						_, err = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
						mu.Lock()
						l.status[res.StatusCode]++
						mu.Unlock()
					}
				}
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				l.took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	l.whole = time.Since(begin)
	slices.Sort(l.took)
	return l, failed
}

// program is a server of its own process.
type program struct {
	cmd  *exec.Cmd
	base string
}

// start starts a server and waits until it listens.
func start(ctx context.Context, cmd *exec.Cmd, address string) (*program, error) {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 1200 {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			_ = c.Close()
			return &program{cmd, "http://" + address + "/v1"}, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	return nil, fmt.Errorf("%s does not listen on %s", cmd.Path, address)
}

// stop ends the server and returns the CPU time that it took.
func (p *program) stop() time.Duration {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// memory returns the resident memory in MB, or 0 where the system does not say.
func (p *program) memory() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.Atoi(kb)
	return float64(n) / 1024
}

// free returns an address of this machine that nobody uses.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// bench is a run.
type bench struct {
	ctx      context.Context
	vecspace string // the program
	upstream string // base URL
	n        int
	out      *tabwriter.Writer
}

func (b *bench) say(bar, got, want string, met bool) {
	verdict := "met"
	if !met {
		verdict = "MISSED"
	}
	fmt.Fprintf(b.out, "| %s\t| %s\t| %s\t| %s\t|\n", bar, got, want, verdict)
	_ = b.out.Flush()
}

// serve starts "vecspace serve" in front of the upstream.
func (b *bench) serve(env string, args ...string) (*program, error) {
	address, err := free()
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "openai:m?base_url=" + b.upstream + "&native_dimensions=1024", "-addr", address, "-ops", "off"}, args...)
	cmd := exec.CommandContext(b.ctx, b.vecspace, args...)
	cmd.Env = append(os.Environ(), env)
	return start(b.ctx, cmd, address)
}

func run(ctx context.Context, n int, litellm string) error {
	dir, err := os.MkdirTemp("", "served")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{ctx: ctx, vecspace: filepath.Join(dir, "vecspace"), n: n, out: tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.vecspace, "github.com/vecspace/embedding/cmd/vecspace").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stub := &http.Server{Handler: upstream(), ReadHeaderTimeout: time.Minute}
	go func() { _ = stub.Serve(l) }()
	defer func() { _ = stub.Close() }()
	b.upstream = "http://" + l.Addr().String() + "/v1"
	fmt.Printf("%s, %d CPUs, %s/%s, %s\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, time.Now().Format(time.DateOnly))
	fmt.Fprintln(b.out, "| bar\t| got\t| want\t|\t|\n| ---\t| ---\t| ---\t| ---\t|")
	for _, part := range []func() error{b.added, b.hits, b.floats, b.refusals, b.slow} {
		if err := part(); err != nil {
			return err
		}
	}
	if litellm != "" {
		return b.litellm(litellm, dir)
	}
	return nil
}

// added measures a request of ten texts in base64, directly, through the server and through the
// standard library's proxy, in turns: what the last one adds is the machine's.
func (b *bench) added() error {
	p, err := b.serve("", "-cache-bytes", "0")
	if err != nil {
		return err
	}
	defer p.stop()
	address, err := free()
	if err != nil {
		return err
	}
	proxy, err := b.child("proxy "+strings.TrimSuffix(b.upstream, "/v1"), address)
	if err != nil {
		return err
	}
	defer proxy.stop()
	ten := func(int) []byte { return body("m", "base64", "a text", 10) }
	var direct, through, floor load
	const turns = 5
	for range turns {
		d, err := drive(b.ctx, b.upstream, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		t, err := drive(b.ctx, p.base, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		f, err := drive(b.ctx, proxy.base, 1, b.n/turns, ten)
		if err != nil {
			return err
		}
		direct.took, through.took, floor.took = append(direct.took, d.took...), append(through.took, t.took...), append(floor.took, f.took...)
		if t.status[http.StatusOK] != b.n/turns {
			return fmt.Errorf("the server answers %v", t.status)
		}
	}
	slices.Sort(direct.took)
	slices.Sort(through.took)
	slices.Sort(floor.took)
	for _, q := range []struct {
		share float64
		name  string
		most  time.Duration
	}{{0.5, "p50", 800 * time.Microsecond}, {0.99, "p99", 3 * time.Millisecond}} {
		d, t, f := direct.at(q.share), through.at(q.share), floor.at(q.share)
		b.say(fmt.Sprintf("added to 10 x 1,024 in base64, %s", q.name), fmt.Sprintf("%.2f ms (%.2f - %.2f); httputil's bare proxy adds %.2f", ms(t-d), ms(t), ms(d), ms(f-d)), fmt.Sprintf("%.1f ms", ms(q.most)), t-d <= q.most)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// hits measures hits of the cache by a server on one core, and its memory after 100,000 requests.
func (b *bench) hits() error {
	p, err := b.serve("GOMAXPROCS=1", "-cache-bytes", strconv.Itoa(16<<20))
	if err != nil {
		return err
	}
	const all = 100_000
	l, err := drive(b.ctx, p.base, 8, all, func(i int) []byte { return body("m", "base64", fmt.Sprint("text ", i%500), 1) })
	memory := p.memory()
	cpu := p.stop()
	if err != nil {
		return err
	}
	perCPU := all / cpu.Seconds()
	b.say("hits of the cache, one text in base64", fmt.Sprintf("%.0f/s of CPU, %.0f/s on the clock beside the client", perCPU, l.rate()), "5,000/s on one core", perCPU >= 5000)
	b.say("resident memory after 100,000 requests, cache of 16 MiB", fmt.Sprintf("%.0f MB", memory), "64 MB", memory > 0 && memory < 64)
	return nil
}

// floats compares answers in floats with those of a server that prints by encoding/json. Both have
// the same vectors at hand.
func (b *bench) floats() error {
	var rates [2]float64
	for i, how := range []string{"ours", "json"} {
		address, err := free()
		if err != nil {
			return err
		}
		p, err := b.child(how, address)
		if err != nil {
			return err
		}
		n := max(200, b.n/3)
		_, err = drive(b.ctx, p.base, 2, n, func(int) []byte { return body("m", "float", "a text", 10) })
		cpu := p.stop()
		if err != nil {
			return err
		}
		rates[i] = float64(n) / cpu.Seconds()
	}
	b.say("10 x 1,024 in floats beside encoding/json", fmt.Sprintf("%.2fx (%.0f and %.0f/s of CPU)", rates[0]/rates[1], rates[0], rates[1]), "1.5x", rates[0] >= 1.5*rates[1])
	return nil
}

// refusals measures how soon a full server says so.
func (b *bench) refusals() error {
	address, err := free()
	if err != nil {
		return err
	}
	p, err := b.child("full", address)
	if err != nil {
		return err
	}
	defer p.stop()
	hold, cancel := context.WithCancel(b.ctx)
	defer cancel()
	go func() { _, _ = drive(hold, p.base, 1, 1, func(int) []byte { return body("m", "base64", "held", 1) }) }()
	var l load
	for range 200 { // until the place is taken
		if l, err = drive(b.ctx, p.base, 1, b.n, func(int) []byte { return body("m", "base64", "refused", 10) }); err != nil {
			return err
		}
		if l.status[http.StatusTooManyRequests] == b.n {
			break
		}
	}
	p99 := l.at(0.99)
	b.say(fmt.Sprintf("a refusal over the bound, p99 (%v)", l.status), fmt.Sprintf("%.2f ms (p50 %.2f)", ms(p99), ms(l.at(0.5))), "1 ms", p99 < time.Millisecond)
	return nil
}

// slow opens connections that send half a head and a byte of a body, as many as fit, and measures a
// fast client beside them.
func (b *bench) slow() error {
	p, err := b.serve("")
	if err != nil {
		return err
	}
	defer p.stop()
	address := strings.TrimSuffix(strings.TrimPrefix(p.base, "http://"), "/v1")
	one := func(int) []byte { return body("m", "base64", "a text", 10) }
	before, err := drive(b.ctx, p.base, 1, 1000, one)
	if err != nil {
		return err
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	most := descriptors() - 200
	for i := range most {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(b.ctx, "tcp", address)
		if err != nil {
			break
		}
		open = append(open, c)
		head := "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
		if i%2 == 0 {
			head = "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n{"
		}
		if _, err := io.WriteString(c, head); err != nil {
			break
		}
	}
	after, err := drive(b.ctx, p.base, 1, 1000, one)
	if err != nil {
		return err
	}
	good := after.status[http.StatusOK] == 1000
	b.say(fmt.Sprintf("a fast client beside %d slow connections, p99", len(open)), fmt.Sprintf("%.2f ms (alone %.2f), %.0f MB", ms(after.at(0.99)), ms(before.at(0.99)), p.memory()), "not stopped", good)
	return nil
}

// litellm measures LiteLLM's proxy and ours in front of the same upstream.
func (b *bench) litellm(path, dir string) error {
	file := filepath.Join(dir, "litellm.yaml")
	text, err := json.Marshal(map[string]any{
		"model_list":       []any{map[string]any{"model_name": "m", "litellm_params": map[string]any{"model": "openai/m", "api_base": b.upstream, "api_key": "none"}}},
		"general_settings": map[string]any{"master_key": "sk-test"},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	address, err := free()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, path, "--config", file, "--host", host, "--port", port, "--num_workers", "1")
	cmd.Env = append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True", "DISABLE_ADMIN_UI=True", "LITELLM_LOG=ERROR", "NO_PROXY=127.0.0.1")
	theirs, err := start(b.ctx, cmd, address)
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := b.serve("", "-cache-bytes", "0")
	if err != nil {
		return err
	}
	defer ours.stop()
	for _, c := range []int{1, 8} {
		var loads [2]load
		for i, p := range []*program{ours, theirs} {
			n := 60
			if p == ours {
				n = b.n
			}
			if loads[i], err = drive(b.ctx, p.base, c, n, func(int) []byte { return body("m", "base64", "a text", 10) }); err != nil {
				return err
			}
		}
		times := loads[0].rate() / loads[1].rate()
		b.say(fmt.Sprintf("LiteLLM's proxy, 10 x 1,024, %d connections", c), fmt.Sprintf("%.0fx (%.0f and %.1f/s; p50 %.1f and %.0f ms; %.0f and %.0f MB; %v and %v)", times, loads[0].rate(), loads[1].rate(),
			ms(loads[0].at(0.5)), ms(loads[1].at(0.5)), ours.memory(), theirs.memory(), loads[0].status, loads[1].status), "20x", times >= 20)
	}
	return nil
}
