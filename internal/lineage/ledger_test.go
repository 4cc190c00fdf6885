package lineage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/kubemove/kubemove/internal/workload"
)

func TestLedgerSurvivesEncoding(t *testing.T) {
	three, yes := int32(3), true
	cases := map[string]Ledger{
		"Deployment": {Switch: "s", Values: workload.Values{Replicas: &three}},
		"CronJob":    {Switch: "s", Values: workload.Values{Suspend: &yes}},
		"Set": {Switch: "s", Values: workload.Values{Replicas: &three, Retention: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType, WhenScaled: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		}}},
	}
	for name, l := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeLedger(l.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&l, got); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeLedgerRefuses(t *testing.T) {
	for name, value := range map[string]string{
		"Empty": "", "NoJSON": "x", "NoSwitch": `{"replicas":1}`,
		"WrongType": `{"switch":"s","replicas":"x"}`, "Number": `{"switch":1234567}`,
	} {
		t.Run(name, func(t *testing.T) {
			l, err := DecodeLedger(value)
			if err == nil {
				t.Fatalf("got %+v for %q, expected an error", l, value)
			}
			if strings.Contains(err.Error(), "1234567") {
				t.Errorf("the error quotes the annotation: %v", err)
			}
		})
	}
}
