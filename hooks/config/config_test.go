package config

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

const head = "apiVersion: config.kubemove.io/v1alpha1\nkind: Mobilizer\nmetadata:\n  name: a\nspec:\n"

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		text   string
		want   string
	}{
		"Good": {"all fields", head + "  type: Worker\n  image: x/y@sha256:0\n  command:\n    sync: [a, b]\n    open: [c]\n" +
			"  state: true\n  stateParameter: place\n  parameters: [compression, place]\n  credentials: [KEY, ca.crt]\n", ""},
		"UnknownField": {"a typing error must not be lost", head + "  type: Worker\n  image: x\n  stat: true\n", "stat"},
		"DuplicateKey": {"so must a repeated key", head + "  type: Worker\n  type: Worker\n  image: x\n", "type"},
		"OtherKind":    {"another file", strings.Replace(head, "Mobilizer", "Secret", 1) + "  type: Worker\n  image: x\n", "kind"},
		"OtherVersion": {"another version", strings.Replace(head, "v1alpha1", "v2", 1) + "  type: Worker\n  image: x\n", "apiVersion"},
		"Name": {"a name that cannot be part of another",
			strings.Replace(head, "name: a", "name: A_b", 1) + "  type: Worker\n  image: x\n", "metadata.name"},
		"Type": {"an unknown type", head + "  type: Resource\n  image: x\n", "spec.type"},
		"Driver": {"plan and final run would start its image as a worker, without kubeconfigs",
			head + "  type: Driver\n  image: x\n", "expected Worker"},
		"NoImage":      {"an image is needed", head + "  type: Worker\n", "spec.image"},
		"Verb":         {"a verb that is never called", head + "  type: Worker\n  image: x\n  command:\n    prune: [a]\n", "spec.command"},
		"EmptyCommand": {"a command needs a program", head + "  type: Worker\n  image: x\n  command:\n    sync: []\n", "spec.command.sync"},
		"Parameter":    {"a name with spaces", head + "  type: Worker\n  image: x\n  parameters: [\"a b\"]\n", "spec.parameters[0]"},
		"StatelessPlace": {"a place for a state that there is not",
			head + "  type: Worker\n  image: x\n  stateParameter: a\n  parameters: [a]\n", "spec.stateParameter"},
		"UnknownPlace": {"a parameter that must not be set",
			head + "  type: Worker\n  image: x\n  state: true\n  stateParameter: a\n", "spec.stateParameter"},
		"Credential":    {"a key that is no file", head + "  type: Worker\n  image: x\n  credentials: [\"a/b\"]\n", "spec.credentials[0]"},
		"Password":      {"a key that is KubeMove's own", head + "  type: Worker\n  image: x\n  credentials: [password]\n", "spec.credentials"},
		"SameParameter": {"a name twice", head + "  type: Worker\n  image: x\n  parameters: [a, a]\n", "spec.parameters[1]"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse([]byte(c.text))
			if c.want == "" {
				if err != nil {
					t.Fatalf("%s: %v", c.reason, err)
				}
				want := MobilizerSpec{Type: Worker, Image: "x/y@sha256:0",
					Command: map[task.Verb][]string{task.VerbSync: {"a", "b"}, task.VerbOpen: {"c"}},
					State:   true, StateParameter: "place", Parameters: []string{"compression", "place"}, Credentials: []string{"KEY", "ca.crt"}}
				if d := cmp.Diff(want, m.Spec); d != "" {
					t.Errorf("%s: -want +got\n%s", c.reason, d)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error = %v, want one that names %s", c.reason, err, c.want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	good := head + "  type: Worker\n  image: x\n"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, c := range map[string]struct {
		reason string
		dir    fstest.MapFS
		names  []string
		err    string
	}{
		"Mounted": {"a mounted ConfigMap has hidden folders, and a README may lie beside", fstest.MapFS{
			"a.yaml": file(good), "..data/a.yaml": file(good), "..hidden.yaml": file("x"), "README.md": file("x"),
		}, []string{"a"}, ""},
		"Twice":  {"two files of one name", fstest.MapFS{"a.yaml": file(good), "b.yml": file(good)}, nil, "b.yml"},
		"Broken": {"the file is named", fstest.MapFS{"broken.yaml": file("}")}, nil, "broken.yaml"},
		"Driver": {"one that does not work in every run is not loaded, whatever others do", fstest.MapFS{
			"a.yaml": file(good), "b.yaml": file(strings.Replace(strings.Replace(good, "name: a", "name: b", 1), "Worker", "Driver", 1)),
		}, nil, "b.yaml: spec.type is Driver"},
		"Empty": {"no mobilizer is a registry, too", fstest.MapFS{"x": file("")}, []string{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Load(c.dir)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%s: error = %v, want one with %s", c.reason, err, c.err)
				}
				return
			}
			if d := cmp.Diff(c.names, Config{Mobilizers: m}.Names()); err != nil || d != "" {
				t.Errorf("%s: %v -want +got\n%s", c.reason, err, d)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	c := Config{Mobilizers: map[string]Mobilizer{
		"restic": {Spec: MobilizerSpec{Parameters: []string{"compression", "repository"}, State: true, StateParameter: "repository",
			Credentials: []string{"KEY"}}},
		"plain": {Spec: MobilizerSpec{Parameters: []string{"url"}}},
	}}
	place := func(p string) []api.Mobilizer {
		return []api.Mobilizer{{Name: "restic", Parameters: map[string]string{"repository": p},
			CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}
	}
	for name, x := range map[string]struct {
		reason string
		use    []api.Mobilizer
		want   string
	}{
		"Default":   {"nothing named is the default", InUse(api.Data{}), ""},
		"Parameter": {"a registered parameter", []api.Mobilizer{{Name: "restic", Parameters: map[string]string{"compression": "max"}}}, ""},
		"Unknown":   {"a name that is not registered", []api.Mobilizer{{Name: "rsync"}}, api.ReasonUnknownMobilizer},
		"Place":     {"a place with credentials", place("s3:https://host/bucket/a@b:c"), ""},
		"Claim":     {"a claim", place("claim:backups"), ""},
		"NoClaim":   {"a claim without a name", place("claim:"), api.ReasonInvalidSpec},
		"Password":  {"a password that every client could read", place("rest:https://me:hush@host/x"), api.ReasonInvalidSpec},
		"Slash":     {"a password with a slash", place("rest:https://me:hu/hush@host/x"), api.ReasonInvalidSpec},
		"Question":  {"a password with a question mark", place("rest:https://me:hu?hush@host/x"), api.ReasonInvalidSpec},
		"Hash":      {"a password with a #", place("rest:https://me:hu#hush@host/x"), api.ReasonInvalidSpec},
		"Space":     {"a password with a space", place("rest:https://me:hu hush@host/x"), api.ReasonInvalidSpec},
		"At":        {"a password with an @", place("rest:https://me:hu@hush@host/x"), api.ReasonInvalidSpec},
		"Token":     {"a token in the place of the user", place("rest:https://hush@host/x"), api.ReasonInvalidSpec},
		"Port":      {"a port is no password", place("s3:https://host:9000/bucket/a@b"), ""},
		"BadClaim":  {"what is no name may be a secret", place("claim:Hush hush"), api.ReasonInvalidSpec},
		"Anywhere": {"in whatever parameter",
			[]api.Mobilizer{{Name: "plain", Parameters: map[string]string{"url": "ftp://:hush@host"}}}, api.ReasonInvalidSpec},
		"NoSecrets": {"a mobilizer that takes none",
			[]api.Mobilizer{{Name: "plain", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}, api.ReasonInvalidSpec},
		"Other": {"a parameter that is not registered",
			[]api.Mobilizer{{Name: "restic", Parameters: map[string]string{"shell": "x"}}}, api.ReasonInvalidSpec},
	} {
		got := ""
		if p := c.Check(x.use); p != nil {
			got = p.Reason
			if strings.Contains(p.Message, "hush") {
				t.Errorf("%s: the message holds a password", name)
			}
		}
		if got != x.want {
			t.Errorf("%s: %s: %q, want %q", name, x.reason, got, x.want)
		}
	}
}
