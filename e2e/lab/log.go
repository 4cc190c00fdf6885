package lab

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// stepLog prints what the lab does, with the time since the start, so that a
// person sees where the minutes go.
type stepLog struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

func newStepLog(out io.Writer) *stepLog {
	return &stepLog{out: out, start: time.Now()}
}

func (s *stepLog) sinceStart() string {
	return fmt.Sprintf("%.1fs", time.Since(s.start).Seconds())
}

// step prints one line: the time since the start and what is done now.
func (s *stepLog) step(format string, args ...any) {
	s.printf("%7s  %s\n", s.sinceStart(), fmt.Sprintf(format, args...))
}

func (s *stepLog) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}
