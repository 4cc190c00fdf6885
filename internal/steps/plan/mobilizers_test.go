package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func TestCheckMobilizers(t *testing.T) {
	now := metav1.Now()
	claims := []*corev1.PersistentVolumeClaim{
		{ObjectMeta: metav1.ObjectMeta{Name: "backups", Namespace: "shop"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "going", Namespace: "shop", DeletionTimestamp: &now, Finalizers: []string{"x"}}},
	}
	own := func(place string) task.Mobilizer {
		return task.Mobilizer{Name: "restic", StateParameter: "repository", Parameters: map[string]string{"repository": place}}
	}
	secret := task.Mobilizer{Name: "restic", Credentials: []string{"KEY"}, CredentialsSecret: "s3"}
	cases := map[string]struct {
		reason    string
		mobilizer task.Mobilizer
		keys      []string
		want      []string
		says      string
	}{
		"Nothing":     {"a mobilizer that needs nothing", task.Mobilizer{Name: "restic"}, nil, nil, ""},
		"Credentials": {"a Secret with a key that is known", secret, []string{"KEY"}, nil, ""},
		"NoSecret": {"the fix is a command",
			secret, nil, []string{api.ReasonInvalidCredentials, "Secret/s3"}, "kubectl create secret generic s3"},
		"UnknownKey": {"the key is named", secret, []string{"KEY", "KEYS"}, []string{api.ReasonInvalidCredentials, "Secret/s3"}, `"KEYS"`},
		"Server":     {"whether it is there shows later", own("s3:https://s3/bucket"), nil, nil, ""},
		"Claim":      {"it is there", own("claim:backups"), nil, nil, ""},
		"NoClaim": {"it is the user's to make",
			own("claim:other"), nil, []string{api.ReasonClaimMissing, "PersistentVolumeClaim/other"}, "create it there"},
		"GoingClaim": {"it takes the repository with it",
			own("claim:going"), nil, []string{api.ReasonClaimMissing, "PersistentVolumeClaim/going"}, "another claim"},
		"TargetsClaim": {"the copy would go where the copy comes from",
			own("claim:data"), nil, []string{api.ReasonNameConflict, "PersistentVolumeClaim/data"}, "another claim"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "restic"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, key := range tc.keys {
				if err := os.WriteFile(filepath.Join(dir, "restic", key), []byte("hush"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: fake.NewClientset(claims[0], claims[1])}
			p := &application.Plan{Volumes: []application.Volume{{Name: "data", Target: "data"}}}
			if err := checkMobilizers(t.Context(), target,
				&task.Task{Move: &task.Move{Mobilizers: []task.Mobilizer{tc.mobilizer}}}, dir, p); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range p.Blockers {
				got = append(got, b.Reason, b.Object)
				if !strings.Contains(b.Message, tc.says) || strings.Contains(b.Message, "hush") {
					t.Errorf("%s: %q does not say %q, or says too much", tc.reason, b.Message, tc.says)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
