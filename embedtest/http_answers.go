package embedtest

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

// httpAnswer is what the server does after it has read a request.
type httpAnswer func(x *httpExchange, w http.ResponseWriter, r *http.Request)

const movedPath = "/moved" // target of a redirect on the same host

func answerItems(edit func(x *httpExchange, items []WireItem) []WireItem) httpAnswer {
	return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
		x.reply(w, 200, x.wire.Answer(edit(x, x.items()), x.tokens()))
	}
}

// saying answers with a status and a body.
func saying(status int, body func(x *httpExchange) []byte) httpAnswer {
	return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) { x.reply(w, status, body(x)) }
}

// bare answers with a status only.
func bare(status int) httpAnswer {
	return func(_ *httpExchange, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// refuse answers with an error body that repeats the key and the beginnings of the texts, as some
// servers do.
func refuse(status int, form func(code, message string) []byte, code string) httpAnswer {
	return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
		var cut []string
		for _, text := range x.texts {
			runes := []rune(text)
			cut = append(cut, string(runes[:2*len(runes)/3])+"...")
		}
		x.reply(w, status, form(code, "refused for "+TestKey+": "+strings.Join(cut, ", ")))
	}
}

func openAIError(code, message string) []byte {
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"message": message, "type": "some_error", "param": nil, "code": code}})
	return b
}

func flatError(code, message string) []byte {
	b, _ := json.Marshal(map[string]string{"code": code, "message": message, "request_id": "embedtest-1"})
	return b
}

func htmlError(code, message string) []byte {
	return []byte("<html><head><title>" + code + "</title></head><body><p>" + message + "</p></body></html>\n")
}

func (x *httpExchange) reply(w http.ResponseWriter, status int, body []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// endless answers with more white space than the bound allows, and then the right answer. A
// provider that returns vectors has read it whole.
func endless(status int) httpAnswer {
	return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
		body := x.right()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		blank := bytes.Repeat([]byte{' '}, 32<<10)
		more := x.write(w, body[:1])
		for left := x.bound + 8<<20; more && left > 0; left -= int64(len(blank)) {
			more = x.write(w, blank)
		}
		if more {
			x.write(w, body[1:])
		}
	}
}

// reset sends bytes and breaks the connection. Over TCP this is a reset.
func reset(sent func(x *httpExchange) string) httpAnswer {
	return func(x *httpExchange, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			x.problem("the suite's server cannot take over its connection: %v", err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write([]byte(sent(x)))
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
}
