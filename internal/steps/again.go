package steps

import (
	"context"
	"time"
)

// Tries of what may fail for a moment, and the pause between them.
const (
	tries = 3
	pause = 10 * time.Second
)

// Again tries a few times what fails with an error that may pass by itself.
func Again(ctx context.Context, once func(context.Context) error, mayPass func(error) bool) error {
	for n := 1; ; n++ {
		err := once(ctx)
		if err == nil || n == tries || !mayPass(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
