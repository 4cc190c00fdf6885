package corpus

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// settle lets Age write until it is content, as an API server without checks would store it.
func settle(t *testing.T, objects ...unstructured.Unstructured) map[string]unstructured.Unstructured {
	t.Helper()
	stored := map[string]unstructured.Unstructured{}
	for _, o := range objects {
		o.SetUID(types.UID("uid-" + o.GetName()))
		o.SetGeneration(1)
		stored[key(o.GetKind(), o.GetName())] = o
	}
	for range 8 {
		var list []unstructured.Unstructured
		for _, name := range slices.Sorted(maps.Keys(stored)) {
			list = append(list, stored[name])
		}
		writes := Age(list)
		if len(writes) == 0 {
			return stored
		}
		for _, w := range writes {
			o := *w.Object.DeepCopy()
			o.SetUID(types.UID("uid-" + o.GetName()))
			if w.Patch != nil {
				o = patched(t, stored[key(o.GetKind(), o.GetName())], w.Patch)
			}
			stored[key(o.GetKind(), o.GetName())] = o
		}
	}
	t.Fatal("Age has no end")
	return nil
}

func patched(t *testing.T, o unstructured.Unstructured, patch map[string]any) unstructured.Unstructured {
	t.Helper()
	data, err := json.Marshal(o.Object)
	require.NoError(t, err)
	change, err := json.Marshal(patch)
	require.NoError(t, err)
	data, err = jsonpatch.MergePatch(data, change)
	require.NoError(t, err)
	var out unstructured.Unstructured
	require.NoError(t, out.UnmarshalJSON(data))
	return out
}

func TestAge(t *testing.T) {
	const template = "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}"
	cases := map[string]struct {
		reason string
		from   string
		want   []string
	}{
		"Deployment": {"it has a ReplicaSet for each revision, and Pods",
			"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {" + template + "}}",
			[]string{"Deployment/a", "Pod/a-6d4cf56db9-x7k2p", "ReplicaSet/a-5b8f7c9d64", "ReplicaSet/a-6d4cf56db9"}},
		"Stopped": {"without replicas there are no Pods",
			"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 0, " + template + "}}",
			[]string{"Deployment/a", "ReplicaSet/a-5b8f7c9d64", "ReplicaSet/a-6d4cf56db9"}},
		"StatefulSet": {"each replica has its claim", `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a},
			spec: {replicas: 2, volumeClaimTemplates: [{metadata: {name: d}, spec: {}}], ` + template + "}}",
			[]string{"PersistentVolumeClaim/d-a-0", "PersistentVolumeClaim/d-a-1", "Pod/a-0", "Pod/a-1", "StatefulSet/a"}},
		"Ordinals": {"replicas may be counted from another number",
			"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {ordinals: {start: 5}, " + template + "}}",
			[]string{"Pod/a-5", "StatefulSet/a"}},
		"DaemonSet": {"one Pod stands for all",
			"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {" + template + "}}", []string{"DaemonSet/a", "Pod/a-x7k2p"}},
		"CronJob": {"it has run",
			"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {" + template + "}}}}",
			[]string{"CronJob/a", "Job/a-29000000", "Pod/a-29000000-x7k2p"}},
		"Suspended": {"it never ran",
			"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {suspend: true, jobTemplate: {spec: {" + template + "}}}}",
			[]string{"CronJob/a"}},
		"Ephemeral": {"the volume of a Pod has a claim that ends with it",
			"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {}}}}]}}",
			[]string{"PersistentVolumeClaim/a-v", "Pod/a"}},
		"Service": {"its endpoints are known",
			"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, selector: {app: a}}}",
			[]string{"EndpointSlice/a-x7k2p", "Endpoints/a", "Service/a"}},
		"NoSelector": {"only people know its endpoints",
			"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}", []string{"Service/a"}},
		"Account": {"older clusters give it a token",
			"{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}", []string{"Secret/a-token-x7k2p", "ServiceAccount/a"}},
		"ConfigMap": {"nothing writes to it", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", []string{"ConfigMap/a"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, slices.Sorted(maps.Keys(settle(t, object(t, tc.from)))), tc.reason)
		})
	}
}

// TestAgeFields: what cleaning has to find again.
func TestAgeFields(t *testing.T) {
	claim := settle(t, object(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a},
		spec: {resources: {requests: {storage: 1Gi}}}}`))["PersistentVolumeClaim/a"]
	require.Equal(t, "pvc-uid-a", text(&claim, "spec", "volumeName"))
	require.Equal(t, "Bound", text(&claim, "status", "phase"))
	require.Equal(t, "node-1", claim.GetAnnotations()["volume.kubernetes.io/selected-node"])

	scaled := settle(t,
		object(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1, template: {spec: {}}}}"),
		object(t, `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h},
			spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {kind: Deployment, name: a}}}`))
	deployment := scaled["Deployment/a"]
	require.EqualValues(t, 3, number(&deployment, 0, "spec", "replicas"), "an autoscaler sets the replicas")
	require.Equal(t, "2", deployment.GetAnnotations()["deployment.kubernetes.io/revision"])

	pod := settle(t, object(t, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}"))["Pod/a"]
	statuses, _, err := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	require.NoError(t, err)
	uid, _, err := unstructured.NestedInt64(statuses[0].(map[string]any), "user", "linux", "uid")
	require.NoError(t, err)
	require.EqualValues(t, 999, uid, "the kubelet reports the user, as the container cannot be asked")
}

// TestAgeOfTheCorpus: Age comes to an end for every file, and gives back what it was given.
func TestAgeOfTheCorpus(t *testing.T) {
	files, err := Load("testdata")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file.Name), func(t *testing.T) {
			require.Empty(t, file.Unread)
			before := map[string]bool{}
			for _, o := range file.Objects {
				before[key(o.GetKind(), o.GetName())] = true
			}
			got := settle(t, file.Objects...)
			maps.DeleteFunc(before, func(name string, _ bool) bool { _, there := got[name]; return there })
			require.Empty(t, before)
		})
	}
}
