package jobs

// Kill ends a Local as a kill of its process does: its claims stay and nothing moves.
func (q *Local) Kill() {
	q.Freeze()
	_ = q.file.Close() // which unlocks it
}

// Freeze stops the signs of life.
func (q *Local) Freeze() {
	q.stop()
	q.beats.Wait()
}

// Thaw goes on after Freeze.
func (q *Local) Thaw() { q.begin() }
