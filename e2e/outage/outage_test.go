package outage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// at is a moment of the outage, which begins at zero.
func at(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0) }

// status of a switch whose active side is given, with conditions as kind=status message.
func status(active api.ActiveSide, conditions ...string) *api.MoveSwitch {
	sw := &api.MoveSwitch{}
	sw.Status.Active = active
	for _, text := range conditions {
		head, message, _ := strings.Cut(text, " ")
		kind, is, _ := strings.Cut(head, "=")
		sw.Status.Conditions = append(sw.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(is), Message: message})
		if kind == api.ConditionCommitted && is == "True" {
			sw.Status.CommittedAt = &metav1.Time{Time: at(0)}
		}
	}
	return sw
}

func TestWatch(t *testing.T) {
	during := func(seconds int, sw *api.MoveSwitch) Sample {
		return Sample{At: at(seconds), Down: at(0), Answered: true, Switch: sw, Stopped: true}
	}
	const told = "Stalled=True cannot read the lock at the source: no answer"
	for name, c := range map[string]struct {
		reason  string
		samples []Sample
		want    []string
	}{
		"truth": {"A switch that says what is known is not complained about.", []Sample{
			during(1, status(api.ActiveNone, "Stalled=False nothing waits")),
			during(61, status(api.ActiveNone, told)),
			{At: at(300), Answered: true, Switch: status(api.ActiveNone, "RolledBack=False the source is brought")},
			{At: at(310), Answered: true, Switch: status(api.ActiveSource, "RolledBack=True the source is as it was"), Source: true},
			{At: at(320), Answered: true},
		}, nil},
		"home is silent": {"Without an answer of home nothing is known.", []Sample{
			during(1, status(api.ActiveNone)), {At: at(90), Down: at(0), Stopped: true}}, nil},
		"active goes back": {"A source that is stopped is not active.", []Sample{
			during(1, status(api.ActiveNone)), during(2, status(api.ActiveSource))},
			[]string{"active is Source before a roll back has succeeded"}},
		"rolled back": {"A source that is stopped is not back.", []Sample{
			during(1, status(api.ActiveNone)), during(2, status(api.ActiveNone, "RolledBack=True done", "Switched=False the source is back"))},
			[]string{"RolledBack is True while the source is stopped", "the source is said to be back while it is stopped"}},
		"both": {"One side runs at a time.", []Sample{{At: at(1), Source: true, Target: true}},
			[]string{"both sides run"}},
		"nothing said": {"An outage shows within a minute.", []Sample{
			during(60, status(api.ActiveNone)), during(61, status(api.ActiveNone, "Stalled=False cannot reach the source"))},
			[]string{"a minute of the outage does not show in Stalled"}},
		"another reason": {"A reason that is not the outage's does not count.", []Sample{
			during(61, status(api.ActiveNone, "Stalled=True the target is not healthy: look at it"))},
			[]string{"a minute of the outage does not show in Stalled"}},
		"gone": {"A switch is not let go while the source is stopped.", []Sample{
			during(1, status(api.ActiveNone)), during(2, nil)},
			[]string{"the switch is gone while the source is stopped"}},
		"gone after the commit": {"After the commit it may be.", []Sample{
			during(1, status(api.ActiveTarget, "Committed=True at")), during(2, nil)}, nil},
		"commit forgotten": {"A commit is for ever.", []Sample{
			during(1, status(api.ActiveTarget, "Committed=True at")), during(2, status(api.ActiveTarget, "Committed=False not yet"))},
			[]string{"the commit is forgotten"}},
		"fence forgotten": {"A source that is stopped stays fenced.", []Sample{
			during(1, status(api.ActiveNone, "SourceFenced=True stopped")), during(2, status(api.ActiveNone, "SourceFenced=False not stopped"))},
			[]string{"SourceFenced is no longer True while the source is stopped"}},
	} {
		t.Run(name, func(t *testing.T) {
			var w Watch
			for _, s := range append(c.samples, c.samples[len(c.samples)-1]) {
				w.See(s)
			}
			require.Len(t, w.Untrue, len(c.want), "%s\n%s", c.reason, strings.Join(w.Untrue, "\n"))
			for i, want := range c.want {
				require.Contains(t, w.Untrue[i], want, c.reason)
			}
		})
	}
}

func TestEnviron(t *testing.T) {
	value, node := environ([]byte("A=1\x00MOVE=shop\x00NODE=src\x00"), "MOVE")
	require.Equal(t, []string{"shop", "src"}, []string{value, node})
	value, _ = environ([]byte("REMOVE=shop\x00"), "MOVE")
	require.Empty(t, value)
	t.Setenv("OUTAGE_TEST", "set")
	require.Empty(t, Processes("OUTAGE_TEST"), "what a process was started with counts")
}

func TestClientRemembersWhatIsAcknowledged(t *testing.T) {
	var file strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.RawQuery, "1-") {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(&file, r.URL.RawQuery)
		fmt.Fprintln(w, "written "+r.URL.RawQuery)
	}))
	defer server.Close()
	c := StartClient(t.Context(), time.Millisecond, "127.0.0.1:1", strings.TrimPrefix(server.URL, "http://"))
	require.Eventually(t, func() bool { return c.Acknowledged() > 3 }, 10*time.Second, time.Millisecond)
	acknowledged := c.Stop()
	require.NotContains(t, acknowledged, "1-1")
	require.Contains(t, acknowledged, "2-1")
	require.Empty(t, Lost(acknowledged, file.String()))
	require.Equal(t, []string{"2-1"}, Lost([]string{"0-1", "2-1"}, "0-1\n12-1\n"))
}
