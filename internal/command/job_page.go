package command

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding/jobs"
)

//go:embed job_page.html
var jobPage []byte

const pageFresh = time.Second // of a status that several readers share

// watched shows a job to browsers of this machine.
type watched struct {
	job *jobs.Job
	dir string

	mu   sync.Mutex
	at   time.Time
	last []byte
}

// servePage shows the job at an address until ctx ends.
func servePage(ctx context.Context, j *jobs.Job, dir, address string, std streams) error {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return usagef("-page: %v", err)
	}
	if !addr.IP.IsLoopback() {
		return usagef("-page %s can be reached from other machines: use 127.0.0.1, and a tunnel from there", address)
	}
	at, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return fmt.Errorf("-page: %w", err)
	}
	s := &http.Server{Handler: (&watched{job: j, dir: dir}).handler(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // pages ask again every two seconds
	defer stop()
	fmt.Fprintf(std.err, "http://%s shows the job until you press Ctrl-C\n", at.Addr())
	if err := s.Serve(at); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (w *watched) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, _ *http.Request) {
		h := rw.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		_, _ = rw.Write(jobPage) // the reader may have left
	})
	mux.HandleFunc("GET /status.json", func(rw http.ResponseWriter, _ *http.Request) {
		data, err := w.status(time.Now())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("Cache-Control", "no-store")
		_, _ = rw.Write(data) // the reader may have left
	})
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !ofThisMachine(r.Host) { // a page of another site, whose name leads here
			http.Error(rw, "this address answers only to localhost and loopback addresses", http.StatusForbidden)
			return
		}
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(rw, r)
	})
}

// status reads the job's folder, unless another reader has just done so.
func (w *watched) status(now time.Time) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.at) < pageFresh {
		return w.last, nil
	}
	s, err := w.job.Status()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(struct {
		Folder string `json:"folder"`
		jobs.Status
	}{w.dir, s})
	if err == nil {
		w.at, w.last = now, data
	}
	return data, err
}

// ofThisMachine reports whether the Host of a request names this machine.
func ofThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
