package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// known values of a Secret: a password, a key on several lines, and a kubeconfig.
const known = "correct horse battery"

func redactor() *Redactor {
	r := &Redactor{}
	encode := func(s string) any { return base64.StdEncoding.EncodeToString([]byte(s)) }
	r.Know(&unstructured.Unstructured{Object: map[string]any{"kind": "Secret", "data": map[string]any{
		"password": encode(known), "lines": encode("first line\nsecond line\n"),
		"kubeconfig": encode("users:\n- name: a\n  user: {token: sha256~plain, password: tiptoe}\n"),
	}}})
	return r
}

// TestText plants a secret in each form; none may be left.
func TestText(t *testing.T) {
	t.Parallel()
	const planted = "hushhush"
	for name, c := range map[string]struct{ reason, text, want string }{
		"Known":     {"the value of a Secret", "login with " + known, "login with (left out)"},
		"Encoded":   {"as the API has it", "is " + base64.StdEncoding.EncodeToString([]byte(known)), "is (left out)"},
		"Line":      {"a part of it", "got second line", "got (left out)"},
		"Nested":    {"a value within a kubeconfig", "used sha256~plain and tiptoe", "used (left out) and (left out)"},
		"YAML":      {"a field", "password: hushhush\nuser: a", "password: (left out)\nuser: a"},
		"JSON":      {"a member", `{"token":"hushhush","user":"a"}`, `{"token":(left out),"user":"a"}`},
		"Quoted":    {"JSON in JSON", `{\"password\":\"hushhush\",\"b\":1}`, `{\"password\":(left out),\"b\":1}`},
		"Blanks":    {"a value with blanks", `password="hushhush and more"`, `password=(left out)`},
		"Variable":  {"of an environment", "AWS_SECRET_ACCESS_KEY=hushhush", "AWS_SECRET_ACCESS_KEY=(left out)"},
		"Flag":      {"of a command", "run --password hushhush --x", "run --password (left out) --x"},
		"Arguments": {"of a command, as a list", `["run", "--password", "hushhush"]`, `["run", "--password", "(left out)"]`},
		"Words":     {"a name with a number behind it stays", "  targets-credentials  1 target", "  targets-credentials  1 target"},
		"Query":     {"of an address", "https://a/b?token=hushhush&c=d", "https://a/b?token=(left out)&c=d"},
		"User":      {"of an address", "s3:https://me:hushhush@host/a", "s3:https://(left out)@host/a"},
		"Bearer":    {"a header", "Authorization: Bearer hushhush", "Authorization: (left out) (left out)"},
		"JWT":       {"a token of an account", "got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln x", "got (left out) x"},
		"PEM":       {"a key", "a -----BEGIN RSA PRIVATE KEY-----\nhushhush\n-----END RSA PRIVATE KEY----- b", "a (left out) b"},
		"HalfPEM":   {"a log that was cut", "-----BEGIN PRIVATE KEY-----\nhushhush", "(left out)"},
		"Data":      {"a kubeconfig", "    client-key-data: hushhush", "    client-key-data: (left out)"},
		"AWS":       {"an id of a key", "AKIAIOSFODNN7EXAMPLE is used", "(left out) is used"},
		"Base64":    {"a long word", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MFpaWlpaWlpaWlpa is", "(left out) is"},
		"Hash":      {"a hash stays", "sha256:" + strings.Repeat("0a", 32), "sha256:" + strings.Repeat("0a", 32)},
		"SecretRef": {"a name stays", "Secret dst is not there", "Secret dst is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := redactor().Text(c.text)
			if diff := cmp.Diff(c.want, got); diff != "" || strings.Contains(got, planted) {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

// TestObject plants a secret in every place of an object where there could be one.
func TestObject(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Annotation":  `{"metadata":{"annotations":{"example.com/note":"PLANTED"}}}`,
		"LastApplied": `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":\"PLANTED\"}"}}}`,
		"Ledger":      `{"metadata":{"annotations":{"kubemove.io/ledger":"{\"was\":\"PLANTED\"}"}}}`,
		"Template":    `{"spec":{"template":{"metadata":{"annotations":{"a":"PLANTED"}}}}}`,
		"Env":         `{"spec":{"containers":[{"env":[{"name":"PLAIN","value":"PLANTED"}]}]}}`,
		"InitEnv":     `{"spec":{"template":{"spec":{"initContainers":[{"env":[{"name":"A","value":"PLANTED"}]}]}}}}`,
		"Args":        `{"spec":{"containers":[{"args":["--token=PLANTED"]}]}}`,
		"NextArg":     `{"spec":{"containers":[{"command":["run","--password","PLANTED"]}]}}`,
		"Patch":       `{"spec":{"application":{"kustomization":{"patches":[{"patch":"value: PLANTED","target":{"kind":"PLANTED"}}]}}}}`,
		"Common":      `{"spec":{"kustomization":{"commonAnnotations":{"a":"PLANTED"}}}}`,
		"Parameter":   `{"spec":{"data":{"mobilizers":[{"parameters":{"repository":"rest:https://u:PLANTED@h/","password":"PLANTED"}}]}}}`,
		"Message":     `{"status":{"conditions":[{"message":"login failed: password=PLANTED"}]}}`,
		"Managed":     `{"metadata":{"managedFields":[{"fieldsV1":{"PLANTED":{}}}]}}`,
		"Secret": `{"kind":"Secret","data":{"a":"PLANTED"},"stringData":{"b":"PLANTED"},` +
			`"metadata":{"annotations":{"kubemove.io/x":"PLANTED"}}}`,
		"Record": `{"kind":"ConfigMap","data":{"record":"{\"token\":\"PLANTED\"}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const planted = "hush-hush"
			o := &unstructured.Unstructured{}
			if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "PLANTED", planted)), &o.Object); err != nil {
				t.Fatal(err)
			}
			before := o.DeepCopy()
			got, err := json.Marshal(redactor().Object(o))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(got), planted) {
				t.Errorf("it is still there: %s", got)
			}
			if diff := cmp.Diff(before.Object, o.Object); diff != "" {
				t.Errorf("the object was changed:\n%s", diff)
			}
		})
	}
}

// TestKept: what helps to find a fault stays.
func TestKept(t *testing.T) {
	t.Parallel()
	text := `{"kind":"MovePair","metadata":{"annotations":{"kubemove.io/engine-generation":"3"},"name":"a"},` +
		`"spec":{"target":{"cluster":{"kubeconfigSecretRef":{"key":"kubeconfig","name":"dst"}}}},"status":{"plan":{"hash":"3f6b1c2a9d8e7f60"}}}`
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o.Object, redactor().Object(o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	if err := Write(&b, "bundle", []File{{"a.txt", []byte("one")}, {"b/c.txt", nil}}, at); err != nil {
		t.Fatal(err)
	}
	zipped, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for archive := tar.NewReader(zipped); ; {
		head, err := archive.Next()
		if err != nil {
			break
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		got[head.Name] = string(data)
	}
	if diff := cmp.Diff(map[string]string{"bundle/a.txt": "one", "bundle/b/c.txt": ""}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
