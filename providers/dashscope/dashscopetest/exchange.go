package dashscopetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	*Server
	w        http.ResponseWriter
	r        *http.Request
	settings Settings // Limits are not edited in place, so that sharing them is safe
	arrived  time.Time
	id       string

	native bool
	status int  // sent whole; 0: none
	begun  bool // a part of the answer was sent
	abort  bool // end the connection
}

func (x *exchange) serve() {
	switch path := x.r.URL.Path; {
	case path == CompatiblePath:
	case path == NativePath:
		x.native = true
	case strings.HasPrefix(path, nativeServices):
		x.native = true
		x.refuse(wrongURL)
		return
	default:
		x.send(http.StatusNotFound, "", nil)
		return
	}
	if x.r.Method != http.MethodPost {
		x.refuse(badMethod.with(x.r.Method))
		return
	}
	// Read first: net/http notices that a caller has left only once the body is read.
	buf := buffers.Get().(*buffer)
	defer buf.release()
	body, err := buf.read(x.r.Body)
	if err != nil {
		x.abort = true
		return
	}
	if p := x.authorize(); p != nil {
		x.refuse(*p)
		return
	}
	if f := x.strike(atGateway, nil); f != nil {
		x.fail(f)
		return
	}
	if len(body) > maxBody {
		x.refuse(tooLarge)
		return
	}
	c, p := x.parse(body)
	if p != nil {
		x.refuse(*p)
		return
	}
	x.embed(c, buf)
}

func (x *exchange) authorize() *problem {
	scheme, key, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	switch home, ok := x.keys[key]; {
	case key == "" || !strings.EqualFold(scheme, "Bearer"):
		return &noKey
	case !ok || home != x.region:
		return &badKey
	}
	return nil
}

// fail answers with a fault of the gateway.
func (x *exchange) fail(f *fault) {
	if f.Fault.RetryAfter > 0 {
		x.retryAfter(f.Fault.RetryAfter)
	}
	switch {
	case f.info.problem != nil:
		flat := x.native || f.info.flat || f.Fault.Flat
		x.send(f.info.Status, jsonType, f.info.problem.body(x.doc, x.id, flat))
	case f.Fault.Name == "answer":
		x.send(cmp.Or(f.Fault.Status, f.info.Status), "", []byte(strings.ReplaceAll(f.Fault.Body, "{id}", x.id)))
	case f.Fault.Name == "html-502":
		x.send(http.StatusBadGateway, "text/html", []byte(badGateway))
	case f.Fault.Name == "empty-503":
		x.send(http.StatusServiceUnavailable, "", nil)
	case f.Fault.Name == "reset":
		x.abort = true
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
	<-x.r.Context().Done()
	x.abort = true
}

// kill takes the emulator down: this request and all later ones get no answer.
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

// refuse answers with an error of the request's own making.
func (x *exchange) refuse(p problem) {
	x.send(p.status, jsonType, p.body(x.doc, x.id, x.native))
}

func (x *exchange) retryAfter(d time.Duration) {
	x.w.Header().Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
}

const jsonType = "application/json"

// head sends status and headers for a body of a length.
func (x *exchange) head(status int, contentType string, length int) {
	now := time.Now()
	took := strconv.FormatInt(now.Sub(x.arrived).Milliseconds(), 10)
	h := x.w.Header()
	h.Set("Vary", "Origin,Access-Control-Request-Method,Access-Control-Request-Headers, Accept-Encoding")
	h.Set("X-Request-Id", x.id)
	h.Set("X-Dashscope-Call-Gateway", "true")
	h.Set("Server", "istio-envoy")
	h.Set("Req-Cost-Time", took)
	h.Set("Req-Arrive-Time", strconv.FormatInt(x.arrived.UnixMilli(), 10))
	h.Set("Resp-Start-Time", strconv.FormatInt(now.UnixMilli(), 10))
	h.Set("X-Envoy-Upstream-Service-Time", took)
	h.Set("Content-Length", strconv.Itoa(length))
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	x.begun = true
	x.w.WriteHeader(status)
}

// send sends a whole answer and reports whether the caller was still there to take it.
func (x *exchange) send(status int, contentType string, body []byte) bool {
	x.head(status, contentType, len(body))
	if _, err := x.w.Write(body); err != nil || x.r.Context().Err() != nil {
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
		_ = t.SetLinger(0) // at close, RST instead of FIN; what was sent of half an answer should arrive, though
	}
	_ = conn.Close()
}

// requestID returns a bare UUID with the version digit that the service's have.
func requestID() string {
	hi, lo := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-9%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}
