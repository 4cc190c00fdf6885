package kit

import (
	"bufio"
	"fmt"
	"runtime"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

// Confirm asks a person on a terminal. Without one it refuses, and flag is what says yes there.
func (k *Kit) Confirm(question, flag string) error {
	if _, _, ok := k.Terminal(k.In); !ok {
		return fault.New(fault.Usage, "no answer to: "+question, "the input is no terminal; %s says yes", flag)
	}
	fmt.Fprintf(k.ErrOut, "%s [y/N] ", text.Plain(question))
	line, err := bufio.NewReader(k.In).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	case "":
		if err != nil {
			fmt.Fprintln(k.ErrOut)
		}
	}
	return fault.New(fault.Failed, "nothing was changed", "the answer was not yes")
}

// Style of a writer: colour only on a terminal, and signs beyond ASCII where locale and terminal have them.
func (k *Kit) Style(w any) view.Style {
	_, _, terminal := k.Terminal(w)
	dumb := k.Env("TERM") == "dumb"
	return view.Style{
		Colour:  terminal && !dumb && k.Env("NO_COLOR") == "",
		Unicode: !dumb && k.isUnicode(),
	}
}

func (k *Kit) isUnicode() bool {
	if runtime.GOOS == "windows" {
		return k.Env("WT_SESSION") != ""
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(k.Env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// Redraws says whether a view on a writer is drawn over the one before it.
func (k *Kit) Redraws(w any) bool {
	_, _, terminal := k.Terminal(w)
	if runtime.GOOS == "windows" && k.Env("WT_SESSION") == "" && k.Env("TERM") == "" {
		return false // An old console does not know the control characters.
	}
	return terminal && k.Env("TERM") != "dumb"
}

// Width of a writer in columns; 80 for one that is no terminal.
func (k *Kit) Width(w any) int {
	width, _, ok := k.Terminal(w)
	if !ok || width < 20 {
		return 80
	}
	return width
}

// Height of a terminal in lines; 0: not known, or it is none.
func (k *Kit) Height(w any) int {
	_, lines, _ := k.Terminal(w)
	return lines
}
