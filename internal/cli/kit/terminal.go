package kit

import (
	"os"

	"golang.org/x/term"
)

// Terminal says whether a file is a terminal, and how many columns and lines that has; 0: not known.
func Terminal(f any) (columns, lines int, ok bool) {
	file, is := f.(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	columns, lines, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, 0, true
	}
	return columns, lines, true
}
