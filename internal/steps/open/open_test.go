package open

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

var pair = task.Object{Name: "shop-dst", UID: "u"}

func TestEnsureMakesTheChannelOnce(t *testing.T) {
	ctx := t.Context()
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset()}
	if _, err := LoadChannel(ctx, home, pair.Name); cluster.KindOf(err) != cluster.NotFound {
		t.Fatalf("a channel that was not opened is not there, got %v", err)
	}
	if err := ensure(ctx, home, pair, pair.UID); err != nil {
		t.Fatal(err)
	}
	first, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Master) != transfer.MasterLength {
		t.Errorf("the key has %d bytes", len(first.Master))
	}
	if err := ensure(ctx, home, pair, pair.UID); err != nil {
		t.Fatal(err)
	}
	second, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error("a channel that exists was made anew: repositories could not be read any more")
	}
	if err := ensure(ctx, home, task.Object{Name: pair.Name, UID: "another"}, "another"); cluster.KindOf(err) != cluster.Conflict {
		t.Errorf("the Secret of an earlier pair of the same name was taken, error %v", err)
	}
}

// TestLineageSharesTheKey: a way back reads the repository of the move, also when that is deleted, and no
// other move does; each pair has a certificate authority of its own.
func TestLineageSharesTheKey(t *testing.T) {
	ctx := t.Context()
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset()}
	opened := func(name, uid, lineage string) *transfer.Channel {
		t.Helper()
		if err := ensure(ctx, home, task.Object{Name: name, UID: uid}, lineage); err != nil {
			t.Fatal(err)
		}
		c, err := LoadChannel(ctx, home, name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, other := opened("shop-dst", "u1", "u1"), opened("other-dst", "u2", "u2")
	old, err := home.Kube.CoreV1().Secrets("shop").Get(ctx, SecretName("shop-dst"), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	delete(old.Labels, LineageLabel) // As an older version has made it.
	if _, err := home.Kube.CoreV1().Secrets("shop").Update(ctx, old, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	back := opened("back", "u3", "u1")
	if err := home.Kube.CoreV1().Secrets("shop").Delete(ctx, SecretName("shop-dst"), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	again, alone := opened("again", "u4", "u1"), opened("alone", "u5", "gone")
	for name, tc := range map[string]struct {
		got  *transfer.Channel
		same bool
	}{"another move": {other, false}, "the way back": {back, true}, "the way there again": {again, true},
		"of a lineage that is gone": {alone, false}} {
		if got := bytes.Equal(tc.got.Master, first.Master); got != tc.same || len(tc.got.Master) != transfer.MasterLength {
			t.Errorf("%s has the same key: %t, want %t", name, got, tc.same)
		}
		if bytes.Equal(tc.got.CAKeyPEM, first.CAKeyPEM) {
			t.Errorf("%s has the same certificate authority", name)
		}
	}
}

func TestLoadChannelRefusesHalfOnes(t *testing.T) {
	ctx := t.Context()
	s, err := newSecret("shop", pair, pair.UID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	delete(s.Data, keyMaster)
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset(s)}
	_, err = LoadChannel(ctx, home, pair.Name)
	if cluster.KindOf(err) != cluster.Invalid {
		t.Errorf("got %v, want an error of the kind Invalid", err)
	}
	if err != nil && strings.Contains(err.Error(), string(s.Data[keyKey])) {
		t.Error("the error holds the key")
	}
}

func TestSecretName(t *testing.T) {
	for _, name := range []string{"shop-dst", strings.Repeat("a", 253), strings.Repeat("a.", 126)} {
		if problems := validation.IsDNS1123Subdomain(SecretName(name)); len(problems) > 0 {
			t.Errorf("%q: %v", SecretName(name), problems)
		}
	}
	if got := SecretName("shop-dst"); got != "shop-dst-channel" {
		t.Errorf("got %q", got)
	}
}
