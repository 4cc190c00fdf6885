package datasync

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestSum(t *testing.T) {
	volume := func(stage api.VolumeStage, transport api.TransportType, bytes, files int64) api.VolumeStatus {
		return api.VolumeStatus{Stage: stage, Transport: transport, BytesDone: bytes, BytesTotal: 100, FilesDone: files, FilesTotal: 10}
	}
	cases := map[string]struct {
		reason  string
		volumes []api.VolumeStatus
		want    api.DataSyncStatus
	}{
		"None": {"nothing is said of no volumes", nil, api.DataSyncStatus{}},
		"Same": {"one word where all agree", []api.VolumeStatus{volume(api.StageSynced, "Relay", 10, 1), volume(api.StageSynced, "Relay", 20, 2)},
			api.DataSyncStatus{BytesDone: 30, FilesDone: 3, Stages: "Synced", Transport: "Relay"}},
		"Other": {"each stage with its number, in the order that a volume has them; one that has not begun has no transport",
			[]api.VolumeStatus{volume(api.StageSynced, "Relay", 10, 1), volume(api.StagePending, "", 0, 0),
				volume(api.StageCopying, "NodePort", 5, 4), volume(api.StageSynced, "Relay", 10, 1)},
			api.DataSyncStatus{BytesDone: 25, FilesDone: 6, Stages: "1 Pending, 1 Copying, 2 Synced", Transport: "NodePort,Relay"}},
		"Failed": {"that one has failed is not hidden",
			[]api.VolumeStatus{volume(api.StageFailed, "", 0, 0), volume(api.StageVerifying, "", 0, 0)},
			api.DataSyncStatus{Stages: "1 Verifying, 1 Failed"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got api.DataSyncStatus
			sum(&got, tc.volumes)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
