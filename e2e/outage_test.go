package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/e2e/outage"
)

// outageTime is how long an API server does not answer: longer than a cutover waits for it.
const outageTime = 5 * time.Minute

// outageMove is a move in the middle of whose cutover the source's API server goes away.
type outageMove struct {
	*scenario
	// after which action of the cutover.
	after string
	// meanwhile is what a user does during the outage; empty: nothing.
	meanwhile string

	source, target *lab.Cluster
	// name of its MoveSwitch.
	name   string
	client *outage.Client
	watch  outage.Watch
}

// What a user does during the outage.
const (
	rollBackDesired = "desired is set to RolledBack"
	engineDeleted   = "the engine is deleted"
)

// TestFaultOutage stops the API server of the source in the middle of several cutovers at once,
// each held after another action. Nothing is lost, no status says what is not true, and each
// application runs at exactly one side at the end. Not parallel: every test uses the API server.
func TestFaultOutage(t *testing.T) {
	for name, c := range map[string]struct {
		how   lab.Outage
		moves []*outageMove
	}{
		"home at the target": {lab.Frozen, []*outageMove{{after: "Quiesce"}, {after: "StartWorkloads"}, {after: "Commit"},
			{after: "Quiesce", meanwhile: rollBackDesired}, {after: "StartWorkloads", meanwhile: engineDeleted}}},
		"home at the source": {lab.Refused, []*outageMove{{after: "Quiesce"}, {after: "StartWorkloads"}, {after: "Commit"}}},
	} {
		t.Run(name, func(t *testing.T) {
			homeAnswers := name == "home at the target"
			ports := 30060 // Those of the other case may still be taken when it has failed.
			if !homeAnswers {
				ports += len(c.moves) + 10
			}
			for i, m := range c.moves {
				m.begin(t, !homeAnswers, ports+i)
			}
			for _, m := range c.moves {
				m.held()
			}
			eyes := watchMoves(t, c.moves)
			defer eyes.tell(t)
			eyes.outage(t, c.how, func() {
				for _, m := range c.moves {
					m.fault("the API server of the source is %s for %s after %s; %s", c.how, outageTime, m.after, m.meanwhile)
					if homeAnswers {
						m.goOn()
					}
				}
				time.Sleep(outageTime / 4) // This is the fault, not a wait for something.
				for _, m := range c.moves {
					m.interfere()
				}
				time.Sleep(outageTime - outageTime/4)
			})
			for _, m := range c.moves {
				m.ends()
			}
			eyes.stop()
			for _, m := range c.moves {
				m.judge()
			}
		})
	}
}

// begin deploys the application with a client that writes, and its engine, whose cutover waits
// after the action.
func (m *outageMove) begin(t *testing.T, fromHome bool, port int) {
	m.scenario = newScenario(t)
	m.source, m.target, m.name = m.dst, m.src, "shop-home"
	engine := "engine-reverse.yaml"
	if fromHome {
		m.source, m.target, m.name = m.src, m.dst, "shop-dst"
		engine = "engine-auto.yaml"
	}
	m.kubectl(m.src, "create", "configmap", "kubemove-faults", "--from-literal="+m.after+"=hold")
	m.deploy(m.source, "writes.yaml", "PORT", fmt.Sprint(port))
	m.kubectl(m.source, "annotate", "deployment", "shop", "kubemove.io/kubemoveapply=true", "kubemove.io/engine=shop")
	m.client = outage.StartClient(t.Context(), 200*time.Millisecond,
		fmt.Sprintf("%s:%d", m.address(m.source), port), fmt.Sprintf("%s:%d", m.address(m.target), port))
	m.await(patience, "the first writes", func() error {
		if m.client.Acknowledged() == 0 {
			return errors.New("nothing is acknowledged")
		}
		return nil
	})
	m.apply(m.src, engine, "KIND", "Deployment")
}

// held waits until the cutover waits after its action, and the status knows of the stop.
func (m *outageMove) held() {
	m.await(patience, "the cutover to be held after "+m.after, func() error {
		got := m.kubectl(m.src, "get", "configmap", "kubemove-faults", "-o", "jsonpath={.data."+m.after+"}")
		active := m.kubectl(m.src, "get", "moveswitches", "-o", "jsonpath={.items[*].status.active}")
		if got != "held" || active != "None" {
			return fmt.Errorf("the fault is %q, the active side %q", got, active)
		}
		return nil
	})
}

// goOn lets the cutover act again.
func (m *outageMove) goOn() {
	m.kubectl(m.src, "patch", "configmap", "kubemove-faults", "--type=merge", "-p", `{"data":{"`+m.after+`":null}}`)
}

// interfere does what the user does during the outage.
func (m *outageMove) interfere() {
	switch m.meanwhile {
	case rollBackDesired:
		m.kubectl(m.src, "patch", "moveswitch", m.name, "--type=merge", "-p", `{"spec":{"desired":"RolledBack"}}`)
	case engineDeleted:
		m.kubectl(m.src, "delete", "moveengine", "shop", "--wait=false")
	}
}

// ends waits until the switch has come to its end: done, rolled back or gone.
func (m *outageMove) ends() {
	m.await(2*patience, "the end of the switch of "+m.after, func() error {
		conditions, err := m.src.Kubectl(m.t.Context(), "-n", m.namespace, "get", "moveswitch", m.name, "--ignore-not-found", "-o",
			`jsonpath=there {range .status.conditions[?(@.status=="True")]}{.type} {end}`)
		switch {
		case err != nil:
			return err
		case conditions == "", strings.Contains(conditions, "Switched"), strings.Contains(conditions, "RolledBack"):
			return nil
		}
		return fmt.Errorf("the conditions that are True: %s", conditions)
	})
}

// judge says what has become of the move.
func (m *outageMove) judge() {
	t := m.t
	sides := map[bool]*lab.Cluster{true: m.source, false: m.target}
	atSource := m.kubectl(m.source, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}") != "0"
	winner, loser := sides[atSource], sides[!atSource]
	m.kubectl(winner, "rollout", "status", "deployment/shop", timeout)
	before := m.client.Acknowledged()
	m.await(patience, "writes at the end", func() error {
		if m.client.Acknowledged() == before {
			return fmt.Errorf("nothing more than %d lines is acknowledged", before)
		}
		return nil
	})
	acknowledged := m.client.Stop()
	file, err := winner.Exec(t.Context(), m.namespace, m.pod(winner, "app=shop"), "", "cat", "/data/written")
	require.NoError(t, err)
	runs := outage.Processes("OUTAGE_MOVE")[m.namespace]
	t.Logf("runs at %s, %d lines acknowledged", winner.Name, len(acknowledged))

	if lost := outage.Lost(acknowledged, file); len(lost) > 0 {
		t.Errorf("%s: %d acknowledged lines are lost, the first: %s", m.after, len(lost), lost[0])
	}
	if !runs[winner.Name] || runs[loser.Name] {
		t.Errorf("%s: the application runs at %v, it should at %s alone", m.after, runs, winner.Name)
	}
	// A cutover that goes on after the outage may end at either side, but for one that was committed.
	if atSource && m.after == "Commit" {
		t.Errorf("%s: the application ends at %s", m.after, winner.Name)
	}
	if m.meanwhile != "" && !atSource {
		t.Errorf("%s: %s, but the application is at the target", m.after, m.meanwhile)
	}
	for _, untrue := range m.watch.Untrue {
		t.Errorf("%s; %s: %s", m.after, m.meanwhile, untrue)
	}
	m.noLeftovers()
}
