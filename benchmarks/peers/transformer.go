package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vecspace/embedding"
	localmodel "github.com/vecspace/embedding/providers/local"
)

// transformerVariable, if set, makes the program a process that measures the model in the folder
// that it names, so that loading and memory are that model's alone.
const transformerVariable = "PEERS_TRANSFORMER"

// quantizeVariable is the local.Options.Quantize of that process.
const quantizeVariable = "PEERS_QUANTIZE"

// workload is what a process that measures a model embeds: short texts, and texts that are cut at
// 256 tokens.
type workload struct{ Sentences, Passages []string }

// transformed is what it measured, on one thread, by the processor's clock.
type transformed struct {
	Load                float64 // seconds until the first vector
	Sentences, Passages float64 // texts a second
	Peak                float64 // bytes of memory at most; 0 is unknown
}

// measureTransformer reads a workload from standard input and writes what it measured.
func measureTransformer(folder string) error {
	runtime.GOMAXPROCS(1)
	var w workload
	if err := json.NewDecoder(os.Stdin).Decode(&w); err != nil {
		return err
	}
	begin := processor()
	e, err := localmodel.New(localmodel.Options{Folder: folder, Truncate: true, Quantize: os.Getenv(quantizeVariable)})
	if err != nil {
		return err
	}
	embed := func(texts []string) (float64, error) {
		begin := processor()
		_, err := e.Embed(context.Background(), embedding.Request{Texts: texts})
		return float64(len(texts)) / (processor() - begin).Seconds(), err
	}
	if _, err := embed(w.Sentences[:1]); err != nil {
		return err
	}
	out := transformed{Load: (processor() - begin).Seconds()}
	if out.Sentences, err = embed(w.Sentences); err != nil {
		return err
	}
	if out.Passages, err = embed(w.Passages); err != nil {
		return err
	}
	out.Peak = peak()
	return json.NewEncoder(os.Stdout).Encode(out)
}

// peak returns the most memory that this process has had, where Linux tells.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib) // 0 if it is not there
	return kib * 1024
}

// hasONNXRuntime returns an error that says what the comparison with Python lacks.
func hasONNXRuntime(ctx context.Context, python, onnx string) error {
	if onnx == "" {
		return errors.New("the comparison with onnxruntime needs the folder's model as ONNX: name it with -onnx")
	}
	if out, err := exec.CommandContext(ctx, python, "-c", "import numpy, onnxruntime, tokenizers").CombinedOutput(); err != nil {
		return fmt.Errorf("the comparison with onnxruntime needs numpy, onnxruntime and tokenizers in %s: %w\n%s", python, err, out)
	}
	return nil
}

