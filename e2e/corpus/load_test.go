package corpus

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		want   []string
		unread int
	}{
		"Empty":    {reason: "a file of nothing holds nothing"},
		"Comments": {reason: "a document of comments is none", text: "# a\n---\n# b\n"},
		"Several": {reason: "documents are apart",
			text: "{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: b}}",
			want: []string{"a", "b"}},
		"List": {reason: "kubectl writes Lists", want: []string{"a", "b"},
			text: `{apiVersion: v1, kind: List,
				items: [{apiVersion: v1, kind: Secret, metadata: {name: a}}, {apiVersion: v1, kind: Service, metadata: {name: b}}]}`},
		"Values": {reason: "the values of a chart are no object, and what follows is read",
			text: "replicas: 1\n---\n{apiVersion: v1, kind: Secret, metadata: {name: b}}", want: []string{"b"}, unread: 1},
		"Template": {reason: "a template of a chart is no YAML", text: "kind: {{ .Kind }}\n", unread: 1},
		"Scalar":   {reason: "a text is no object", text: "hello\n", unread: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := Parse([]byte(tc.text))
			var got []string
			for _, o := range file.Objects {
				got = append(got, o.GetName())
			}
			require.Equal(t, tc.want, got, tc.reason)
			require.Len(t, file.Unread, tc.unread, "%s: %v", tc.reason, file.Unread)
		})
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	for _, name := range []string{"z.yaml", "a/b/c.yml", "a/notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("{apiVersion: v1, kind: Secret, metadata: {name: a}}"), 0o644))
	}
	files, err := Load(dir)
	require.NoError(t, err)
	require.Len(t, files, 2, "files of YAML in all folders, and no others")
	require.Equal(t, "a/b/c.yml", files[0].Name)
	one, err := Load(filepath.Join(dir, "z.yaml"))
	require.NoError(t, err)
	require.Equal(t, "z.yaml", one[0].Name, "a file may be named, too")
	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "no file")
}

func object(t *testing.T, text string) unstructured.Unstructured {
	t.Helper()
	file := Parse([]byte(text))
	require.Empty(t, file.Unread)
	require.Len(t, file.Objects, 1)
	return file.Objects[0]
}

func TestByNamespace(t *testing.T) {
	in := func(namespaces ...string) []unstructured.Unstructured {
		var out []unstructured.Unstructured
		for _, ns := range namespaces {
			o := object(t, "{apiVersion: v1, kind: Secret, metadata: {name: a}}")
			o.SetNamespace(ns)
			out = append(out, o)
		}
		return out
	}
	cases := map[string]struct {
		reason string
		in     []unstructured.Unstructured
		want   map[string]int
	}{
		"None":  {"charts name no namespace", in("", ""), map[string]int{"": 2}},
		"One":   {"what names none belongs to the only one", in("", "shop", "shop"), map[string]int{"shop": 3}},
		"Two":   {"two namespaces are two applications", in("shop", "pay"), map[string]int{"shop": 1, "pay": 1}},
		"Mixed": {"it is not known to which of two it belongs", in("", "shop", "pay"), map[string]int{"": 1, "shop": 1, "pay": 1}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string]int{}
			for ns, objects := range byNamespace(tc.in) {
				got[ns] = len(objects)
			}
			require.Equal(t, tc.want, got, tc.reason)
		})
	}
}

func TestInNamespace(t *testing.T) {
	o := object(t, `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: shop},
		subjects: [{kind: ServiceAccount, name: a, namespace: shop}, {kind: ServiceAccount, name: b, namespace: other}, {kind: User, name: c}]}`)
	before := o.DeepCopy()
	got := inNamespace(o, "shop", "a-1")
	want := object(t, `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: a-1},
		subjects: [{kind: ServiceAccount, name: a, namespace: a-1}, {kind: ServiceAccount, name: b, namespace: other}, {kind: User, name: c}]}`)
	require.Equal(t, want.Object, got.Object)
	require.Equal(t, before.Object, o.Object, "the manifest itself is not changed")
}
