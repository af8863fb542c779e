package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/ballast"
	"github.com/vecspace/embedding/server"
)

// watching is how often the file of keys is looked at and the state is saved, and how often a model
// whose space is unknown is asked again.
const watching = 10 * time.Second

// listening is a server that is about to run.
type listening struct {
	flags  serveFlags
	server *server.Server
	keys   *server.Keys // nil if there are none
	at     net.Listener
	ops    net.Listener // nil if it is off
	pprof  bool
	tls    *tls.Config // nil means plain HTTP
	std    streams
	models []string
	log    io.Closer // of the access log; nil if there is none
}

func (f *serveFlags) listening(set *config.Set, addr *net.TCPAddr, tokens map[string]func([]int) (string, error), std streams) (l *listening, err error) {
	l = &listening{flags: *f, std: std, models: set.Names()}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if f.keys != "" {
		if l.keys, err = server.OpenKeys(f.keys, f.state); err != nil {
			return l, err
		}
	}
	o, err := f.options(set, l.keys, tokens)
	if err != nil {
		return l, err
	}
	switch f.access {
	case "":
	case "-":
		o.Access = accessLog(std.err)
	default:
		file, err := os.OpenFile(f.access, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return l, err
		}
		l.log, o.Access = file, accessLog(file)
	}
	if l.server, err = server.New(o); err != nil {
		return l, usageError{err}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return l, fmt.Errorf("-cert: %w", err)
		}
		l.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	if f.ops != "off" {
		ops, err := f.address("-ops", f.ops, f.keys != "")
		if err != nil {
			return l, err
		}
		l.pprof = ops.IP.IsLoopback()
		tcp, err := listen(ops, f.opsGiven)
		if err != nil {
			return l, err
		}
		l.ops = tcp
	}
	tcp, err := listen(addr, f.addrGiven)
	if err != nil {
		return l, err
	}
	l.at = tcp
	return l, nil
}

func (l *listening) close() {
	for _, c := range []net.Listener{l.at, l.ops} {
		if c != nil {
			_ = c.Close() // nobody uses it any more
		}
	}
	if l.log != nil {
		_ = l.log.Close()
	}
}

// greet prints where the server is and two lines that use it.
func (l *listening) greet() error {
	var b strings.Builder
	scheme := "http"
	if l.tls != nil {
		scheme = "https"
	}
	base := scheme + "://" + l.at.Addr().String()
	model, key, header := l.models[0], "none", ""
	if l.keys != nil {
		key, header = "'\"$VECSPACE_KEY\"'", ` -H "Authorization: Bearer $VECSPACE_KEY"`
	}
	fmt.Fprintf(&b, "vecspace serves %s at %s\n\n", strings.Join(l.models, ", "), base)
	fmt.Fprintf(&b, "  curl -s %s/v1/embeddings%s -H 'Content-Type: application/json' -d '{\"model\":\"%s\",\"input\":\"hello\"}'\n", base, header, model)
	fmt.Fprintf(&b, "  python3 -c 'from openai import OpenAI; print(OpenAI(base_url=\"%s/v1\", api_key=\"%s\").embeddings.create(model=\"%s\", input=\"hello\").data[0].embedding[:4])'\n", base, key, model)
	if l.ops != nil {
		fmt.Fprintf(&b, "\nstatus, metrics and health: http://%s/\n", l.ops.Addr())
	}
	if l.flags.public && l.tls == nil {
		b.WriteString("\nwarning: texts and keys travel unencrypted: add -cert and -cert-key, or put a proxy with TLS in front\n")
	}
	_, err := io.WriteString(l.std.out, b.String())
	return err
}

// run serves until ctx ends, lets requests under way end, and saves what was spent.
func (l *listening) run(ctx context.Context) error {
	defer l.close()
	if err := l.greet(); err != nil {
		return err
	}
	base, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	var under sync.WaitGroup
	main := l.http(base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Done()
		l.server.ServeHTTP(w, r)
	}))
	failed := make(chan error, 2)
	at := l.at
	if l.tls != nil {
		at = tls.NewListener(at, l.tls)
	}
	go func() { failed <- main.Serve(at) }()
	if l.ops != nil {
		h := l.server.Operations(!l.pprof)
		if l.pprof {
			h = profiled(h)
		}
		ops := l.http(base, h)
		defer func() { _ = ops.Close() }()
		go func() { failed <- ops.Serve(l.ops) }()
	}
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer abandon()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tasks.Go(func() { l.watch(base, hup) })
	tasks.Go(func() { carry(base) })
	tasks.Go(func() { l.learn(base) })

	select {
	case err := <-failed:
		_ = main.Close()
		return errors.Join(err, l.save())
	case <-ctx.Done():
	}
	l.server.Drain()
	if l.flags.drainDelay > 0 {
		time.Sleep(l.flags.drainDelay) // the second signal ends the program
	}
	end, cancel := context.WithTimeout(base, l.flags.drain)
	defer cancel()
	if err := main.Shutdown(end); err != nil {
		fmt.Fprintf(l.std.err, "vecspace serve: requests took longer than %v to end; what they paid for is in the cache\n", l.flags.drain)
		abandon() // they answer 503
		under.Wait()
		_ = main.Close()
	}
	return l.save()
}

// ballastSize is the ballast of a server whose heap is smaller. It would be collected every 60
// requests or so, and a collection would delay more than one request in a hundred.
const ballastSize = 16 << 20

// lighter returns the ballast, or nil once the rest of the live heap, such as a cache, weighs as
// much.
func lighter(weight []byte, live uint64) []byte {
	if live > 2*ballastSize {
		return nil
	}
	return weight
}

// liveHeap returns the bytes that the last garbage collection has found in use.
func liveHeap() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

func (l *listening) http(base context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          log.New(l.std.err, "vecspace serve: ", 0),
	}
}

func (l *listening) save() error {
	if l.keys == nil {
		return nil
	}
	return l.keys.Save()
}

// carry keeps the ballast until it is not needed any more. A server under load fills its cache in
// seconds.
func carry(ctx context.Context) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for weight := ballast.New(ballastSize); weight != nil; weight = lighter(weight, liveHeap()) {
		select {
		case <-ctx.Done():
			runtime.KeepAlive(weight)
			return
		case <-look.C:
		}
	}
}

// watch reads the file of keys again when it changes or a signal says so, and saves what was spent.
func (l *listening) watch(ctx context.Context, hup <-chan os.Signal) {
	tick := time.NewTicker(watching)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-tick.C:
		}
		if l.keys == nil {
			continue
		}
		changed, err := l.keys.Reload()
		if err != nil {
			err = fmt.Errorf("the keys stay as they were: %w", err)
		} else if changed {
			fmt.Fprintln(l.std.err, "vecspace serve: the file of keys was read again")
		}
		if err := errors.Join(err, l.keys.Save()); err != nil {
			fmt.Fprintf(l.std.err, "vecspace serve: %v\n", err)
		}
	}
}

// learn asks models whose space is unknown until it is known.
func (l *listening) learn(ctx context.Context) {
	for {
		err := l.server.Probe(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		fmt.Fprintf(l.std.err, "vecspace serve: not ready: %v\n", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(watching):
		}
	}
}
