//go:build corpus

package corpus

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/e2e/lab"
)

// ruleCase is a spec that the API server takes, or refuses with these words; empty: it takes it.
type ruleCase struct{ reason, spec, want string }

// specs that every case of a kind has.
var specs = map[string]string{
	"MoveEngine": `{application: {selector: {}}, targets: [{name: dst, namespace: shop, cluster: {kubeconfigSecretRef: {name: dst}}}]}`,
	"MovePair": `{engine: shop, application: {selector: {}},
		target: {name: dst, namespace: shop, cluster: {kubeconfigSecretRef: {name: dst}}}}`,
	"DataSync":    `{pairRef: {name: shop-dst}, mobilizer: restic, volumes: [{name: data, target: data}]}`,
	"MoveSwitch":  `{pairRef: {name: shop}}`,
	"MoveReverse": `{switchRef: {name: shop-dst}}`,
}

// What the rules about several fields say.
const (
	bothTimes = "sync.schedule and sync.interval are both set"
	zoneAlone = "sync.timeZone is set without sync.schedule"
	short     = "sync.interval is not a duration of at least 10s"
	tooSoon   = "sync.deadline is not a duration of at least 1m"
	noTime    = "must be of type date-time"
)

var syncCases = map[string]ruleCase{
	"SyncEmpty":      {"the default is every five minutes", `{sync: {}}`, ""},
	"Interval":       {"the shortest one", `{sync: {interval: 10s}}`, ""},
	"IntervalParts":  {"a duration may have parts", `{sync: {interval: 1h30m, deadline: 1m}}`, ""},
	"Schedule":       {"UTC is the default of its zone", `{sync: {schedule: "*/15 * * * *"}}`, ""},
	"ScheduleInZone": {"all that goes together", `{sync: {schedule: "@hourly", timeZone: Europe/Berlin, deadline: 6h}}`, ""},
	"Both":           {"it would not be clear which one counts", `{sync: {interval: 5m, schedule: "@hourly"}}`, bothTimes},
	"ZoneAlone":      {"an interval has no time zone", `{sync: {timeZone: Europe/Berlin}}`, zoneAlone},
	"ZoneOfInterval": {"an interval has no time zone", `{sync: {interval: 5m, timeZone: Europe/Berlin}}`, zoneAlone},
	"TooShort":       {"Pods are placed for each run", `{sync: {interval: 9s}}`, short},
	"Zero":           {"runs without a pause are not meant", `{sync: {interval: 0s}}`, short},
	"Milliseconds":   {"no unit of a run", `{sync: {interval: 10000ms}}`, short},
	"NoUnit":         {"seconds or minutes?", `{sync: {interval: "300"}}`, short},
	"Negative":       {"no duration", `{sync: {interval: -5m}}`, short},
	"Days":           {"a unit that Go does not know", `{sync: {interval: 1d}}`, short},
	"NoInterval":     {"a text without content is a slip", `{sync: {interval: ""}}`, short},
	"Overflow":       {"more than a duration holds", `{sync: {interval: 9999999999999h}}`, "sync.interval"},
	"NoSchedule":     {"a text without content is a slip", `{sync: {schedule: ""}}`, "spec.sync.schedule"},
	"ShortDeadline":  {"the workers alone may take that long", `{sync: {deadline: 59s}}`, tooSoon},
	"WordDeadline":   {"no duration", `{sync: {deadline: tomorrow}}`, tooSoon},
}

// switchCases are those of a switch alone; the objects of all cases are named shop.
var switchCases = map[string]ruleCase{
	"OtherName": {"its pair has one switch, of its name", `{pairRef: {name: shop-dst}}`, "a MoveSwitch has the name of its MovePair"},
}

