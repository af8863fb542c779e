package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// child is an emulator in a process of its own. It can be killed and restarted on the same port.
type child struct {
	seed    uint64
	journal string // file
	addr    string // "" before the first start
	control *http.Client

	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{} // closed when the process has ended
	from  int64         // offset of the present trial in the journal
}

func newChild(seed uint64, journal string) *child {
	// Keep no connections, so that those that the client leaves behind can be counted.
	return &child{seed: seed, journal: journal, control: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// start runs this program as an emulator and returns once it listens.
func (c *child) start() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{emulateMode, "-seed", strconv.FormatUint(c.seed, 10), "-journal", c.journal}
	if c.addr != "" {
		args = append(args, "-addr", c.addr)
	}
	cmd := exec.Command(exe, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the trial judges how it ended
		close(ended)
	}()
	if err != nil {
		<-ended
		return fmt.Errorf("the emulator's process did not start: %w", err)
	}
	c.addr, c.cmd, c.stdin, c.ended = strings.TrimSpace(line), cmd, in, ended
	return nil
}

// kill ends the process with SIGKILL.
func (c *child) kill() error {
	err := c.cmd.Process.Kill()
	<-c.ended
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// stop lets the process end by itself.
func (c *child) stop() {
	if c.cmd != nil {
		_ = c.stdin.Close()
		<-c.ended
	}
}

func (c *child) baseURL() string { return "http://" + c.addr + dashscopetest.BasePath }

// call sends a request to the emulator's control path. body and out may be nil.
func (c *child) call(ctx context.Context, method, path string, body, out any) error {
	var send io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+emulator.ControlPath+path, send)
	if err != nil {
		return err
	}
	res, err := c.control.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, bytes.TrimSpace(answer))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (c *child) setFaults(ctx context.Context, faults []string) error {
	if faults == nil {
		faults = []string{}
	}
	return c.call(ctx, http.MethodPut, "faults", faults, nil)
}

func (c *child) set(ctx context.Context, settings map[string]any) error {
	return c.call(ctx, http.MethodPatch, "settings", settings, nil)
}

// quiet returns the settings of an emulator without faults.
func quiet() map[string]any {
	return map[string]any{"rpm": 0, "tpm": 0, "rps": 0, "tps": 0, "growth": 0, "latency": "0s", "jitter": "0s", "retry_after": false}
}

// reset makes the emulator look new to the next trial.
func (c *child) reset(ctx context.Context) error {
	settings := quiet()
	// A patch merges, so restore the limit explicitly.
	settings["limits"] = map[string]any{modelName: map[string]int{"texts": 10}}
	err := errors.Join(c.setFaults(ctx, nil), c.set(ctx, settings), c.call(ctx, http.MethodDelete, "ledger", nil, nil))
	if err != nil {
		return err
	}
	info, err := os.Stat(c.journal)
	if err != nil {
		return err
	}
	c.from = info.Size()
	return nil
}

// ledger returns the ledger once every request has ended. An abandoned request ends a moment after
// its caller left.
func (c *child) ledger(ctx context.Context) (emulator.Ledger, error) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var l emulator.Ledger
		if err := c.call(ctx, http.MethodGet, "ledger", nil, &l); err != nil {
			return l, err
		}
		answers := 0
		for _, n := range l.Answers {
			answers += n
		}
		if answers == l.Requests {
			return l, nil
		}
		if time.Now().After(end) {
			return l, fmt.Errorf("%d of %d requests do not end at the emulator", l.Requests-answers, l.Requests)
		}
	}
}

// read opens the present trial's part of the journal.
func (c *child) read() (io.ReadCloser, error) {
	f, err := os.Open(c.journal)
	if err != nil {
		return nil, err
	}
	_, err = f.Seek(c.from, io.SeekStart)
	return f, err
}