// transformer compares a model in the process with the same model by Python's onnxruntime.
func (b *bench) transformer() error {
	const (
		short = "model in the process, sentences, texts a CPU second against Python's onnxruntime"
		long  = "the same, passages of 256 tokens"
		avx2  = "the same without AVX-512, sentences"
		load  = "the same, CPU seconds until the first vector"
		room  = "the same, memory against the weights as float32"
		whole = "the same in int8, sentences against float32"
	)
	if b.folder == "" {
		b.unmeasured(short, ">= 0.75x", "-folder FOLDER measures a model, -onnx FILE -onnxruntime INTERPRETER compare it")
		return nil
	}
	all, what, err := sentences(b.data, b.texts)
	if err != nil {
		return err
	}
	in, err := json.Marshal(newWorkload(all))
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	type route struct {
		name string
		cmd  func() *exec.Cmd
		got  []transformed
	}
	own := func(debug, quantize string) func() *exec.Cmd {
		return func() *exec.Cmd {
			cmd := exec.CommandContext(b.ctx, self)
			cmd.Env = append(os.Environ(), transformerVariable+"="+b.folder, "GODEBUG="+debug, quantizeVariable+"="+quantize)
			return cmd
		}
	}
	const noAVX512 = "cpu.avx512f=off"
	routes := []*route{
		{name: "local, the fastest kernel here", cmd: own("", "")},
		{name: "local, AVX2 at most", cmd: own(noAVX512, "")},
		{name: "local, int8, the fastest kernel here", cmd: own("", "int8")},
		{name: "local, int8, AVX2 at most", cmd: own(noAVX512, "int8")},
	}
	python := len(routes)
	if b.onnxruntime != "" {
		routes = append(routes, &route{name: "Python onnxruntime", cmd: func() *exec.Cmd {
			cmd := exec.CommandContext(b.ctx, b.onnxruntime, "transformer.py", b.onnx, filepath.Join(b.folder, "tokenizer.json"))
			cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "RAYON_NUM_THREADS=1", "TOKENIZERS_PARALLELISM=false")
			return cmd
		}})
	}
	err = b.each(b.rounds, len(routes), func(i int) error {
		var said bytes.Buffer
		cmd := routes[i].cmd()
		cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &said
		out, err := cmd.Output()
		var got transformed
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		routes[i].got = append(routes[i].got, got)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", routes[i].name, err, &said)
		}
		return nil
	})
	if err != nil {
		return err
	}
	middle := func(got []transformed, of func(transformed) float64) float64 {
		var s []float64
		for _, g := range got {
			s = append(s, of(g))
		}
		return median(s)
	}
	info, err := os.Stat(filepath.Join(b.folder, "model.safetensors"))
	if err != nil {
		return err
	}
	t := b.table("A transformer in the process", "route", "sentences a CPU second", "passages of 256 tokens a CPU second", "CPU seconds until the first vector", "MB at most")
	t.Notes = []string{fmt.Sprintf("The model in %s, whose file of weights has %.1f MB, on one thread; each measurement is a process of its own, and its clock the "+
		"processor's. Sentences are 1,024 of %s, onnxruntime's in batches of 32 by length.", filepath.Base(b.folder), float64(info.Size())/1e6, what)}
	for _, r := range routes {
		t.add(r.name, num(middle(r.got, func(g transformed) float64 { return g.Sentences })), num(middle(r.got, func(g transformed) float64 { return g.Passages })),
			num(middle(r.got, func(g transformed) float64 { return g.Load })), num(middle(r.got, func(g transformed) float64 { return g.Peak })/1e6))
	}
	against := func(what string, least float64, r, other int, of func(transformed) float64) {
		var ratios []float64
		for i, g := range routes[r].got {
			ratios = append(ratios, of(g)/of(routes[other].got[i]))
		}
		b.hold(what, fmt.Sprintf(">= %vx", least), median(ratios) >= least, "%.2fx (rounds %.2f)", median(ratios), ratios)
	}
	ofSentences := func(g transformed) float64 { return g.Sentences }
	if b.onnxruntime == "" {
		b.unmeasured(short, ">= 0.75x", "-onnx FILE -onnxruntime INTERPRETER compare it")
	} else {
		against(short, .75, 0, python, ofSentences)
		against(long, .9, 0, python, func(g transformed) float64 { return g.Passages })
		against(avx2, .5, 1, python, ofSentences)
	}
	against(whole, 1.5, 2, 0, ofSentences)
	against(whole+", AVX2 at most", 1.5, 3, 1, ofSentences)
	seconds := middle(routes[0].got, func(g transformed) float64 { return g.Load })
	b.hold(load, "< 0.5 s", seconds < .5, "%.2f s", seconds)
	if most := middle(routes[0].got, func(g transformed) float64 { return g.Peak }); most > 0 {
		b.hold(room, "<= 1.5x", most <= 1.5*float64(info.Size()), "%.2fx (%.0f MB, the whole process)", most/float64(info.Size()), most/1e6)
	}
	return nil
}

// newWorkload makes passages of sentences behind each other; a model cuts them at 256 tokens.
func newWorkload(all []string) workload {
	w := workload{Sentences: all[:min(len(all), 1024)]}
	for text := ""; len(w.Passages) < 32; all = append(all[1:], all[0]) {
		if text += all[0] + " "; len(text) > 2000 {
			w.Passages, text = append(w.Passages, text), ""
		}
	}
	return w
}