var timeCases = map[string]ruleCase{
	"At":     {"with the zone of the place", `{at: "2026-12-24T02:00:00+01:00"}`, ""},
	"AtUTC":  {"as programs write it", `{at: "2026-12-24T01:00:00Z"}`, ""},
	"NoZone": {"it is not clear when that is", `{at: "2026-12-24T02:00:00"}`, noTime},
	"Date":   {"a day has many times", `{at: "2026-12-24"}`, noTime},
	"Blank":  {"the form of RFC 3339 has a T", `{at: "2026-12-24 02:00:00+01:00"}`, noTime},
	"Hour":   {"no such hour", `{at: "2026-12-24T25:00:00Z"}`, noTime},
	"Words":  {"no time at all", `{at: tomorrow}`, noTime},
}

// What the rule about the downtime says.
const noLimit = "maxDowntime is not a duration of more than nothing"

var downtimeCases = map[string]ruleCase{
	"MaxDowntime":      {"what people agree on", `{maxDowntime: 30s}`, ""},
	"MaxDowntimeParts": {"a duration may have parts", `{maxDowntime: 1m30s}`, ""},
	"MaxDowntimeZero":  {"no switch takes that little", `{maxDowntime: 0s}`, noLimit},
	"MaxDowntimeEmpty": {"a text without content is a slip", `{maxDowntime: ""}`, noLimit},
	"MaxDowntimeUnit":  {"seconds or minutes?", `{maxDowntime: "30"}`, noLimit},
	"MaxDowntimeMinus": {"no duration", `{maxDowntime: -30s}`, noLimit},
	"MaxDowntimeWord":  {"no duration", `{maxDowntime: none}`, noLimit},
}

const reversal = `reverses: {switch: {name: shop-dst, uid: a}, firstPair: {name: shop-dst, uid: b}, earlier: [a], stateSide: Source}`

// deletionCases are those of a pair; an engine has the first ones.
var deletionCases = map[string]ruleCase{
	"Retain":        {"the default", `{deletionPolicy: Retain}`, ""},
	"Delete":        {"the copies go", `{deletionPolicy: Delete}`, ""},
	"UnknownPolicy": {"there are two", `{deletionPolicy: Archive}`, "Unsupported value"},
}

var reversalCases = map[string]ruleCase{
	"BackUnset":  {"the default", `{` + reversal + `}`, ""},
	"BackRetain": {"nothing is deleted", `{deletionPolicy: Retain, ` + reversal + `}`, ""},
	"BackDelete": {"its target is the application's home", `{deletionPolicy: Delete, ` + reversal + `}`,
		"deletionPolicy is Delete and the pair leads back"},
	"BackReapply":  {"changes go back", `{objects: Reapply, ` + reversal + `}`, ""},
	"FirstReapply": {"there is nothing yet that could be changed", `{objects: Reapply}`, "objects is Reapply and the pair is a first move"},
	"FirstRestore": {"the default may be said", `{objects: Restore}`, ""},
}

// objectsCases of a way back.
var objectsCases = map[string]ruleCase{
	"Restore":   {"the default", `{objects: Restore}`, ""},
	"Reapply":   {"what was changed goes back", `{objects: Reapply}`, ""},
	"NoObjects": {"another value", `{objects: None}`, `Unsupported value: "None"`},
}

