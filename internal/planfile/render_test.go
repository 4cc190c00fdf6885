package planfile

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

var update = flag.Bool("update", false, "write the golden files anew")

const web = "Deployment.apps/web"

// planned is an object of a plan.
func planned(t *testing.T, text string, phase application.Phase, why string) application.Object {
	t.Helper()
	o := object(t, text)
	o.Phase, o.Why = phase, why
	return o
}

// shopObjects are one of each sort.
func shopObjects(t *testing.T) []application.Object {
	t.Helper()
	claim := planned(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-new},
		spec: {storageClassName: fast, resources: {requests: {storage: 20Gi}}}}`, application.PhaseVolume, web+" > PersistentVolumeClaim/data")
	claim.Source = "data"
	settings := planned(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}`,
		application.PhaseStart, web+" > ConfigMap/settings")
	settings.Written = true
	role := planned(t, `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}}`,
		application.PhaseStart, web+" > ServiceAccount/shop > ClusterRole.rbac.authorization.k8s.io/reader")
	role.Cluster = true
	return []application.Object{
		claim,
		planned(t, secretText, application.PhaseStart, web+" > Secret/s"),
		settings, role,
		planned(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}`,
			application.PhaseStart, "named in application.workloads"),
		planned(t, `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}}`,
			application.PhaseStart, "matches application.selector"),
		planned(t, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}}`,
			application.PhaseOpen, web+" > Service/web > Ingress.networking.k8s.io/web"),
	}
}

// shop is a plan with something of everything.
func shop(t *testing.T) Plan {
	t.Helper()
	p := New(&application.Plan{
		Engine: "shop", SourceNamespace: "shop", TargetNamespace: "shop-new", SourceCluster: "c-1", TargetCluster: "c-2",
		Workloads: []application.Workload{
			{Ref: application.Ref{Group: "batch", Kind: "CronJob", Name: "night"}},
			{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, Replicas: 3, Autoscaled: true},
			{Ref: application.Ref{Group: "apps", Kind: "StatefulSet", Name: "db"}, Replicas: 1, TargetReplicas: new(int32(2))},
		},
		Objects: shopObjects(t),
		Volumes: []application.Volume{
			{Name: "data", Target: "data-new", Policy: api.ClaimCopy, Mobilizer: "restic", CapacityBytes: 10 << 30,
				Usage: &application.Usage{Bytes: 1610612736, Files: 2300}},
			{Name: "cache", Target: "cache", Policy: api.ClaimSkip, CapacityBytes: 512},
		},
		Requires: []application.Required{
			{Ref: claimRef("cache"), Why: "data.claims has the policy Skip for it"},
			{Ref: application.Ref{Group: "scheduling.k8s.io", Kind: "PriorityClass", Name: "high"},
				Why: web + " > PriorityClass.scheduling.k8s.io/high"},
		},
		Left: []application.Left{
			{Ref: application.Ref{Kind: "ConfigMap", Name: "kube-root-ca.crt"}, Why: "every namespace has its own"},
			{Ref: application.Ref{Group: "batch", Kind: "CronJob", Name: "night"}, Why: "Backup.example.com/nightly makes it, and moves"},
		},
		Target: []application.Present{
			{Ref: application.Ref{Kind: "ConfigMap", Name: "settings"}, Standing: application.StandingDifferent, More: 3,
				Fixed: []string{"immutable"}, Differs: []application.Difference{
					{Path: "data.color", There: `"red"`, Planned: `"blue"`}, {Path: "data.size", Planned: `"xl"`}}},
			{Ref: application.Ref{Kind: "Secret", Name: "s"}, Standing: application.StandingDifferent,
				Differs: []application.Difference{{Path: "data.password"}}},
			{Ref: claimRef("data-new"), Standing: application.StandingOurs},
		},
		Blockers: []api.Blocker{
			{Reason: api.ReasonNameConflict, Object: "ConfigMap/settings", Message: "the target has ConfigMap/settings already: expected none. " +
				"It differs from what the move would create in data.color; delete it, or set conflictPolicy"},
			{Reason: api.ReasonInvalidSpec, Message: "one\nof the\x1b[31m red\u009b ones\xff"},
		},
		Warnings: []string{
			"claim data holds 2 sockets or device nodes, which are not copied: \"a\", \"b\"",
			"Deployment.apps/web refers to ConfigMap/gone, which is not in the namespace shop: its Pods may not start at the target",
		},
		Unsure: []string{"it was not looked for objects of these API groups"},
	})
	p.Hash = "0123456789abcdef" // That of the code is its own business.
	p.Former = &Former{Hash: "fedcba9876543210", Changes: []string{"ConfigMap/settings: data.color", "volume data is new"}}
	return p
}

func status() *api.PlanStatus {
	return &api.PlanStatus{Hash: "0123456789abcdef", MadeAt: new(metav1.NewTime(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))),
		EstimatedSeconds: 360, EstimatedDowntimeSeconds: 300}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the text differs from %s (-want +got); go test -update writes it anew:\n%s", file, diff)
	}
	for _, line := range strings.Split(got, "\n") {
		if strings.TrimRight(line, " ") != line {
			t.Errorf("%q ends with blanks", line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q has what a terminal would carry out", line)
		}
	}
}

func TestRender(t *testing.T) {
	clean := New(&application.Plan{Engine: "shop", SourceNamespace: "shop", TargetNamespace: "shop", Contents: api.ContentsData})
	clean.Hash = "0123456789abcdef"
	cases := map[string]struct {
		reason  string
		plan    Plan
		options Options
	}{
		"plan":  {"what a user reads before the approval", shop(t), Options{Status: status()}},
		"diffs": {"with the differences", shop(t), Options{Diffs: true}},
		"clean": {"a plan of nothing, which nothing has estimated", clean, Options{Diffs: true, Status: &api.PlanStatus{Hash: clean.Hash}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Render(&out, tc.plan, tc.options); err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			golden(t, name+".txt", out.String())
		})
	}
}

// TestRenderTakesNoOtherEstimate: a status of another plan says nothing of this one.
func TestRenderTakesNoOtherEstimate(t *testing.T) {
	var with, without bytes.Buffer
	other := status()
	other.Hash = "another"
	if err := errors.Join(Render(&with, shop(t), Options{Status: other}), Render(&without, shop(t), Options{})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(without.String(), with.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// full is a disk that takes so many bytes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestRenderSaysWhenItFails, wherever it does.
func TestRenderSaysWhenItFails(t *testing.T) {
	var whole bytes.Buffer
	if err := Render(&whole, shop(t), Options{Diffs: true}); err != nil {
		t.Fatal(err)
	}
	for left := 0; left < whole.Len(); left += 41 {
		if err := Render(&full{left}, shop(t), Options{Diffs: true}); !errors.Is(err, errFull) {
			t.Fatalf("after %d bytes: got %v", left, err)
		}
	}
}
