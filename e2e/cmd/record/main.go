// Record chooses, out of the calls that the hook server has recorded, one of each shape and
// writes them to where the golden tests find them, one archive a kind:
//
//	record FROM TO
//
// Two replies have the same shape when they desire the same kinds of children and set the same
// conditions.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: record FROM TO")
		os.Exit(2)
	}
	if err := choose(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func choose(from, to string) error {
	calls, err := filepath.Glob(filepath.Join(from, "*", "*"))
	if err != nil || len(calls) == 0 {
		return fmt.Errorf("no recorded calls in %s: %v", from, err)
	}
	slices.Sort(calls)
	seen := map[string]bool{}
	archives := map[string]*txtar.Archive{}
	for _, call := range calls {
		kind, hook := filepath.Base(filepath.Dir(call)), strings.SplitN(filepath.Base(call), "-", 3)[1]
		s, err := shape(call)
		if err != nil {
			return err
		}
		key := kind + " " + hook + " " + s
		if seen[key] {
			continue
		}
		seen[key] = true
		if archives[kind] == nil {
			archives[kind] = &txtar.Archive{}
		}
		if err := add(archives[kind], fmt.Sprintf("%03d-%s", len(seen), hook), call); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for kind, a := range archives {
		if err := os.WriteFile(filepath.Join(to, kind+".txtar"), txtar.Format(a), 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d of %d recorded calls kept in %s\n", len(seen), len(calls), to)
	return nil
}

// add a recorded call to an archive: the request as it was sent, the reply laid out on lines, so that
// one can see what changes in it.
func add(a *txtar.Archive, name, call string) error {
	for _, file := range []string{"call.json", "request.json", "response.golden.json"} {
		data, err := os.ReadFile(filepath.Join(call, file))
		if err != nil {
			return err
		}
		if file == "response.golden.json" {
			var lines bytes.Buffer
			if err := json.Indent(&lines, data, "", "  "); err != nil {
				return fmt.Errorf("%s: %w", call, err)
			}
			data = lines.Bytes()
		}
		a.Files = append(a.Files, txtar.File{Name: name + "/" + file, Data: data})
	}
	return nil
}

// shape of the reply of a call.
func shape(call string) (string, error) {
	data, err := os.ReadFile(filepath.Join(call, "response.golden.json"))
	if err != nil {
		return "", err
	}
	var reply struct {
		Finalized bool
		Children  []struct {
			Kind     string
			Metadata struct{ Labels map[string]string }
		}
		Status struct {
			Conditions []struct{ Type, Status, Reason string }
		}
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return "", fmt.Errorf("%s: %w", call, err)
	}
	var parts []string
	for _, c := range reply.Children {
		parts = append(parts, c.Kind+" "+c.Metadata.Labels["kubemove.io/step"])
	}
	for _, c := range reply.Status.Conditions {
		parts = append(parts, c.Type+"="+c.Status+"/"+c.Reason)
	}
	slices.Sort(parts)
	return fmt.Sprint(reply.Finalized, parts), nil
}
