package steer_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

// outcome of a verb: its patch, or what it refuses.
func outcome(p steer.Patch, err error) string {
	if err != nil {
		var out strings.Builder
		fault.Print(&out, err, text.Command)
		return out.String()
	}
	return p.Object() + " " + p.Body()
}

// case of a verb: what it says, or how that begins.
type verbCase struct{ reason, sample, want string }

func check(t *testing.T, cases map[string]verbCase, verb func(snapshot.Move) (steer.Patch, error)) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcome(verb(sample.Move(c.sample)))
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s: got\n%s\nwant\n%s", c.reason, got, c.want)
			}
		})
	}
}

func TestApprove(t *testing.T) {
	t.Parallel()
	check(t, map[string]verbCase{
		"Approval": {"the hash that was shown is sent", "approval", `moveswitch/shop-dst {"spec":{"approvedPlan":"` + sample.Hash + `"}}`},
		"FirstCopy": {"it may be approved before everything is copied", "firstcopy",
			`moveswitch/shop-dst {"spec":{"approvedPlan":"` + sample.Hash + `"}}`},
		"Blocked": {"what fixes a blocker changes the plan", "blocked", "error: cannot approve moveengine/shop\nreason: plan " + sample.Hash +
			" has 1 blocker, the first: StorageClassMissing: the target has no StorageClass"},
		"Planning": {"there is nothing to read", "planning",
			"error: cannot approve moveengine/shop\nreason: there is no plan for target dst yet"},
		"Starting": {"nothing is there yet", "starting", "error: cannot approve moveengine/shop\nreason: there is no plan for target dst yet"},
		"Switched": {"it is done", "switched", "error: cannot approve moveengine/shop\nreason: the switch is committed already\n" +
			"try: kubectl move report moveengine/shop\n"},
		"Cancelled": {"it stays cancelled", "cancelled",
			"error: cannot approve moveengine/shop\nreason: the switch was cancelled, and stays so; " +
				"delete it, and a new one is made\ntry: kubectl --namespace shop delete moveswitch shop-dst\n"},
	}, func(m snapshot.Move) (steer.Patch, error) { return steer.Approve(m, m.Route(""), sample.Hash) })
}

func TestApproveOnlyWhatWasShown(t *testing.T) {
	t.Parallel()
	m := sample.Move("approval")
	got := outcome(steer.Approve(m, m.Route(""), "0123456789abcdef"))
	want := "error: cannot approve moveengine/shop\nreason: plan 0123456789abcdef is not the newest one, which is " + sample.Hash +
		"\ntry: kubectl move plan moveengine/shop --target dst\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// A cutover may have found a newer plan than the pair has.
	m.Route("").Switch.PlanHash = "fedcba9876543210"
	if got := outcome(steer.Approve(m, m.Route(""), sample.Hash)); !strings.Contains(got, "which is fedcba9876543210") {
		t.Errorf("the plan that a cutover has found is the one to approve, got %s", got)
	}
	m.Route("").Switch.Approval = api.ApprovalAutomatic
	if got := outcome(steer.Approve(m, m.Route(""), "fedcba9876543210")); !strings.Contains(got, "is Automatic: no approval is needed") {
		t.Errorf("an approval that nothing waits for is refused, got %s", got)
	}
	if far := sample.Move("targets"); !strings.Contains(outcome(steer.Approve(far, far.Route("far"), sample.Hash)),
		"it switches to target dst, and not to far") {
		t.Error("the plan of a target that is not switched to is not approved")
	}
}

