// Kubemove-task carries out one verb of a move, inside a Job: `kubemove-task VERB`. What it is
// to do is in task.TaskFile; what it has done goes to its Job.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kubemove/kubemove/internal/agent"
	"github.com/kubemove/kubemove/internal/probe"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:]))
}

// run dispatches on the verb and returns the exit code.
func run(args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			// Go's own exit code for a panic would mean "do not try again".
			fmt.Fprintf(os.Stderr, "panic: %v\n", p)
			code = task.ExitFailed
		}
	}()
	if len(args) == 0 {
		return usage("no verb is given")
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "agent":
		return agent.Main(args)
	case "report":
		return follow(args)
	case "final-status":
		return agent.FinalStatus()
	case "probe":
		return probe.Main()
	case "survey":
		return survey.Main(args)
	case "version":
		fmt.Println(version)
		return task.ExitDone
	}
	if !slices.Contains(verbs(), task.Verb(verb)) {
		return usage(fmt.Sprintf("the verb %q is unknown", verb))
	}
	return carryOut(task.Verb(verb), args)
}

func usage(problem string) int {
	var names []string
	for _, v := range verbs() {
		names = append(names, string(v))
	}
	names = append(names, "agent", "final-status", "probe", "report", "survey", "version")
	fmt.Fprintf(os.Stderr, "%s: expected kubemove-task VERB, with one of %s\n", problem, strings.Join(names, ", "))
	return task.ExitPermanent
}
