package simulation

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller"
	"github.com/kubemove/kubemove/hooks/server"
	"github.com/kubemove/kubemove/task"
)

// Start of the simulated time.
var Start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// TestConfig is an installation with one mobilizer of each type.
func TestConfig() config.Config {
	return config.Config{
		TaskImage:       "registry.example/kubemove-task:test",
		ImagePullPolicy: "IfNotPresent",
		Mobilizers: map[string]config.Mobilizer{
			"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "registry.example/kubemove-ddm:test", State: true,
				Parameters: []string{"compression"}}},
			"custom": {Spec: config.MobilizerSpec{Type: config.Driver, Image: "registry.example/custom:1"}},
		},
	}
}

// PlacesConfig is one whose restic takes places of the user's own.
func PlacesConfig() config.Config {
	c := TestConfig()
	m := c.Mobilizers["restic"]
	m.Spec.Command = map[task.Verb][]string{task.VerbSync: {"ddm", "sync"}, task.VerbOpen: {"ddm", "open"}}
	m.Spec.StateParameter, m.Spec.Credentials = "repository", []string{"AWS_ACCESS_KEY_ID", "ca.crt"}
	m.Spec.Parameters = append(m.Spec.Parameters, "repository")
	c.Mobilizers["restic"] = m
	return c
}

// Router of the hooks of TestConfig.
func Router(now func() time.Time) http.Handler { return routerWith(TestConfig(), now) }

func routerWith(installed config.Config, now func() time.Time) http.Handler {
	return metacontroller.NewRouter(server.Kinds(installed), metacontroller.Options{
		Log: silent(), Now: now,
	})
}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// Engine of the tests: from home to another cluster.
func Engine(change func(*api.MoveEngine)) *unstructured.Unstructured {
	e := &api.MoveEngine{
		TypeMeta:   hooks.KindMoveEngine.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: "shop"},
		Spec: api.MoveEngineSpec{
			Mode:        api.ModeOffline,
			Application: api.Application{Selector: &metav1.LabelSelector{}},
			// A world in which plans are made anew never comes to rest.
			PlanInterval: "0s",
			Targets: []api.Target{{Name: "cloud", Endpoint: api.Endpoint{
				Namespace: "shop", Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud", Key: "kubeconfig"}},
			}}},
		},
	}
	if change != nil {
		change(e)
	}
	return Unstructured(e)
}

// Automatic approves whatever plan there is.
func Automatic(e *api.MoveEngine) {
	e.Spec.Switch = &api.EngineSwitch{SwitchPolicy: api.SwitchPolicy{Approval: api.ApprovalAutomatic}}
}

// Unstructured is an object as the API server has it.
func Unstructured(o runtime.Object) *unstructured.Unstructured {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		panic(err)
	}
	return u
}

// The objects of the move.
var (
	EngineID = ID{Kind: hooks.KindMoveEngine, Name: "shop"}
	PairID   = ID{Kind: hooks.KindMovePair, Name: "shop-cloud"}
	SwitchID = ID{Kind: hooks.KindMoveSwitch, Name: "shop-cloud"}
	SyncID   = ID{Kind: hooks.KindDataSync, Name: "shop-cloud-restic"}
)
