package hooks_test

import (
	"path/filepath"
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// scenarios are the moves whose steps are kept.
var scenarios = map[string]func(f *flow){
	"move": func(f *flow) {
		f.world.Create(engine(nil))
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(0)
		f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
		f.run(1)
		f.world.Delete(engineID)
		f.run(1)
	},
	"rollback": func(f *flow) {
		f.player.Fail = func(x task.Task, _ int) *task.Result {
			if x.Verb == task.VerbCutover {
				return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "Deployment/web is not healthy"}
			}
			return nil
		}
		f.world.Create(engine(automatic))
		f.run(1)
	},
	"repository": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			automatic(e)
			e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic",
				Parameters:           map[string]string{"repository": "s3:https://s3.example.com/bucket"},
				CredentialsSecretRef: &api.LocalReference{Name: "s3-credentials"}}}
		}))
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(1)
	},
	"claims": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			e.Spec.Application = api.Application{
				Claims:   []api.ClaimReference{{Name: "data"}},
				Exclude:  []api.ExcludedObject{{Kind: "ConfigMap", Name: "web"}, {Group: "networking.k8s.io", Kind: "Ingress", Name: "web"}},
				Contents: api.ContentsData,
			}
			e.Spec.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimCopy, Target: api.ClaimTarget{
				Name: "files", Size: "5Gi", StorageClassName: new(""), AccessModes: []api.ClaimAccessMode{"ReadWriteOnce"}}}}
		}))
		f.cluster.Volumes[0].Target = "files"
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(0)
	},
	"kustomization": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			e.Spec.Targets[0].Kustomization = &api.Kustomization{
				Images:   []api.KustomizeImage{{Name: "docker.io/library/nginx", NewName: "registry.example.com/nginx"}},
				Replicas: []api.KustomizeReplicas{{Name: "worker", Count: 0}},
				Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{Kind: "Ingress", Name: "shop"},
					Patch: "- {op: replace, path: /spec/rules/0/host, value: shop.example.com}"}},
			}
		}))
		f.run(0)
	},
	"blocked": func(f *flow) {
		f.cluster.Blockers = []api.Blocker{{Reason: api.ReasonNameConflict, Message: "ConfigMap/settings exists already",
			Object: "ConfigMap/settings"}}
		f.world.Create(engine(func(e *api.MoveEngine) { e.Spec.Data.Verification = api.VerificationChecksum }))
		f.run(1)
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
			f := newFlow(t)
			if name == "repository" {
				f = newFlowWith(t, placesConfig())
			}
			var told story
			f.mc.OnCall = func(e simulation.Exchange) {
				c := call{Kind: e.Route, Hook: e.Hook, Now: f.world.Now, Config: f.config, Request: e.Request, Reply: e.Reply}
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
