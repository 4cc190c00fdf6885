package cutover

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/application"
)

// TestInLevels: what needs something else is done after all of it, and not at all when a part of
// that has failed.
func TestInLevels(t *testing.T) {
	object := func(phase application.Phase, kind, name string) application.Object {
		return application.Object{Ref: application.Ref{Kind: kind, Name: name}, Phase: phase}
	}
	objects := []application.Object{
		object(application.PhaseStart, "ConfigMap", "a"), object(application.PhaseStart, "ConfigMap", "b"),
		object(application.PhaseStart, "Service", "c"),
		object(application.PhaseStart, "Deployment", "d"), object(application.PhaseStart, "Deployment", "e"),
		object(application.PhaseOpen, "Deployment", "f"),
	}
	passing, lasting := errors.New("passing"), &permanent{errors.New("lasting")}
	cases := map[string]struct {
		reason string
		fails  map[string]error
		levels []string
		err    error
	}{
		"Fine":  {"Neighbours of one kind and phase are a level.", nil, []string{"ab", "c", "de", "f"}, nil},
		"Fails": {"Nothing is begun after a level that failed.", map[string]error{"c": passing}, []string{"ab", "c"}, passing},
		"First": {"Of failures that may pass the first counts.",
			map[string]error{"d": passing, "e": errors.New("other")}, []string{"ab", "c", "de"}, passing},
		"Lasts": {"One that does not pass is not hidden by one that may.",
			map[string]error{"d": passing, "e": lasting}, []string{"ab", "c", "de"}, lasting},
		"Begins": {"The very first level may fail.", map[string]error{"a": lasting, "b": passing}, []string{"ab"}, lasting},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []string
			last := application.Object{}
			begun := &sync.WaitGroup{}
			err := inLevels(t.Context(), objects, sameLevel, func(want application.Object) error {
				mu.Lock()
				if sameLevel(last, want) {
					letters := []byte(got[len(got)-1] + want.Name)
					slices.Sort(letters)
					got[len(got)-1] = string(letters)
				} else {
					got, last = append(got, want.Name), want
					begun = &sync.WaitGroup{}
					begun.Add(len(slices.DeleteFunc(slices.Clone(objects), func(o application.Object) bool { return !sameLevel(o, want) })))
				}
				all := begun
				mu.Unlock()
				// All of a level are under way at once, so a failure keeps none of them back.
				all.Done()
				all.Wait()
				return tc.fails[want.Name]
			})
			if diff := cmp.Diff(tc.levels, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if !errors.Is(err, tc.err) {
				t.Errorf("%s\ngot the error %v, want %v", tc.reason, err, tc.err)
			}
		})
	}
}
