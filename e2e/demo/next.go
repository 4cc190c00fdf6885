package demo

import (
	"path/filepath"

	"github.com/kubemove/kubemove/e2e/lab"
)

// Setup lets the commands of Next find the lab's kubectl and clusters.
func Setup(l *lab.Lab) string {
	dir := l.Dir
	if inside, err := filepath.Rel(l.Root, dir); err == nil {
		dir = "$PWD/" + inside
	}
	return "export KUBECONFIG=" + dir + "/" + kubeconfigName + " PATH=" + dir + "/bin:$PATH"
}

// Next are commands that are worth trying after the demo, each with what it is for.
func Next() [][2]string {
	return [][2]string{
		{move("status"), "both moves, and where the application is"},
		{move("report moveengine/" + engine), "how it was verified, and how long it took"},
		{move("tree moveengine/" + engine), "its objects, Jobs and Pods"},
		{move("explain moveengine/" + engine + " statefulset/postgres"), "why an object moves"},
		{on("src") + " logs deployment/client --tail 5", "it goes on writing in src"},
		{move("delete movereverse/" + back + " --yes"), "the application stays"},
	}
}

// next says what to try.
func (d *Demo) next() {
	d.tell.step("What to try next, at the root of the checkout:")
	d.tell.say("%s", Setup(d.lab))
	for _, n := range Next() {
		d.tell.say("%-60s # %s", n[0], n[1])
	}
	d.tell.say("%-60s # ends the clusters and leaves nothing", "make demo-down")
	d.tell.say("And read docs/live.md, docs/movereverse.md and " + example + "/README.md.")
}
