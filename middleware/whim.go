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
	fallen   = 0.75 // of the rate; a quota that is a third too high is found sooner
	cautious = 0.8  // of the rate, if the halved pace shows that the account has a quota below it
	enoughOf = 3    // times every; by chance, so many requests in a row pass in 5 % of all cases
	tooMany  = 6    // times every (0.25 %); or, of above, refusals
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
		if w.above > tooMany {
			*w = whim{}
		}
		return w.phase == random
	case w.phase == halved && ours:
		w.phase, w.above = random, 0
		p.top, p.grown = w.high, 0
		return true
	case w.phase == halved:
		*w = whim{}
	case !ours || p.span < leastRun || w.high == 0 || p.rate() >= w.high || w.eras >= 3 && taken > tooMany*w.every:
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

// seldom ends a phase if so many requests have passed without a refusal that it was mistaken.
func (p *pace) seldom() {
	w := &p.whim
	switch {
	case w.phase == random && p.taken > tooMany*w.every:
		*w = whim{}
	case w.phase == halved && p.taken > enoughOf*w.every:
		*w = whim{}
		p.top, p.grown = p.top*cautious, 0
	}
}
