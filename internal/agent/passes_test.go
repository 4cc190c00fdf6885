package agent

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// TestPasses: a mobilizer that serves several passes gets the task of each, and only what it says of that pass counts.
func TestPasses(t *testing.T) {
	h := newHarness(t)
	h.awaitConnected()
	for role, a := range h.agents {
		a.NextTaskFile = filepath.Join(h.dirs[role], "task.json")
	}
	pass := func(run string) {
		tasks := map[task.Role]*task.Task{}
		for role := range h.agents {
			tasks[role] = &task.Task{APIVersion: task.APIVersion, Verb: task.VerbSync, Role: role, Run: task.Run{ID: run}}
		}
		h.link.Go(tasks)
	}
	handed := func(role task.Role) string {
		data, err := os.ReadFile(h.agents[role].NextTaskFile)
		if err != nil {
			return ""
		}
		got, err := task.Decode(data)
		if err != nil || got.Role != role {
			t.Fatalf("the %s was handed %s, %v", role, data, err)
		}
		return got.Run.ID
	}
	status := func(run string) {
		h.writeStatus(task.RoleTarget, fmt.Sprintf(`{"apiVersion":%q,"runID":%q,"result":{"outcome":"Succeeded"}}`, task.APIVersion, run))
	}
	if Started(h.agents[task.RoleSource].StartedFile) || handed(task.RoleSource) != "" {
		t.Fatal("something was handed on before go")
	}
	for _, run := range []string{"pass-1", "pass-2"} {
		pass(run)
		for role := range h.agents {
			h.await(role, "the task of "+run, func(s relay.AgentState) bool { return s.Started && handed(role) == run })
		}
		if s := h.link.State(task.RoleTarget); s.Status != nil {
			t.Errorf("before %s has said anything, its status is %+v", run, s.Status)
		}
		status(run)
		h.await(task.RoleTarget, "the status of "+run, func(s relay.AgentState) bool { return s.Status.Trusted(run) != nil })
	}
	// What comes again after a lost session is no other pass.
	before, err := os.Stat(h.agents[task.RoleTarget].NextTaskFile)
	if err != nil {
		t.Fatal(err)
	}
	h.cut()
	h.awaitConnected()
	h.await(task.RoleTarget, "the status after a lost session", func(s relay.AgentState) bool { return s.Status.Trusted("pass-2") != nil })
	if after, err := os.Stat(h.agents[task.RoleTarget].NextTaskFile); err != nil || !os.SameFile(before, after) {
		t.Errorf("the task was handed on twice: %v", err)
	}
	// A status of a former pass, which a slow mobilizer may still write, does not count.
	pass("pass-3")
	h.await(task.RoleTarget, "the task of pass-3", func(relay.AgentState) bool { return handed(task.RoleTarget) == "pass-3" })
	status("pass-2")
	status("pass-3")
	s := h.await(task.RoleTarget, "the status of pass-3", func(s relay.AgentState) bool { return s.Status != nil })
	if s.Status.Trusted("pass-3") == nil {
		t.Errorf("the status that counts is %+v", s.Status)
	}
	// An agent that begins anew goes on with the pass that was handed on.
	if got := (&Agent{RunID: "session", NextTaskFile: h.agents[task.RoleTarget].NextTaskFile, Log: quiet()}).firstRun(); got != "pass-3" {
		t.Errorf("an agent that begins anew counts the statuses of %q, want pass-3", got)
	}
}

// TestPassesNeedATask: a coordinator that names none is of another version, and nothing is begun for it.
func TestPassesNeedATask(t *testing.T) {
	a := &Agent{NextTaskFile: filepath.Join(t.TempDir(), "task.json"), StartedFile: filepath.Join(t.TempDir(), "started"), Log: quiet()}
	a.defaults()
	if err := a.begin(nil); err == nil || a.started.isOpen() {
		t.Errorf("got %v, and the mobilizer may start: %t", err, a.started.isOpen())
	}
}

// TestStartGate: the startup probe is answered from go on, also by an agent that was started again.
func TestStartGate(t *testing.T) {
	var address string
	listen := func() (net.Listener, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			address = l.Addr().String()
		}
		return l, err
	}
	answers := func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	file := filepath.Join(t.TempDir(), "agent", "started")
	gate := startGate{file: file, listen: listen}
	if err := gate.resume(); err != nil || address != "" {
		t.Fatalf("before go: listens at %q, error %v", address, err)
	}
	for range 2 { // Each pass of a session opens it.
		if err := gate.open(); err != nil {
			t.Fatal(err)
		}
	}
	if !answers() {
		t.Error("the probe is not answered after go")
	}
	gate.close()
	if answers() {
		t.Error("the probe is answered when the agent has ended")
	}
	again := startGate{file: file, listen: listen}
	if err := again.resume(); err != nil || !answers() {
		t.Errorf("an agent that was started again does not answer: %v", err)
	}
	again.close()
}
