package filecopy

// ordered hands each value to one of several workers, and gives the values back in the order
// in which they came. It holds at most depth of them, and ends when in is closed and all were
// taken.
func ordered[T any](in <-chan T, workers, depth int, do func(T)) <-chan T {
	type job struct {
		value T
		done  chan struct{}
	}
	work, queue, out := make(chan job), make(chan job, depth), make(chan T)
	go func() {
		defer close(work)
		defer close(queue)
		for v := range in {
			j := job{value: v, done: make(chan struct{})}
			queue <- j
			work <- j
		}
	}()
	for range workers {
		go func() {
			for j := range work {
				do(j.value)
				close(j.done)
			}
		}()
	}
	go func() {
		defer close(out)
		for j := range queue {
			<-j.done
			out <- j.value
		}
	}()
	return out
}