func TestRollBack(t *testing.T) {
	t.Parallel()
	const done = `moveswitch/shop-dst {"spec":{"desired":"RolledBack"}}`
	check(t, map[string]verbCase{
		"Switching": {"it is not committed", "switching", done},
		"Held":      {"it waits for that", "held", done},
		"Approval": {"nothing has begun", "approval", "error: cannot roll back moveengine/shop\nreason: no switch of it has begun, " +
			"so there is nothing to roll back\ntry: kubectl move suspend moveengine/shop\n"},
		"Switched": {"writes would be lost", "switched", "error: cannot roll back moveengine/shop\nreason: the switch is committed: what was " +
			"written at the target since would be lost; a way back takes it along\ntry: kubectl move reverse moveengine/shop\n"},
		"Starting": {"there is no switch", "starting", "error: cannot roll back moveengine/shop\n"},
	}, steer.RollBack)
	approved := sample.Objects("approval")
	approved.Switches[0].Spec.ApprovedPlan = sample.Hash
	if got := outcome(steer.RollBack(snapshot.New(approved, sample.Now).Moves[0])); got != done {
		t.Errorf("a switch that may begin at any moment is taken back, got %s", got)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	const done = `moveswitch/shop-dst {"spec":{"retry":"cli-1"}}`
	check(t, map[string]verbCase{
		"RolledBack": {"it may be tried again", "rolledback", done},
		"Declined":   {"and so may this", "declined", done},
		"Held":       {"it goes on from there", "held", done},
		"Approval": {"another try changes nothing", "approval", "error: cannot retry moveengine/shop\nreason: it waits for an approval, " +
			"and not for another try\ntry: kubectl move approve moveengine/shop --target dst\n"},
		"Switching": {"it is being tried", "switching", "error: cannot retry moveengine/shop\nreason: its switch was neither"},
		"Cancelled": {"it stays cancelled", "cancelled", "error: cannot retry moveengine/shop\nreason: the switch was cancelled"},
		"Starting":  {"there is no switch", "starting", "error: cannot retry moveengine/shop\nreason: it has no MoveSwitch"},
	}, func(m snapshot.Move) (steer.Patch, error) { return steer.Retry(m, "cli-1") })
	m := sample.Move("rolledback")
	m.Switch().Switch.Desired = api.DesiredRolledBack
	if got, want := outcome(steer.Retry(m, "cli-1")), `moveswitch/shop-dst {"spec":{"desired":"Switched","retry":"cli-1"}}`; got != want {
		t.Errorf("after a roll back on request the end is wanted again: got %s, want %s", got, want)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	const done = `moveswitch/shop-dst {"spec":{"desired":"Cancelled"}}`
	check(t, map[string]verbCase{
		"Approval":  {"it has not begun", "approval", done},
		"Switching": {"it is rolled back", "switching", done},
		"Switched":  {"it is done", "switched", "error: cannot cancel moveengine/shop\nreason: the switch is committed\n"},
		"Cancelled": {"it is cancelled", "cancelled", "error: cannot cancel moveengine/shop\nreason: it is cancelled already\n"},
		"Starting":  {"there is no switch", "starting", "error: cannot cancel moveengine/shop\nreason: it has no MoveSwitch yet"},
	}, steer.Cancel)
}

func TestBegin(t *testing.T) {
	t.Parallel()
	night := time.Date(2026, 12, 24, 2, 0, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		reason, sample, target string
		at                     time.Time
		now                    bool
		want                   string
	}{
		"Nothing": {"the approval is all", "approval", "dst", time.Time{}, false, `moveengine/shop {"spec":{}}`},
		"At": {"the time is the user's, in the engine", "approval", "dst", night, false,
			`moveengine/shop {"spec":{"switch":{"at":"2026-12-24T02:00:00+01:00"}}}`},
		"Now":       {"no time is a time at once", "scheduled", "dst", time.Time{}, true, `moveengine/shop {"spec":{"switch":{"at":null}}}`},
		"NowOfNone": {"there is no time to remove", "approval", "dst", time.Time{}, true, `moveengine/shop {"spec":{}}`},
		"Target":    {"another target", "targets", "far", time.Time{}, false, `moveengine/shop {"spec":{"switch":{"target":"far"}}}`},
		"WayBack": {"a way back has its own time", "wayback", "back", night, false,
			`movereverse/shop-back {"spec":{"switch":{"at":"2026-12-24T02:00:00+01:00"}}}`},
		"Suspended": {"it would not begin", "suspended", "dst", time.Time{}, false,
			"error: cannot switch moveengine/shop\nreason: it is suspended, so no switch begins\n" +
				"try: kubectl move resume moveengine/shop\n"},
		"RolledBack": {"it was tried", "rolledback", "dst", time.Time{}, false,
			"error: cannot switch moveengine/shop\nreason: its switch was tried: the source is back: " +
				"Deployment web is not healthy after 5m0s\ntry: kubectl move retry moveengine/shop\n"},
		"Switching": {"it is on its way", "switching", "dst", time.Time{}, false,
			"error: cannot switch moveengine/shop\nreason: its switch to target dst has begun already\n" +
				"try: kubectl move status moveengine/shop --watch\n"},
		"Switched": {"it is done", "switched", "dst", time.Time{}, false,
			"error: cannot switch moveengine/shop\nreason: it has switched to target dst already\n" +
				"try: kubectl move reverse moveengine/shop\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, outcome(steer.Begin(sample.Move(c.sample), c.target, c.at, c.now))); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

func TestSyncAndRefresh(t *testing.T) {
	t.Parallel()
	sync := func(m snapshot.Move) (steer.Patch, error) {
		list, err := steer.Sync(m, m.Route(""), "cli-1")
		if err != nil {
			return steer.Patch{}, err
		}
		return list[0], nil
	}
	check(t, map[string]verbCase{
		"Approval":  {"a run on request", "approval", `datasync/shop-dst-restic {"spec":{"request":"cli-1"}}`},
		"Suspended": {"no run begins", "suspended", "error: cannot copy moveengine/shop\nreason: it is suspended"},
		"Switching": {"the switch copies", "switching", "error: cannot copy moveengine/shop\nreason: its switch has begun"},
		"Switched":  {"nothing is copied any more", "switched", "error: cannot copy moveengine/shop\nreason: the application has switched"},
		"Blocked": {"the channel is not open", "blocked",
			"error: cannot copy moveengine/shop\nreason: the channel to target dst is not open yet"},
	}, sync)
	check(t, map[string]verbCase{
		"RefreshApproval":  {"a new plan", "approval", `movepair/shop-dst {"spec":{"planRequest":"cli-1"}}`},
		"RefreshBlocked":   {"what was fixed is seen at once", "blocked", `movepair/shop-dst {"spec":{"planRequest":"cli-1"}}`},
		"RefreshSuspended": {"nothing is planned", "suspended", "error: cannot plan moveengine/shop\nreason: it is suspended"},
		"RefreshSwitching": {"the switch has its plan", "switching", "error: cannot plan moveengine/shop\nreason: its switch has begun"},
		"RefreshStarting": {"there is no pair", "starting",
			"error: cannot plan moveengine/shop\nreason: its MovePair shop-dst is not there yet"},
	}, func(m snapshot.Move) (steer.Patch, error) { return steer.Refresh(m, m.Route(""), "cli-1") })
}

// TestPatchIsBound: a patch is for the object that was read, and for no later one of its name.
func TestPatchIsBound(t *testing.T) {
	t.Parallel()
	p, err := steer.RollBack(sample.Move("switching"))
	if want := `{"metadata":{"uid":"uid-switch"},"spec":{"desired":"RolledBack"}}`; err != nil || string(p.Data()) != want {
		t.Errorf("got %s and %v, want %s", p.Data(), err, want)
	}
}

// TestWords: the command that is printed says in a shell what is sent.
func TestWords(t *testing.T) {
	t.Parallel()
	p, err := steer.Begin(sample.Move("scheduled"), "dst", time.Time{}, true)
	if err != nil {
		t.Fatal(err)
	}
	line := text.Command(p.Words()...)
	out, err := exec.Command("sh", "-c", `kubectl() { printf '%s\n' "$@"; }; `+line).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := "--namespace\nshop\npatch\nmoveengine\nshop\n--type\nmerge\n--patch\n" + `{"spec":{"switch":{"at":null}}}` + "\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("%s: -want +got:\n%s", line, diff)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ reason, sample, verb, want string }{
		"Refused":    {"the spec has to be corrected", "refused", "status", "kubectl --namespace shop edit moveengine shop"},
		"Blocked":    {"the plan says what to do", "blocked", "status", "kubectl move plan shop"},
		"Read":       {"first it is read", "approval", "status", "kubectl move plan shop"},
		"Approve":    {"then it is approved", "approval", "plan", "kubectl move approve shop"},
		"Target":     {"with several targets one is named", "targets", "plan", "kubectl move approve shop --target dst"},
		"Copy":       {"a copy is followed", "firstcopy", "start", "kubectl move status shop --watch"},
		"Follow":     {"who looks is not told to look", "firstcopy", "status", ""},
		"Suspended":  {"it goes on only when told", "suspended", "status", "kubectl move resume shop"},
		"RolledBack": {"it may be tried again", "rolledback", "status", "kubectl move retry shop"},
		"Held":       {"the source is down", "held", "status", "kubectl move rollback shop"},
		"Switched":   {"what was it like", "switched", "status", "kubectl move report shop"},
		"Reported":   {"and back", "switched", "report", "kubectl move reverse shop"},
		"WayBack":    {"it is named by its kind", "wayback", "status", "kubectl move plan movereverse/shop-back"},
		"Deleting":   {"nothing is to be done", "deleting", "status", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := text.Command(steer.Next(sample.Move(c.sample), c.verb, sample.Namespace)...); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// TestNextElsewhere: a command for a move of another namespace than the current one names it, and once.
func TestNextElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ reason, sample, verb, want string }{
		"Plan":   {"as a flag of the command", "approval", "status", "kubectl move plan shop --namespace shop"},
		"Target": {"after all else", "targets", "plan", "kubectl move approve shop --target dst --namespace shop"},
		"Edit":   {"that of kubectl names it anyway", "refused", "status", "kubectl --namespace shop edit moveengine shop"},
		"None":   {"without a command there is nothing to name", "deleting", "status", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := text.Command(steer.Next(sample.Move(c.sample), c.verb, "default")...); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	if got, want := steer.Token(sample.Now), "cli-20261121T080000.000Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUninstall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason  string
		objects snapshot.Objects
		want    string
		try     string
	}{
		"None": {"nothing would stay", snapshot.Objects{}, "", ""},
		"Engine": {"the move is what a user deletes", sample.Objects("approval"),
			"moveengine shop/shop, moveswitch shop/shop-dst", "kubectl move delete moveengine/shop --namespace shop"},
		"WayBack": {"it goes first", sample.Objects("wayback"), "movereverse shop/", "kubectl move delete movereverse/"},
		"Pair": {"a pair of a user has no engine", snapshot.Objects{Pairs: sample.Objects("approval").Pairs}, "movepair shop/shop-dst",
			"kubectl delete movepair shop-dst --namespace shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := steer.Uninstall(c.objects)
			e, refused := errors.AsType[*fault.Error](err)
			if refused != (c.want != "") {
				t.Fatalf("%s: got %v", c.reason, err)
			}
			if refused && (!strings.Contains(e.Reason, c.want) || !strings.HasPrefix(strings.Join(e.Try, " "), c.try)) {
				t.Errorf("%s: got %q and try %q, expected %q and %q", c.reason, e.Reason, e.Try, c.want, c.try)
			}
		})
	}
}
