package planfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/bundle"
	"github.com/kubemove/kubemove/internal/survey/found"
)

// planWith is a plan that has a Secret's value wherever a plan may have it, and other texts elsewhere.
func planWith(key, value, text string) *application.Plan {
	encoded := base64.StdEncoding.EncodeToString([]byte(value))
	u := func(kind, name string, fields map[string]any) application.Object {
		o := unstructured.Unstructured{Object: fields}
		o.SetAPIVersion("v1")
		o.SetKind(kind)
		o.SetName(name)
		return application.Object{Ref: application.RefOf(&o), Phase: application.PhaseStart, Why: text, Object: o}
	}
	secret := u("Secret", "s", map[string]any{
		"data": map[string]any{key: encoded}, "stringData": map[string]any{key: value, "other": value},
		"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	secret.Origin = &application.Origin{LastApplied: value}
	config := u("ConfigMap", "c", map[string]any{"data": map[string]any{key: text}, "count": int64(len(text))})
	config.Origin = &application.Origin{LastApplied: value}
	return &application.Plan{
		Engine: "shop", SourceNamespace: text, Objects: []application.Object{secret, config},
		Volumes: []application.Volume{{Name: "data", Target: text, Policy: api.ClaimCopy, CapacityBytes: int64(len(value)),
			Usage: &application.Usage{Files: 3}}},
		Transform: &application.Transform{Kustomizations: []api.Kustomization{{Patches: []api.KustomizePatch{{Patch: value}}}}},
		Target: []application.Present{{Ref: secret.Ref, Standing: application.StandingDifferent,
			Differs: []application.Difference{{Path: "data." + key}}}},
		Left:     []application.Left{{Ref: application.Ref{Kind: "Event", Name: text}, Why: text}},
		Blockers: []api.Blocker{{Reason: api.ReasonNameConflict, Object: text, Message: text}},
		Warnings: []string{text}, Unsure: []string{text},
	}
}

// FuzzStored: what was stored is what is read, be it in one Secret or in many, in any order; and nothing in
// them is a Secret's value.
func FuzzStored(f *testing.F) {
	f.Add("password", []byte("hush"), "matches application.selector", uint16(0))
	f.Add("tls.key", []byte{0, 255, 10}, "a \"text\" <with>\u2028 signs", uint16(40))
	f.Add("", []byte{}, "", uint16(1))
	f.Fuzz(func(t *testing.T, key string, value []byte, text string, size uint16) {
		key, text = strings.ToValidUTF8(key, "?"), strings.ToValidUTF8(text, "?")
		secret := "hush-" + hex.EncodeToString(value)
		if strings.Contains(key+text, "hush-") {
			t.Skip("what is no value has the mark of one")
		}
		whole := planWith(key, secret, text)
		want := New(whole)
		want.Former = &Former{Hash: "former", Changes: []string{text}}
		want.Surveys = map[string]Surveyed{"data": {Key: text, At: time.Unix(1, 0).UTC(),
			Report: &found.Report{Files: 3, Others: []found.Paths{{Count: 1}}}}}
		want.Images = map[string]time.Time{text: time.Unix(2, 0).UTC()}

		parts := stored(t, want, int(size))
		var data bytes.Buffer
		for _, s := range parts {
			data.Write(s.Data["data"])
		}
		slices.Reverse(parts)
		got, err := Read(parts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is read is not what was stored (-want +got):\n%s", diff)
		}
		if got.Hash != whole.Hash() {
			t.Errorf("the hash is %s, want that of the whole plan, %s", got.Hash, whole.Hash())
		}
		var plain json.RawMessage
		if err := bundle.Unzip(data.Bytes(), &plain); err != nil {
			t.Fatal(err)
		}
		for _, hidden := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if bytes.Contains(plain, []byte(hidden)) {
				t.Errorf("the stored plan holds the value %q of a Secret: %s", hidden, plain)
			}
		}
	})
}
