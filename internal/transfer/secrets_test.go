package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// withCredentials is a mobilizer whose user has given a Secret with these keys.
func withCredentials(t *testing.T, keys map[string]string) (dir string, m task.Mobilizer) {
	t.Helper()
	m = task.Mobilizer{Name: "restic", Credentials: []string{"KEY_ID", "ca.crt"}, CredentialsSecret: "s3"}
	dir = t.TempDir()
	// As the kubelet lays a Secret out.
	for _, folder := range []string{"restic/..2026", "restic/..data"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range keys {
		if err := os.WriteFile(filepath.Join(dir, "restic", key), []byte(value), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, m
}

func TestUserCredentials(t *testing.T) {
	cases := map[string]struct {
		reason string
		keys   map[string]string
		want   map[string][]byte
		says   []string
	}{
		"Some": {"not every key is needed", map[string]string{"KEY_ID": "hush"}, map[string][]byte{"KEY_ID": []byte("hush")}, nil},
		"Unknown": {"a typing error is told by its name, not by its value",
			map[string]string{"KEYID": "hush"}, nil, []string{`"KEYID"`, "KEY_ID, ca.crt", "Secret/s3"}},
		"Reserved": {"the password of the state is not the user's to choose", map[string]string{"password": "hush"}, nil,
			[]string{`"password"`, "remove the key"}},
		"None": {"a Secret that does not exist is an empty folder", nil, nil, []string{"kubectl create secret generic s3", "KEY_ID"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir, m := withCredentials(t, tc.keys)
			got, err := UserCredentials(dir, m)
			if diff := cmp.Diff(tc.want, got); diff != "" || (err != nil) != (tc.says != nil) {
				t.Fatalf("%s: %v (-want +got)\n%s", tc.reason, err, diff)
			}
			for _, part := range tc.says {
				var e *Error
				if !errors.As(err, &e) || e.Reason != api.ReasonInvalidCredentials || e.Retry != task.RetryLater ||
					!strings.Contains(e.Message, part) || strings.Contains(e.Message, "hush") {
					t.Errorf("%s: got %+v, want %q in it", tc.reason, err, part)
				}
			}
		})
	}
}

// TestRotatedCredentials: the workers of the next try get what the Secret holds by then.
func TestRotatedCredentials(t *testing.T) {
	dir, m := withCredentials(t, map[string]string{"KEY_ID": "old"})
	s := testSpec(api.TriggerFinal)
	channel, err := NewChannel(noon)
	if err != nil {
		t.Fatal(err)
	}
	kube := fake.NewClientset()
	s.Channel, s.CredentialsDir, s.Target.Kube = channel, dir, kube
	in := podInput{Role: task.RoleTarget, Volume: s.Volumes[0], Mobilizer: m, Try: 1}
	for _, value := range []string{"old", "old", "new"} {
		if err := os.WriteFile(filepath.Join(dir, "restic", "KEY_ID"), []byte(value), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := ensureSecrets(t.Context(), s, in, "worker"); err != nil {
			t.Fatal(err)
		}
		got, err := kube.CoreV1().Secrets("to").Get(t.Context(), credentialsSecretName("worker"), getOptions)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"KEY_ID": []byte(value), "password": []byte(s.password(in))}
		if diff := cmp.Diff(want, got.Data); diff != "" {
			t.Errorf("with %q (-want +got):\n%s", value, diff)
		}
	}
	deletes := 0
	for _, a := range kube.Actions() {
		if a.GetVerb() == "delete" {
			deletes++
		}
		if a.GetVerb() == "update" {
			t.Error("Secrets of an endpoint are updated, which its account need not be allowed to")
		}
	}
	if deletes != 1 {
		t.Errorf("%d Secrets were made anew, want the one that has changed", deletes)
	}
}
