package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

func TestConflicts(t *testing.T) {
	const account = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}, imagePullSecrets: [{name: pull}],
		automountServiceAccountToken: false}`
	source := join(webYAML, bound, account)
	skip := func(in *Input) { in.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimSkip}} }
	mine := func(text string) string {
		return strings.Replace(text, "namespace: src", "namespace: src, annotations: {kubemove.io/created-by: pair}", 1)
	}
	active := func(text, by string) string {
		return strings.Replace(text, "namespace: src",
			"namespace: src, annotations: {kubemove.io/created-by: pair, kubemove.io/active: "+by+"}", 1)
	}
	cases := map[string]struct {
		reason string
		change func(*Input)
		there  string
		want   []string
	}{
		"Same": {
			reason: "an account that says the same needs nothing",
			there:  account,
			want:   []string{},
		},
		"AccountDiffers": {
			reason: "the default account exists everywhere and is not overwritten",
			there:  `{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}}`,
			want:   []string{"NameConflict ServiceAccount/default"},
		},
		"AccountMissing": {
			reason: "a new namespace has no account for a moment: its settings are missing all the same",
			want:   []string{"NameConflict ServiceAccount/default"},
		},
		"OwnObjects": {
			reason: "what this pair has created is no conflict",
			there:  join(account, mine(webYAML), mine(bound)),
			want:   []string{},
		},
		"ForeignObjects": {
			reason: "nothing of others is overwritten",
			there:  join(account, webYAML, strings.Replace(mine(bound), "by: pair", "by: stranger", 1)),
			want:   []string{"NameConflict Deployment.apps/web", "NameConflict PersistentVolumeClaim/data"},
		},
		"OwnObjectGoing": {
			reason: "what is being deleted would take the new one with it",
			there:  join(account, strings.Replace(mine(webYAML), "name: web", `name: web, deletionTimestamp: "2026-01-01T00:00:00Z"`, 1)),
			want:   []string{"NameConflict Deployment.apps/web"},
		},
		"Active": {
			reason: "old YAML applied again must not overwrite what the moved application wrote",
			there:  join(account, active(bound, "switch")),
			want:   []string{"TargetIsActive PersistentVolumeClaim/data"},
		},
		"SkipMissing": {
			reason: "a skipped claim has to be there",
			change: skip,
			there:  account,
			want:   []string{"ClaimMissing PersistentVolumeClaim/data"},
		},
		"SkipThere": {
			reason: "a skipped claim may belong to any client",
			change: skip,
			there:  join(account, bound),
			want:   []string{},
		},
		"SkipActive": {
			reason: "two applications must not share a claim",
			change: skip,
			there:  join(account, active(bound, "other")),
			want:   []string{"TargetIsActive PersistentVolumeClaim/data"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, source, tc.change))
			if len(p.Blockers) > 0 {
				t.Fatalf("blockers of the plan itself: %v", p.Blockers)
			}
			existing := map[Ref]unstructured.Unstructured{}
			for _, text := range strings.Split(tc.there, "\n---\n") {
				if text != "" {
					o := object(t, text)
					existing[RefOf(&o)] = o
				}
			}
			got := reasons(reported(Conflicts(p, existing, lineage.Actor{Pair: "pair"})).Blockers)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestLookupNamesWhatConflictsReads: steps look up exactly these.
func TestLookup(t *testing.T) {
	p := Make(whole(t, join(webYAML, bound,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}, imagePullSecrets: [{name: pull}]}`,
		`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: src}, spec: {ingressClassName: nginx}}`,
	), nil))
	got := []string{}
	for _, ref := range p.Lookup() {
		got = append(got, ref.String())
	}
	want := []string{"PersistentVolumeClaim/data", "Deployment.apps/web", "Ingress.networking.k8s.io/i", "ServiceAccount/default"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lookup (-want +got):\n%s", diff)
	}
}
