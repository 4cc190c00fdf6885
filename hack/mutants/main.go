// Command mutants puts faults that were repaired back into the code, one at a time, and expects the tests
// to find each: a test that lets one pass proves less than it says.
//
// A mutant is a file of internal/steps/cutover/testdata/mutants:
//
//	file: internal/steps/cutover/next.go
//	tests: ./internal/steps/cutover -run TestSimulation -seeds 20000
//	--- was
//	the text as it is
//	--- is
//	the text of the fault
//
// The checkout is not changed: the compiler gets the file as an overlay.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const folder = "internal/steps/cutover/testdata/mutants"

type mutant struct {
	name, file string
	tests      []string
	was, is    string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run all mutants, or those whose names contain one of the arguments.
func run(only []string) error {
	files, err := filepath.Glob(folder + "/*.txt")
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no mutants in %s: run this in the root of the checkout (%w)", folder, errors.Join(err, os.ErrNotExist))
	}
	var alive []string
	for _, file := range files {
		m, err := read(file)
		if err != nil {
			return err
		}
		if !chosen(m.name, only) {
			continue
		}
		found, err := m.found()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Printf("%-28s found: %t\n", m.name, found)
		if !found {
			alive = append(alive, m.name)
		}
	}
	if len(alive) > 0 {
		return fmt.Errorf("no test finds %s", strings.Join(alive, ", "))
	}
	return nil
}

func chosen(name string, only []string) bool {
	for _, o := range only {
		if strings.Contains(name, o) {
			return true
		}
	}
	return len(only) == 0
}

func read(file string) (*mutant, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	head, rest, ok := strings.Cut(string(data), "\n--- was\n")
	was, is, also := strings.Cut(rest, "--- is\n")
	m := &mutant{name: strings.TrimSuffix(filepath.Base(file), ".txt"), was: was, is: is}
	for _, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "file":
			m.file = value
		case "tests":
			m.tests = strings.Fields(value)
		}
	}
	if !ok || !also || m.file == "" || len(m.tests) == 0 {
		return nil, fmt.Errorf("%s is no mutant: it needs file:, tests:, --- was and --- is", file)
	}
	return m, nil
}

// found says whether the tests fail with the mutant. A mutant that does not compile proves nothing.
func (m *mutant) found() (bool, error) {
	code, err := os.ReadFile(m.file)
	if err != nil {
		return false, err
	}
	if n := strings.Count(string(code), m.was); n != 1 {
		return false, fmt.Errorf("the text to be changed is %d times in %s, expected once: bring the mutant up to date", n, m.file)
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(code), m.was, m.is, 1)), 0o600); err != nil {
		return false, err
	}
	whole, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {whole: changed}})
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		return false, err
	}
	out, err := exec.Command("go", append([]string{"test", "-count=1", "-overlay", overlay}, m.tests...)...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false, nil
	case !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL"):
		return false, fmt.Errorf("the tests did not run: %w\n%s", err, out)
	}
	return true, nil
}
