package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// exchange is one request and its answer.
type exchange struct {
	*Server
	w   http.ResponseWriter
	req *dialect.Request

	settings Settings // as of the request's arrival; read-only
	books    *books   // of its arrival

	texts []string // of a call for a model that exists

	status int  // of a complete answer; 0 means none was sent
	begun  bool // a part of the answer was sent
	abort  bool // the connection must end
}

func (x *exchange) serve() {
	if x.batch() {
		return
	}
	// Read the body first: net/http notices a lost caller only after that.
	buf := buffers.Get().(*buffer)
	defer buf.release()
	body, err := buf.read(x.req.Body)
	if err != nil {
		x.abort = true
		return
	}
	lost := dialect.Find(x.dialect, x.req)
	if lost != nil && !lost.Late {
		x.refuse(*lost)
		return
	}
	if x.req.Route == nil || !x.req.Route.Open {
		if bad := x.admit(body); bad != nil {
			x.refuse(*bad)
			return
		}
	}
	if lost != nil {
		x.refuse(*lost)
		return
	}
	if info := x.req.Route.Info; info != nil {
		x.reply(info(x.req, x.vendor.offered(x.settings)))
		return
	}
	if f := x.strike(atGateway, nil); f != nil {
		x.fail(f)
		return
	}
	if x.vendor.MaxBody > 0 && len(body) > x.vendor.MaxBody {
		x.refuse(x.dialect.Words(x.req).LargeBody)
		return
	}
	c, refusal := x.dialect.Parse(x.req, body)
	if refusal == nil || c.Model != "" {
		m, unknown := x.find(c.Model)
		if unknown != nil {
			refusal = unknown
		}
		if refusal == nil {
			x.embed(&call{Call: c, model: m}, buf)
			return
		}
	}
	x.refuse(*refusal)
}

// refuse sends the service's refusal.
func (x *exchange) refuse(why dialect.Refusal) { x.reply(x.dialect.Refuse(x.req, why)) }

// fault answers with one of the vendor's faults.
func (x *exchange) fault(f Fault) {
	at := slices.IndexFunc(x.catalog, func(i FaultInfo) bool { return i.Name == f.Name })
	if at < 0 { // a vendor without BurstRate
		at = slices.IndexFunc(x.catalog, func(i FaultInfo) bool { return i.Name == RequestRate })
	}
	why := x.catalog[at].Error
	if x.vendor.Spell != nil {
		why = x.vendor.Spell(x.req, f, why)
	}
	x.refuse(why)
}

// fail answers with a fault of the gateway.
func (x *exchange) fail(f *fault) {
	if f.Fault.RetryAfter > 0 {
		x.req.RetryAfter(f.Fault.RetryAfter)
	}
	switch {
	case f.info.error:
		x.fault(f.Fault)
	case f.Fault.Name == "answer":
		body := strings.ReplaceAll(f.Fault.Body, "{id}", x.req.ID)
		if f.Fault.Match != "" {
			text, _ := json.Marshal(x.texts[x.holding(f.Fault.Match)]) // a string always can
			body = strings.ReplaceAll(body, "{text}", string(text[1:len(text)-1]))
		}
		x.send(cmp.Or(f.Fault.Status, f.info.Status), "", []byte(body))
	case f.Fault.Name == "html-502":
		x.send(http.StatusBadGateway, "text/html", []byte(badGateway))
	case f.Fault.Name == "empty-503":
		x.send(http.StatusServiceUnavailable, "", nil)
	case f.Fault.Name == "reset":
		x.abort = true
	case f.Fault.Name == "restart":
		x.abort = true
		x.mu.Lock()
		x.until = time.Now().Add(cmp.Or(f.Fault.Delay, time.Second))
		x.mu.Unlock()
	case f.Fault.Name == "kill":
		x.kill()
	case f.Fault.Name == "hang":
		x.hang()
	}
}

const badGateway = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n" +
	"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// hang waits until the caller leaves or the server is shut down.
func (x *exchange) hang() {
	<-x.req.Context().Done()
	x.abort = true
}

// kill takes the emulator down. This request and all later ones get no answer.
func (x *exchange) kill() {
	x.abort = true
	x.mu.Lock()
	first := !x.down
	x.down = true
	x.mu.Unlock()
	if first && x.killed != nil {
		x.killed()
	}
}

const jsonType = "application/json"

// head sends status and headers for a body of the given length.
func (x *exchange) head(status int, contentType string, length int) {
	h := x.req.Out
	x.dialect.Head(x.req)
	h.Set("Content-Length", strconv.Itoa(length))
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	x.begun = true
	x.w.WriteHeader(status)
}

func (x *exchange) reply(a dialect.Reply) {
	if a.Type == "" && len(a.Body) > 0 {
		a.Type = jsonType
	}
	x.send(a.Status, a.Type, a.Body)
}

// send sends a complete answer and reports whether the caller was still there.
func (x *exchange) send(status int, contentType string, body []byte) bool {
	x.mu.Lock()
	x.abort = x.abort || time.Now().Before(x.until)
	x.mu.Unlock()
	if x.abort {
		return false
	}
	x.head(status, contentType, len(body))
	if _, err := x.w.Write(body); err != nil || x.req.Context().Err() != nil {
		return false
	}
	x.status = status
	return true
}

// drop ends the connection without (the rest of) an answer.
func (x *exchange) drop() {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok && !x.begun {
		_ = t.SetLinger(0) // closes with RST instead of FIN; a part that was sent should still arrive
	}
	_ = conn.Close()
}

// requestID returns a bare UUID with the version digit that DashScope uses.
func requestID() string {
	hi, lo := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-9%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}

// MaxBody is the largest body in bytes that the emulator reads; of a longer one it reads one byte
// more. It fits 20 texts of 128,000 tokens, the most that any model takes.
const MaxBody = 16 << 20

// buffer is memory for one request's body and its answer.
type buffer struct {
	in  bytes.Buffer
	out []byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// release returns the buffer to the pool, unless it is larger than most requests need.
func (b *buffer) release() {
	const keep = 1 << 20
	if b.in.Cap() <= keep && cap(b.out) <= keep {
		buffers.Put(b)
	}
}

// read reads at most MaxBody+1 bytes. The result is valid until release.
func (b *buffer) read(r io.Reader) ([]byte, error) {
	b.in.Reset()
	_, err := b.in.ReadFrom(io.LimitReader(r, MaxBody+1))
	return b.in.Bytes(), err
}
