package kit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChosen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, line string
		several      bool
		want         []int
		wrong        bool
	}{
		"One":     {"a number", "2\n", false, []int{1}, false},
		"First":   {"no answer to a single choice", "\n", false, []int{0}, false},
		"All":     {"no answer where several may be chosen", "\n", true, []int{0, 1, 2}, false},
		"Some":    {"in the order of the answer", "3, 1\r\n", true, []int{2, 0}, false},
		"Two":     {"one was asked for", "1 2\n", false, nil, true},
		"Zero":    {"numbers begin with 1", "0\n", true, nil, true},
		"Beyond":  {"there are three", "4\n", true, nil, true},
		"Letters": {"no number", "shop\n", true, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chosen(c.line, 3, c.several)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.wrong {
				t.Errorf("%s: error %v, -want +got:\n%s", c.reason, err, diff)
			}
		})
	}
}
