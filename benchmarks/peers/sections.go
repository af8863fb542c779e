package main

import (
	"fmt"
	"math"
	"time"
)

// calls measures single calls of 1, 10 and 100 texts.
func (b *bench) calls(asBase64 bool) error {
	base := b.server.url + "/plain/v1"
	theirs, err := rivals(base, asBase64)
	if err != nil {
		return err
	}
	mine, err := ours(base, asBase64, 100)
	if err != nil {
		return err
	}
	all := append(append([]client{floor(base, asBase64)}, mine...), theirs...)
	for _, c := range all {
		if c.close != nil {
			defer c.close()
		}
	}
	sizes, what := []int{1, 10, 100}, "floats"
	if asBase64 {
		sizes, what = []int{10}, "base64"
	}
	got := make(map[int][]series)
	for _, n := range sizes {
		got[n] = make([]series, len(all))
	}
	bad, dials := make([]int, len(all)), make([]int64, len(all))
	err = b.each(b.rounds, len(all), func(i int) error {
		for _, n := range sizes {
			s, err := calls(b.ctx, b.server, all[i], b.texts, b.want, n, b.pick(45*time.Millisecond, 250*time.Millisecond))
			if err != nil {
				return err
			}
			got[n][i] = append(got[n][i], s)
			bad[i] += s.Errors
			dials[i] += s.Dials
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range sizes {
		for i, c := range all {
			b.Figures = append(b.Figures, figure{"calls, " + what, c.name, n, got[n][i]})
		}
	}
	if asBase64 {
		b.base64Table(all, got[10], bad, dials)
	} else {
		b.callsTable(all, got, bad, dials)
	}
	return nil
}

func withRatio(s, floor series, of func(sample) float64) string {
	return fmt.Sprintf("%s (%s)", us(s.median(of)), num(s.against(floor, of)))
}

func (b *bench) callsTable(all []client, got map[int][]series, bad []int, dials []int64) {
	t := b.table("One call, vectors of 1,024 floats as DashScope prints them, per vector",
		"client", "1 text us (x)", "10 texts us (x)", "10 CPU us (x)", "10 bytes", "10 allocations", "100 texts us (x)", "100 CPU us (x)", "errors", "dials")
	t.Notes = []string{"A float32 widened to float64 and printed takes about 21 bytes."}
	for i, c := range all {
		one, ten, hundred := got[1], got[10], got[100]
		t.add(c.name, withRatio(one[i], one[0], wall), withRatio(ten[i], ten[0], wall), withRatio(ten[i], ten[0], cpu),
			fmt.Sprintf("%.0f", ten[i].median(bytes_)), num(ten[i].median(allocs)),
			withRatio(hundred[i], hundred[0], wall), withRatio(hundred[i], hundred[0], cpu), fmt.Sprint(bad[i]), fmt.Sprint(dials[i]))
	}
	ten := got[10]
	const what = "one call, 10 x 1,024 floats: "
	r := ten[1].against(ten[0], wall)
	b.hold(what+"wall against the floor", "<= 2.0x", r <= 2, "%.2fx", r)
	r = ten[1].against(ten[0], cpu)
	b.hold(what+"CPU against the floor", "<= 2.5x", r <= 2.5, "%.2fx", r)
	r = ten[1].median(allocs) - ten[0].median(allocs)
	b.hold(what+"allocations per vector above the floor's", "<= 6", r <= 6, "%.1f", r)
	r = ten[2].against(ten[0], wall)
	b.hold("the same through the whole chain, cache missing: wall against the floor", "<= 2.2x", r <= 2.2, "%.2fx", r)
	sum := int64(0)
	for i, c := range all {
		if c.ours {
			sum += dials[i] + int64(bad[i])
		}
	}
	b.hold("ours: connections dialed and errors while measuring", "0", sum == 0, "%d", sum)
}

func (b *bench) base64Table(all []client, ten []series, bad []int, dials []int64) {
	t := b.table("One call of 10 texts, vectors of 1,024 dimensions in base64, per vector",
		"client", "us (x)", "CPU us (x)", "bytes", "allocations", "errors", "dials")
	t.Notes = []string{"langchaingo and chromem-go do not ask for base64."}
	for i, c := range all {
		t.add(c.name, withRatio(ten[i], ten[0], wall), withRatio(ten[i], ten[0], cpu), fmt.Sprintf("%.0f", ten[i].median(bytes_)),
			num(ten[i].median(allocs)), fmt.Sprint(bad[i]), fmt.Sprint(dials[i]))
	}
	r := ten[1].against(ten[0], wall)
	b.hold("base64 answer, 10 x 1,024: wall against its floor", "<= 2.0x", r <= 2, "%.2fx", r)
}

// added measures what the layers add to a call without a network.
func (b *bench) added() error {
	all, err := stacks(b.want)
	if err != nil {
		return err
	}
	sizes := []int{1, 10}
	got := map[int][]series{1: make([]series, len(all)), 10: make([]series, len(all))}
	err = b.each(b.rounds, len(all), func(i int) error {
		for _, n := range sizes {
			s, err := all[i].time(b.ctx, b.texts, n, b.pick(20*time.Millisecond, 200*time.Millisecond))
			if err != nil {
				return err
			}
			got[n][i] = append(got[n][i], s)
		}
		return nil
	})
	t := b.table("What the layers add to a call", "around a provider that answers from memory", "1 text us", "allocations", "10 texts us", "allocations")
	t.Notes = []string{"Above the guard, which every provider has. The cache keeps a copy of each vector; its misses cost that copy and ristretto's admission."}
	above := func(n, i int, of func(sample) float64) float64 {
		each := make([]float64, b.rounds)
		for r := range each {
			each[r] = of(got[n][i][r]) - of(got[n][0][r])
		}
		return median(each)
	}
	for i, s := range all {
		if s.close != nil {
			defer s.close()
		}
		for _, n := range sizes {
			b.Figures = append(b.Figures, figure{"added", s.name, n, got[n][i]})
		}
		if i == 0 {
			t.add(s.name+" (whole)", us(got[1][0].median(wall)), num(got[1][0].median(allocs)), us(got[10][0].median(wall)), num(got[10][0].median(allocs)))
		} else {
			t.add(s.name, us(above(1, i, wall)), num(above(1, i, allocs)), us(above(10, i, wall)), num(above(10, i, allocs)))
		}
	}
	last := len(all) - 1
	one, ten := above(1, last, wall)/1e3, above(10, last, wall)/1e3
	b.hold("whole chain, cache missing: added to a call of 1 / 10 texts", "<= 2 us", math.Max(one, ten) <= 2, "%.1f / %.1f us", one, ten)
	return err
}

func (b *bench) scanner() error {
	mine, theirs, err := scanner(b.ctx, b.root, b.pick(200*time.Millisecond, time.Second), b.rounds)
	if err != nil {
		return err
	}
	ratios := make([]float64, len(mine))
	for i := range mine {
		ratios[i] = theirs[i] / mine[i]
	}
	t := b.table("Reading floats as DashScope prints them", "", "ns per float", "against strconv")
	t.add("embedding's scanner", num(median(mine)), num(median(ratios))+"x")
	t.add("strconv.ParseFloat", num(median(theirs)), "1x")
	b.hold("float scanner against strconv.ParseFloat", ">= 6x", median(ratios) >= 6, "%.1fx", median(ratios))
	return nil
}

// hits measures the cost of a cache hit.
func (b *bench) hits() error {
	all, err := hits(b.texts[:hitTexts], b.want)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.close != nil {
			defer h.close()
		}
	}
	keys := b.texts[:hitTexts]
	got := [2][]series{make([]series, len(all)), make([]series, len(all))}
	err = b.each(2*b.rounds, len(all), func(i int) error {
		for g := range 2 {
			s, err := all[i].time(keys, g+1, b.pick(20*time.Millisecond, 150*time.Millisecond))
			if err != nil {
				return err
			}
			got[g][i] = append(got[g][i], s)
		}
		return nil
	})
	if err != nil {
		return err
	}
	t := b.table("A cache hit, text of 500 bytes", "", "1 goroutine ns (x)", "2 goroutines ns (x)", "allocations", "allocations, 64 hits in a call")
	t.Notes = []string{"Wall time over the hits of all goroutines together; x is against ristretto's bare Get with the same two 64-bit hashes (hash/maphash) as keys."}
	at := map[string]int{}
	var one, many float64
	for i, h := range all {
		at[h.name] = i
		a, n := h.objects(keys)
		lot := "-"
		if h.ours {
			one, many = max(one, a), max(many, n)
			lot = fmt.Sprintf("%.0f", n)
		}
		cell := func(g int) string {
			s := got[g][i]
			return fmt.Sprintf("%s (%s)", num(s.median(wall)), num(s.against(got[g][0], wall)))
		}
		t.add(h.name, cell(0), cell(1), fmt.Sprintf("%.0f", a), lot)
		b.Figures = append(b.Figures, figure{"hits", h.name, 1, got[0][i]}, figure{"hits", h.name, 2, got[1][i]})
	}
	ratio := func(name string) float64 { return got[0][at[name]].against(got[0][0], wall) }
	r := ratio(nameLayer)
	b.hold("cache layer's hit against a bare ristretto Get", "<= 1.4x", r <= 1.4, "%.2fx", r)
	r = ratio(nameNoHook)
	b.hold("hit through the whole chain without a hook", "<= 1.8x", r <= 1.8, "%.2fx", r)
	b.hold("allocations of a hit; of a call of 64 hits", "<= 1; <= 2", one <= 1 && many <= 2, "%.0f; %.0f", one, many)
	worst := math.Max(got[1][at[nameLayer]].against(got[0][at[nameLayer]], wall), got[1][at[nameNoHook]].against(got[0][at[nameNoHook]], wall))
	b.hold("two goroutines' hits against one's, per hit", "<= 1x", worst <= 1, "%.2fx", worst)
	return nil
}
