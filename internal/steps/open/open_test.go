package open

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	if err := ensure(ctx, home, pair); err != nil {
		t.Fatal(err)
	}
	first, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Master) != transfer.MasterLength {
		t.Errorf("the key has %d bytes", len(first.Master))
	}
	if err := ensure(ctx, home, pair); err != nil {
		t.Fatal(err)
	}
	second, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error("a channel that exists was made anew: repositories could not be read any more")
	}
	if err := ensure(ctx, home, task.Object{Name: pair.Name, UID: "another"}); cluster.KindOf(err) != cluster.Conflict {
		t.Errorf("the Secret of an earlier pair of the same name was taken, error %v", err)
	}
}

func TestLoadChannelRefusesHalfOnes(t *testing.T) {
	ctx := t.Context()
	s, err := newSecret("shop", pair, time.Now())
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
