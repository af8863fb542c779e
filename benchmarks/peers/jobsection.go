package main

import (
	"fmt"
	"math"
)

// outcome is a job's series with what the tables say about it.
type outcome struct {
	job
	texts int // it was given
	got   series
}

// jobs measures 10,000 texts against a slow server, an uneven one and one that answers at once.
func (b *bench) jobs() error {
	for _, do := range []func() error{
		func() error { return b.waiting("slow", false) }, func() error { return b.waiting("tenth", true) }, b.atOnce,
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// waiting measures jobs that mostly wait for the server. What a job takes above the ideal is the
// client's.
func (b *bench) waiting(mode string, tenth bool) error {
	base := b.server.url + "/" + mode + "/v1"
	mine, err := ourJobs(base)
	if err != nil {
		return err
	}
	for _, j := range mine {
		if j.close != nil {
			defer j.close()
		}
	}
	theirs, err := rivalJobs(base)
	if err != nil {
		return err
	}
	rounds := 3
	all := []outcome{{job: mine[1], texts: jobTexts}}
	if b.quick {
		rounds = 1
		all = append(all, outcome{job: windowed(floor(base, false)), texts: jobTexts / 5})
	} else {
		all = append(all, outcome{job: windowed(floor(base, false)), texts: jobTexts}, outcome{job: mine[0], texts: jobTexts})
	}
	for _, j := range theirs {
		switch {
		case j.single || tenth && b.quick:
		case j.module == "github.com/tmc/langchaingo" && j.how == sequential:
			if !tenth {
				all = append(all, outcome{job: j, texts: 500}) // the whole job would take it a minute
			}
		case !b.quick && j.module == "github.com/sashabaranov/go-openai":
			all = append(all, outcome{job: j, texts: jobTexts})
		}
	}
	err = b.each(rounds, len(all), func(i int) error {
		s, err := all[i].run(b.ctx, b.server, b.texts[:all[i].texts], b.want)
		all[i].got = append(all[i].got, s)
		return err
	})
	if err != nil {
		return err
	}
	title, most := "10,000 texts, every answer after 50 ms", 1.03
	if tenth {
		title, most = "10,000 texts, answers after 50 ms, every tenth after 250 ms", 1.05
	}
	best := ideal(jobTexts, tenth)
	t := b.table(fmt.Sprintf("%s, 10 a request, 8 in flight; ideal %.2f s", title, best.Seconds()), "client", "splits", "s", "against the ideal", "against the floor", "CPU s", "dials")
	t.Notes = []string{"What the floor takes above the ideal is the machine's: loopback, timers, and processors that are busy elsewhere."}
	least := all[1].got.median(wall) * jobTexts / float64(all[1].texts)
	for _, o := range all {
		scale := float64(jobTexts) / float64(o.texts)
		seconds := scale * o.got.median(wall) / 1e9
		how := o.how
		if o.texts < jobTexts {
			how += fmt.Sprintf("; %d texts, scaled", o.texts)
		}
		t.add(o.name, how, num(seconds), fmt.Sprintf("%.3fx", seconds/best.Seconds()), fmt.Sprintf("%.3fx", seconds*1e9/least), num(scale*o.got.median(cpu)/1e9), fmt.Sprint(o.dials()))
		b.Figures = append(b.Figures, figure{"jobs, " + mode, o.name + ", " + o.how, o.texts, o.got})
	}
	r := all[0].got.median(wall) / float64(best)
	b.hold(fmt.Sprintf("%s, against the ideal %.2f s", title, best.Seconds()), fmt.Sprintf("<= %.2fx", most), r <= most, "%.3fx; the floor takes %.3fx", r, least/float64(best))
	return nil
}

// dials returns the dials in the round with the most.
func (o outcome) dials() (n int64) {
	for _, s := range o.got {
		n = max(n, s.Dials)
	}
	return n
}

// atOnce measures jobs whose time is the client's.
func (b *bench) atOnce() error {
	base := b.server.url + "/plain/v1"
	mine, err := ourJobs(base)
	if err != nil {
		return err
	}
	theirs, err := rivalJobs(base)
	if err != nil {
		return err
	}
	var all []outcome
	for _, j := range append(append(mine, windowed(floor(base, false))), theirs...) {
		if j.close != nil {
			defer j.close()
		}
		n := jobTexts
		if b.quick && !j.ours && j.name != nameFloor {
			n /= 10 // the whole job would take them seconds
		}
		all = append(all, outcome{job: j, texts: n})
	}
	for i := range all { // dials and warms up
		if _, err := all[i].run(b.ctx, b.server, b.texts[:window*perCall], b.want); err != nil {
			return err
		}
	}
	err = b.each(3, len(all), func(i int) error {
		s, err := all[i].run(b.ctx, b.server, b.texts[:all[i].texts], b.want)
		all[i].got = append(all[i].got, s)
		return err
	})
	if err != nil {
		return err
	}
	t := b.table("10,000 texts, a server that answers at once, 10 a request", "client", "splits", "s", "against ours", "CPU s", "dials")
	if b.quick {
		t.Notes = []string{"Quick run: the rivals with 1,000 texts, scaled."}
	}
	best, who := math.Inf(1), ""
	ours := all[0].got.median(wall)
	for _, o := range all {
		scale := float64(jobTexts) / float64(o.texts)
		w := scale * o.got.median(wall)
		if !o.ours && !o.raw() && w < best {
			best, who = w, o.name
		}
		t.add(o.name, o.how, num(w/1e9), fmt.Sprintf("%.2fx", w/ours), num(scale*o.got.median(cpu)/1e9), fmt.Sprint(o.dials()))
		b.Figures = append(b.Figures, figure{"jobs, at once", o.name + ", " + o.how, o.texts, o.got})
	}
	b.hold("10,000 texts, a server that answers at once: the fastest rival's time against ours", ">= 5x", best/ours >= 5, "%.1fx (%s)", best/ours, who)
	return nil
}

func (o outcome) raw() bool { return o.name == nameFloor }

const sequential = "its own, one after the other"
