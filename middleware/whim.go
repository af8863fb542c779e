package middleware

// whim finds out whether an account refuses requests at random, whatever the pace, as an overloaded
// service does. A pace that took each such refusal for a quota would fall without end.
//
// While refusals lower the pace, whim counts the requests for each of them. Once the pace has
// fallen by a quarter, whim halves it for a while. If three times as many requests pass as a
// refusal took before, the pace was the cause. If one is refused sooner, refusals are random: the
// pace returns to where it was before it fell, and refusals lower it no more. That ends if they
// become one and a half times as frequent, or much rarer.
type whim struct {
	phase phase
	high  float64 // the measured rate when the pace began to fall; 0 means that it has not
	every float64 // requests for each refusal
	eras  float64 // since the pace began to fall
	above float64 // refusals above one and a half times as many as every says; never below 0
}

type phase uint8

const (
	falling phase = iota
	halved        // the pace
	random        // the refusals
)

const (
	fallen   = 0.75 // part of high at which the pace is halved
	cautious = 0.8  // part of the pace that is left if halving it has ended the refusals
	rare     = 3    // times every: by chance, 5 % of all runs without a refusal are longer
	rarest   = 6    // times every: by chance, 0.25 % are
	frequent = 6    // of above
)

// byWhim records an era's refusals and reports whether the pace ignores them. An era is early if
// the pace was below the measured rate, and ours if the account took what the pace sent.
func (p *pace) byWhim(early, ours bool, taken float64) bool {
	w := &p.whim
	refusals := float64(p.refusals)
	every := (taken + refusals) / refusals
	switch {
	case w.phase == random:
		if early {
			w.every += (every - w.every) / 8
		}
		w.above = max(0, w.above+refusals*(1-1.5*every/w.every))
		if w.above > frequent {
			*w = whim{}
		}
		return w.phase == random
	case w.phase == halved && ours:
		w.phase, w.above = random, 0
		p.top, p.grown = w.high, 0
		return true
	case w.phase == halved:
		*w = whim{}
	case !ours || p.span < leastRun || w.high == 0 || p.rate() >= w.high || w.eras >= 3 && taken > rarest*w.every:
		*w = whim{every: every, eras: 1}
	default:
		w.eras++
		w.every += (every - w.every) / min(w.eras, 8)
		if p.top <= fallen*w.high {
			w.phase = halved
			return true
		}
	}
	return false
}

// seldom ends a phase in which refusals have become too rare for it.
func (p *pace) seldom() {
	w := &p.whim
	switch {
	case w.phase == random && p.taken > rarest*w.every:
		*w = whim{}
	case w.phase == halved && p.taken > rare*w.every:
		*w = whim{}
		p.top, p.grown = p.top*cautious, 0
	}
}