// TestRules holds that an API server takes the definitions of the kinds, and what their rules refuse.
func TestRules(t *testing.T) {
	s := serveKinds(t)
	engine := map[string]ruleCase{
		"Offline":         {"there is nothing to say about runs", `{mode: Offline}`, ""},
		"Live":            {"the default is every five minutes", `{mode: Live}`, ""},
		"OfflineSync":     {"it copies once", `{mode: Offline, sync: {interval: 5m}}`, "sync is set and mode is Offline"},
		"OfflineNoSync":   {"what is empty is set, too", `{mode: Offline, sync: {}}`, "sync is set and mode is Offline"},
		"NoMode":          {"a user has to choose", `{sync: {interval: 5m}}`, "spec.mode: Required value"},
		"UnknownMode":     {"there are two", `{mode: Mirror}`, "Unsupported value"},
		"OfflineSwitchAt": {"a switch may have a time in both modes", `{mode: Offline, switch: {at: "2026-12-24T01:00:00Z"}}`, ""},
	}
	back := maps.Clone(syncCases)
	back["OwnName"] = ruleCase{"its own switch has its name", `{switchRef: {name: shop}}`, "the name of the switch that it reverses"}
	for name, c := range syncCases {
		engine[name] = ruleCase{c.reason, `{mode: Live, ` + c.spec[1:], c.want}
	}
	pair := maps.Clone(syncCases)
	maps.Copy(pair, deletionCases)
	maps.Copy(pair, reversalCases)
	for name, c := range deletionCases {
		engine[name] = ruleCase{c.reason, `{mode: Live, ` + c.spec[1:], c.want}
	}
	maps.Copy(back, objectsCases)
	maps.Copy(switchCases, timeCases)
	maps.Copy(switchCases, downtimeCases)
	for _, cases := range []map[string]ruleCase{timeCases, downtimeCases} {
		for name, c := range cases {
			engine[name] = ruleCase{c.reason, `{mode: Live, switch: ` + c.spec + `}`, c.want}
			back[name] = ruleCase{c.reason, `{switch: ` + c.spec + `}`, c.want}
		}
	}
	for kind, cases := range map[string]map[string]ruleCase{
		"MoveEngine": engine, "MovePair": pair, "DataSync": syncCases, "MoveSwitch": switchCases,
		"MoveReverse": back,
	} {
		for name, c := range cases {
			t.Run(kind+"/"+name, func(t *testing.T) {
				err := s.create(t.Context(), kind, specs[kind], c.spec)
				if c.want == "" {
					require.NoError(t, err, c.reason)
					return
				}
				require.Error(t, err, c.reason)
				require.True(t, apierrors.IsInvalid(err), "%s: refused for another cause: %v", c.reason, err)
				require.ErrorContains(t, err, c.want, c.reason)
			})
		}
	}
}

// ruleServer is an API server that serves the kinds of KubeMove.
type ruleServer struct{ *server }

// serveKinds starts an API server and waits until it serves the kinds.
func serveKinds(t *testing.T) ruleServer {
	api, err := lab.StartAPIServer(t.Context(), "", os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Stop()) })
	config, err := api.Config()
	require.NoError(t, err)
	plain, err := newServer(config)
	require.NoError(t, err)
	files, err := filepath.Glob("../../manifests/crds/kubemove.io_*.yaml")
	require.NoError(t, err)
	require.Len(t, files, len(specs))
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		o := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal(data, &o.Object))
		_, err = plain.apply(t.Context(), o)
		require.NoError(t, err, file)
	}
	s := ruleServer{plain}
	for kind, spec := range specs {
		own := "{}"
		if kind == "MoveEngine" {
			own = "{mode: Offline}"
		}
		require.NoError(t, lab.Await(t.Context(), time.Minute, kind+" to be served", func(ctx context.Context) error {
			s.mapper.Reset()
			return s.create(ctx, kind, spec, own)
		}))
	}
	return s
}

// create tries, by dry run, an object with the fields of both specs.
func (s ruleServer) create(ctx context.Context, kind string, specs ...string) error {
	spec := map[string]any{}
	for _, text := range specs {
		if err := yaml.Unmarshal([]byte(text), &spec); err != nil {
			return err
		}
	}
	gvk := schema.GroupVersionKind{Group: "kubemove.io", Version: "v1alpha1", Kind: kind}
	// Not by s.mapping, which defines a kind that is not served yet.
	m, err := s.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetGroupVersionKind(gvk)
	o.SetName("shop")
	_, err = s.dynamic.Resource(m.Resource).Namespace(metav1.NamespaceDefault).Create(ctx, o,
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	return err
}
