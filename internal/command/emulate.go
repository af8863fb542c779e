package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/emulator"
)

func emulate(ctx context.Context, args []string, std streams) error {
	if len(args) == 0 {
		return usagef("which service? There are %s", serviceNames())
	}
	switch args[0] {
	case "-h", "-help", "--help":
		fmt.Fprintf(std.out, "usage: vecspace emulate SERVICE [FLAGS]\n\nServices: %s.\n\"vecspace emulate SERVICE -h\" lists the flags.\n", serviceNames())
		return nil
	}
	for _, s := range services() {
		if s.name == args[0] {
			return s.emulate(ctx, args[1:], std)
		}
	}
	return usagef("there is no emulator of %q: there are %s", args[0], serviceNames())
}

// emulation is what the flags of emulate say.
type emulation struct {
	service service
	addr    string
	given   bool // addr is the user's
	public  bool
	list    bool
	ledger  string // file
	options emulator.Options
}

func (s service) emulation(args []string, std streams) (*emulation, error) {
	e := &emulation{service: s}
	o := &e.options
	fs := flag.NewFlagSet("vecspace emulate "+s.name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: vecspace emulate %s [FLAGS]\n\n"+
			"Serves %s's text embeddings on this machine until it is interrupted, then prints what it billed. Nothing is\n"+
			"kept between runs. While it runs, %[3]s serves and changes its ledger, faults and settings:\n\n"+
			"  curl http://127.0.0.1:8089%[3]sledger\n"+
			"  curl -X PUT -d '[\"slow=delay:2s\"]' http://127.0.0.1:8089%[3]sfaults\n"+
			"  curl -X PATCH -d '{\"rpm\":60}' http://127.0.0.1:8089%[3]ssettings\n\n", s.name, s.title, emulator.ControlPath)
		fs.PrintDefaults()
	}
	fs.StringVar(&e.addr, "addr", "127.0.0.1:8089", "`address` to listen on; port 0 takes a free one (without -addr the next free port is taken)")
	fs.BoolVar(&e.public, "public", false, "allow an address that other machines reach; the control path is then off")
	fs.BoolVar(&e.list, "list-faults", false, "print the faults that -fault takes and exit")
	fs.StringVar(&e.ledger, "ledger", "", "write the ledger to `FILE` at the end, as JSON")
	e.service.flags(fs, o)
	fs.Func("key", s.keyUsage(), func(key string) error {
		o.Keys = append(o.Keys, key)
		return nil // an error would make package flag quote the key, which may be a real one
	})
	fs.Func("fault", "switch on `NAME[=OPTIONS]`, for example slow=p:0.1,delay:2s or reset=next:3; repeatable", func(spec string) error {
		var f emulator.Fault
		err := f.UnmarshalText([]byte(spec))
		o.Faults = append(o.Faults, f)
		return err
	})
	fs.Func("limit", "change a model's limits, as `MODEL=texts:N,tokens:N,bytes:N,text_tokens:N`; repeatable", e.addLimit)
	r := &o.Settings.Rates
	fs.IntVar(&r.RPM, "rpm", 0, "requests a minute per model, and a sixtieth of it a second; 0: no limit")
	fs.IntVar(&r.TPM, "tpm", 0, "tokens a minute per model, and a sixtieth of it a second; 0: no limit")
	fs.Float64Var(&r.Growth, "growth", 0, "how many times the requests of a second the next one may have; 0: no limit")
	fs.BoolVar(&o.Settings.RetryAfter, "retry-after", false, "send Retry-After with 429, which DashScope is not known to do")
	fs.DurationVar(&o.Settings.Latency, "latency", 0, "how long an answer takes")
	fs.DurationVar(&o.Settings.Jitter, "jitter", 0, "how much longer it takes at most, at random")
	fs.DurationVar(&o.Settings.BatchTime, "batch-time", 0, "how long a batch takes, where there is a batch API")
	fs.Uint64Var(&o.Seed, "seed", 0, "decides the vectors and all that is random")
	rest, err := parse(fs, args, std)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, usagef("unexpected argument %q", rest[0])
	}
	fs.Visit(func(f *flag.Flag) { e.given = e.given || f.Name == "addr" })
	return e, nil
}

func (s service) keyUsage() string {
	switch {
	case s.name == "dashscope":
		return "a made-up `KEY[=REGION]` that is known, good in its region only (the emulator's where none is named); " +
			"repeatable, printed at start (default " + emulator.DefaultKey + ")"
	case s.key == "":
		return "a made-up `KEY` to ask for, as a proxy in front of the server does; repeatable (default: none is asked for)"
	}
	return "a made-up `KEY` that is good; repeatable, printed at start (default " + emulator.DefaultKey + ")"
}

func (e *emulation) addLimit(value string) error {
	model, limits, _ := strings.Cut(value, "=")
	var l embedding.Limits
	fields := map[string]*int{"texts": &l.Texts, "tokens": &l.Tokens, "bytes": &l.Bytes, "text_tokens": &l.TextTokens}
	for part := range strings.SplitSeq(limits, ",") {
		name, number, _ := strings.Cut(part, ":")
		field := fields[name]
		n, err := strconv.Atoi(number)
		if field == nil || err != nil || n <= 0 {
			return fmt.Errorf("%q is not texts:N, tokens:N, bytes:N or text_tokens:N", part)
		}
		*field = n
	}
	if e.options.Settings.Limits == nil {
		e.options.Settings.Limits = map[string]embedding.Limits{}
	}
	e.options.Settings.Limits[model] = l
	return nil
}

func (s service) emulate(ctx context.Context, args []string, std streams) error {
	e, err := s.emulation(args, std)
	if err != nil {
		return err
	}
	if e.list {
		return e.listFaults(std.out)
	}
	addr, err := net.ResolveTCPAddr("tcp", e.addr)
	if err != nil {
		return usagef("-addr: %v", err)
	}
	if !addr.IP.IsLoopback() && !e.public {
		return usagef("-addr %s can be reached from other machines: use 127.0.0.1, or pass -public if that is meant", e.addr)
	}
	killed := make(chan struct{}, 1)
	e.options.Killed = func() {
		select {
		case killed <- struct{}{}:
		default:
		}
	}
	e.options.Control = !e.public
	server, err := e.service.open(e.options)
	if err != nil {
		return usageError{err}
	}
	listener, err := listen(addr, e.given)
	if err != nil {
		return err
	}
	if err := e.greet(std.out, "http://"+listener.Addr().String()); err != nil {
		_ = listener.Close() // nobody uses it yet
		return err
	}
	if err := serve(ctx, listener, server, killed, std.err); err != nil {
		return err
	}
	return e.report(std.out, server.Ledger())
}

// listen listens on addr. If nobody chose the port and another emulator has it, listen takes the
// next free one.
func listen(addr *net.TCPAddr, given bool) (*net.TCPListener, error) {
	l, err := net.ListenTCP("tcp", addr)
	for port := addr.Port + 1; err != nil && !given && port < addr.Port+100; port++ {
		l, err = net.ListenTCP("tcp", &net.TCPAddr{IP: addr.IP, Port: port, Zone: addr.Zone})
	}
	return l, err
}

func (e *emulation) listFaults(w io.Writer) error {
	server, err := e.service.open(e.options)
	if err != nil {
		return usageError{err}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range server.Catalog() {
		status := "-"
		if f.Status > 0 {
			status = strconv.Itoa(f.Status)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name, status, f.Does)
	}
	return t.Flush()
}
