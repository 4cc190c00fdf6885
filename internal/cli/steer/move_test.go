package steer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

func TestReverse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, sample string
		way            steer.Way
		want           string
	}{
		"Offline": {"the switch copies", "switched", steer.Way{}, `shop-back {"switchRef":{"name":"shop-dst"}}`},
		"Live":    {"it is copied before", "switched", steer.Way{Live: true}, `shop-back {"switchRef":{"name":"shop-dst"},"sync":{}}`},
		"Interval": {"an interval is of a live one", "switched", steer.Way{Interval: "30s", Name: "home"},
			`home {"switchRef":{"name":"shop-dst"},"sync":{"interval":"30s"}}`},
		"Reapply": {"changes go back", "switched", steer.Way{Objects: "Reapply"},
			`shop-back {"switchRef":{"name":"shop-dst"},"objects":"Reapply"}`},
		"Early": {"it is at the source", "switching", steer.Way{}, "error: cannot reverse moveengine/shop\nreason: it has not switched, so the " +
			"application is at the source: the cutover is at FinalSync\ntry: kubectl move status moveengine/shop\n"},
		"Starting": {"there is no switch", "starting", steer.Way{},
			"error: cannot reverse moveengine/shop\nreason: it has not switched, so the " +
				"application is at the source: it is at Starting\ntry: kubectl move status moveengine/shop\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := steer.Reverse(sample.Move(c.sample), c.way)
			var out strings.Builder
			if err != nil {
				fault.Print(&out, err, text.Command)
			} else {
				spec, _ := json.Marshal(r.Spec)
				out.WriteString(r.Name + " " + string(spec))
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
	if _, err := steer.Reverse(sample.Snapshot("wayback").Moves[0], steer.Way{}); err == nil || !strings.Contains(err.Error(),
		"movereverse/shop-back") {
		t.Errorf("a second way back of a switch is refused with the name of the first, got %v", err)
	}
}

func TestStays(t *testing.T) {
	t.Parallel()
	deletes := sample.Objects("targets")
	deletes.Engines[0].Spec.DeletionPolicy = api.DeletionDelete
	const (
		source  = "The application stays at the source, and goes on running."
		retains = "The claims with copies at target dst (data-db-0, uploads) stay: deletionPolicy is Retain."
	)
	for name, c := range map[string]struct {
		reason string
		move   snapshot.Move
		want   []string
	}{
		"Approval": {"copies may stay", sample.Move("approval"), []string{source, retains}},
		"Deletes": {"or go", snapshot.New(deletes, sample.Now).Moves[0], []string{source,
			"The claims with copies at target dst (data-db-0, uploads) are deleted with their data: deletionPolicy is Delete."}},
		"Starting": {"there is nothing yet", sample.Move("starting"), []string{source}},
		"Switching": {"it is rolled back", sample.Move("switching"),
			[]string{"The switch has begun and is rolled back first: the source starts again as it was.", retains}},
		"Switched": {"it stays where it is", sample.Move("switched"), []string{
			"The application stays where it is, at target dst, and the side that it has left keeps its objects and its data, stopped."}},
		"WayBack": {"a way back needs its move", sample.Snapshot("wayback").Moves[0], []string{
			"The application stays where it is, at target dst, and the side that it has left keeps its objects and its data, stopped.",
			"The way back movereverse/shop-back stays; before its first plan it needs this move."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, steer.Stays(c.move)); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	const engine = "apiVersion: kubemove.io/v1alpha1\nkind: MoveEngine\nmetadata: {name: shop}\nspec: {mode: Live}\n"
	for name, c := range map[string]struct{ reason, file, given, want, err string }{
		"Engine": {"it gets the namespace of the kubeconfig", engine, "",
			`moveengines here {"apiVersion":"kubemove.io/v1alpha1","kind":"MoveEngine",` +
				`"metadata":{"name":"shop","namespace":"here"},"spec":{"mode":"Live"}}`, ""},
		"Own": {"its own namespace counts", strings.Replace(engine, "name: shop", "name: shop, namespace: there", 1), "", `moveengines there`,
			""},
		"JSON": {"it may be JSON", `{"apiVersion":"kubemove.io/v1alpha1","kind":"MoveReverse","metadata":{"name":"b"},"spec":{}}`, "",
			`movereverses here`, ""},
		"Live": {"what the API server has written is left out", strings.Replace(engine, "name: shop",
			"name: shop, uid: a, resourceVersion: \"7\", managedFields: []", 1) +
			"status: {step: x}\n", "", `moveengines here {"apiVersion":"kubemove.io/v1alpha1","kind":"MoveEngine",` +
			`"metadata":{"name":"shop","namespace":"here"},"spec":{"mode":"Live"}}`, ""},
		"Several": {"a comment is no document", "# one\n---\n" + engine + "---\n" + engine + "---\n", "", `moveengines here`, ""},
		"Conflict": {"two namespaces", strings.Replace(engine, "name: shop", "name: shop, namespace: there", 1), "here", "",
			"its namespace is there, and --namespace is here"},
		"Other": {"it is not for this", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", "", "",
			"it is a Secret, expected a MoveEngine or a MoveReverse"},
		"Version": {"another version", strings.Replace(engine, "v1alpha1", "v9", 1), "", "",
			`its apiVersion is "kubemove.io/v9", expected kubemove.io/v1alpha1`},
		"Nameless": {"it has to be found again", strings.Replace(engine, "name: shop", "labels: {}", 1), "", "", "it has no metadata.name"},
		"Empty":    {"nothing to start", "# nothing\n", "", "", "it has no MoveEngine"},
		"Broken":   {"no YAML", "a: [", "", "", "is no YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := steer.Read([]byte(c.file), "here", c.given)
			got := ""
			if len(list) > 0 {
				got = list[0].Plural() + " " + list[0].Namespace + " " + string(list[0].JSON)
			}
			switch {
			case c.err == "" && (err != nil || !strings.HasPrefix(strings.TrimSpace(got), c.want)):
				t.Errorf("%s: got %s and %v, want %s", c.reason, got, err, c.want)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%s: got %v, want an error with %q", c.reason, err, c.err)
			}
		})
	}
}
