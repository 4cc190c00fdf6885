package hooks_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// scenarios are the moves whose steps are kept.
var scenarios = map[string]func(f *simulation.Flow){
	"move": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(nil))
		f.Run(0)
		f.Patch(simulation.SyncID, map[string]any{"request": "one"})
		f.Run(0)
		f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
		f.Run(1)
		f.World.Delete(simulation.EngineID)
		f.Run(1)
	},
	"deletion": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Spec.DeletionPolicy = api.DeletionDelete }))
		f.Run(0)
		f.Patch(simulation.SyncID, map[string]any{"request": "one"})
		f.Run(0)
		f.World.Delete(simulation.EngineID)
		f.Run(1)
	},
	"rollback": func(f *simulation.Flow) {
		f.Player.Fail = func(x task.Task, _ int) *task.Result {
			if x.Verb == task.VerbCutover {
				return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "Deployment/web is not healthy"}
			}
			return nil
		}
		f.World.Create(simulation.Engine(simulation.Automatic))
		f.Run(1)
	},
	"repository": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
			simulation.Automatic(e)
			e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic",
				Parameters:           map[string]string{"repository": "s3:https://s3.example.com/bucket"},
				CredentialsSecretRef: &api.LocalReference{Name: "s3-credentials"}}}
		}))
		f.Run(0)
		f.Patch(simulation.SyncID, map[string]any{"request": "one"})
		f.Run(1)
	},
	"claims": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
			e.Spec.Application = api.Application{
				Claims:   []api.ClaimReference{{Name: "data"}},
				Exclude:  []api.ExcludedObject{{Kind: "ConfigMap", Name: "web"}, {Group: "networking.k8s.io", Kind: "Ingress", Name: "web"}},
				Contents: api.ContentsData,
			}
			e.Spec.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimCopy, Target: api.ClaimTarget{
				Name: "files", Size: "5Gi", StorageClassName: new(""), AccessModes: []api.ClaimAccessMode{"ReadWriteOnce"}}}}
		}))
		f.Cluster.Volumes[0].Target = "files"
		f.Run(0)
		f.Patch(simulation.SyncID, map[string]any{"request": "one"})
		f.Run(0)
	},
	"live": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
			e.Spec.Mode = api.ModeLive
			e.Spec.Sync = &api.SyncPolicy{Schedule: "*/30 * * * *", TimeZone: "Europe/Berlin", Deadline: "2h"}
			e.Spec.Switch = &api.EngineSwitch{SwitchPolicy: api.SwitchPolicy{At: "2026-11-21T10:15:00+01:00"}}
		}))
		f.Run(2)
		f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
		f.Run(14)
	},
	"downtime": func(f *simulation.Flow) {
		f.Cluster.CopySeconds = 40
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
			simulation.Automatic(e)
			e.Spec.Mode, e.Spec.Switch.MaxDowntime = api.ModeLive, "30s"
		}))
		f.Run(2)
		f.Cluster.CopySeconds = 4
		f.Run(6)
	},
	"reverse": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(simulation.Automatic))
		f.Run(2)
		f.World.Create(simulation.Unstructured(&api.MoveReverse{
			TypeMeta: hooks.KindMoveReverse.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: "shop-back"},
			Spec: api.MoveReverseSpec{SwitchRef: api.LocalReference{Name: "shop-cloud"}, Objects: api.ObjectsReapply},
		}))
		f.Run(1)
		f.Patch(simulation.ID{Kind: hooks.KindMoveSwitch, Name: "shop-back"}, map[string]any{"approvedPlan": f.Cluster.PlanHash})
		f.Run(2)
	},
	"kustomization": func(f *simulation.Flow) {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
			e.Spec.Targets[0].Kustomization = &api.Kustomization{
				Images:   []api.KustomizeImage{{Name: "docker.io/library/nginx", NewName: "registry.example.com/nginx"}},
				Replicas: []api.KustomizeReplicas{{Name: "worker", Count: 0}},
				Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{Kind: "Ingress", Name: "shop"},
					Patch: "- {op: replace, path: /spec/rules/0/host, value: shop.example.com}"}},
			}
		}))
		f.Run(0)
	},
	"watch": func(f *simulation.Flow) {
		down := false
		f.Player.Fail = func(x task.Task, _ int) *task.Result {
			if down && x.Verb == task.VerbWatch {
				return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: api.ReasonEndpointUnreachable,
					Message: "cannot reach the API server at the target: no answer"}
			}
			return nil
		}
		f.Cluster.Expires = []task.Expiry{{Role: task.RoleTarget, Kind: "token", At: metav1.NewTime(f.World.Now.Add(12 * time.Hour))}}
		f.World.Create(simulation.Engine(nil))
		f.Run(1)
		f.Cluster.Expires = nil
		f.Run(1)
		down = true
		f.Run(2)
		down = false
		f.Run(1)
		f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
		f.Run(1)
		f.Cluster.WatchRuns = []string{"Deployment.apps/web"}
		f.Run(6)
		f.Cluster.WatchRuns = nil
		f.Run(6)
	},
	"blocked": func(f *simulation.Flow) {
		f.Cluster.Blockers = []api.Blocker{{Reason: api.ReasonNameConflict, Message: "ConfigMap/settings exists already",
			Object: "ConfigMap/settings"}}
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Spec.Data.Verification = api.VerificationChecksum }))
		f.Run(1)
	},
}

// Each scenario goes as its archive says, and the archive says it all: the replies follow from it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/simulated/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if scenarios[strings.TrimSuffix(filepath.Base(file), ".txtar")] == nil {
			t.Errorf("%s belongs to no scenario: remove it", file)
		}
	}
	for name, play := range scenarios {
		t.Run(name, func(t *testing.T) {
			f := simulation.NewFlow(t)
			if name == "repository" {
				f = simulation.NewFlowWith(t, simulation.PlacesConfig())
			}
			var told story
			f.Metacontroller.OnCall = func(e simulation.Exchange) {
				c := call{Kind: e.Route, Hook: e.Hook, Now: f.World.Now, Config: f.Config, Request: e.Request, Reply: e.Reply}
				c.check(t)
				if told.add(t, c) {
					c.keep(t, "simulated", name)
				}
			}
			play(f)
			told.compare(t, filepath.Join("testdata/simulated", name+".txtar"))
		})
	}
}
