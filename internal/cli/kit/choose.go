package kit

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/text"
)

// IsInteractive says whether a person can be asked.
func (k *Kit) IsInteractive() bool {
	_, _, asks := k.Terminal(k.In)
	_, _, shows := k.Terminal(k.ErrOut)
	return asks && shows
}

// Choose asks a person for some of the choices, by their numbers; an empty answer is all of them where several may be chosen, and
// the first one otherwise. It returns their indices.
func (k *Kit) Choose(question string, choices []string, several bool) ([]int, error) {
	fmt.Fprintf(k.ErrOut, "%s\n", text.Plain(question))
	for i, c := range choices {
		fmt.Fprintf(k.ErrOut, "  %d  %s\n", i+1, text.Plain(c))
	}
	hint := "a number [1]"
	if several {
		hint = "numbers such as 1,3 [all]"
	}
	fmt.Fprintf(k.ErrOut, "%s: ", hint)
	line, err := bufio.NewReader(k.In).ReadString('\n')
	if err != nil && line == "" {
		fmt.Fprintln(k.ErrOut)
		return nil, fault.New(fault.Failed, "nothing was chosen", "the input has ended")
	}
	return chosen(line, len(choices), several)
}

// chosen indices of an answer.
func chosen(line string, count int, several bool) ([]int, error) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	if len(words) == 0 {
		words = []string{"1"}
		for i := 2; several && i <= count; i++ {
			words = append(words, strconv.Itoa(i))
		}
	}
	var out []int
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > count {
			return nil, fault.Badly("the answer %q is no number from 1 to %d", w, count)
		}
		out = append(out, n-1)
	}
	if !several && len(out) > 1 {
		return nil, fault.Badly("the answer has %d numbers, expected one", len(out))
	}
	return out, nil
}
