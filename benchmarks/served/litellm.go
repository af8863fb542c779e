package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

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
