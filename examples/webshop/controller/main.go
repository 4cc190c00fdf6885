// Command controller makes what made.yaml says, a ConfigMap and a Deployment, out of each Widget
// of its namespace, and says in the Widget's status whether it is ready. It is as small as a
// controller can be: it looks at everything every two seconds, over plain HTTP.
package main

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"text/template"
	"time"
)

// account is where every Pod finds the credentials of its ServiceAccount.
const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

//go:embed made.yaml
var madeText string

var made = template.Must(template.New("made").Parse(madeText))

// object has the fields that count of Widgets and of what is made of them.
type object struct {
	APIVersion string
	Metadata   struct {
		Name, UID  string
		Generation int64
	}
	Spec   struct{ Price, Replicas int64 }
	Status struct {
		ObservedGeneration, UpdatedReplicas, AvailableReplicas int64
		Conditions                                             []condition
	}
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	ObservedGeneration int64  `json:"observedGeneration"`
	LastTransitionTime string `json:"lastTransitionTime"`
	Reason             string `json:"reason"`
	Message            string `json:"message"`
}

// controller of the widgets of a group in a namespace.
type controller struct {
	http             *http.Client
	namespace, group string
}

func main() {
	namespace, err := os.ReadFile(account + "namespace")
	if err != nil {
		log.Fatal(err)
	}
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	c := &controller{namespace: "/namespaces/" + string(namespace) + "/"}
	flag.StringVar(&c.group, "group", "shop.example.com", "API group of the widgets")
	flag.Parse()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	c.http = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	for range time.Tick(2 * time.Second) {
		if err := c.round(); err != nil {
			log.Print(err)
		}
	}
}

// round brings everything to where it should be, once.
func (c *controller) round() error {
	var list struct{ Items []object }
	if err := c.ask(http.MethodGet, "/apis/"+c.group+"/v1"+c.namespace+"widgets", "", &list); err != nil {
		return err
	}
	var errs []error
	for _, w := range list.Items {
		w.APIVersion = c.group + "/v1"
		errs = append(errs, c.make(&w))
	}
	return errors.Join(errs...)
}

// make applies what belongs to a widget, and notes how far it is.
func (c *controller) make(w *object) error {
	var text strings.Builder
	if err := made.Execute(&text, w); err != nil {
		return err
	}
	config, workload, _ := strings.Cut(text.String(), "\n---\n")
	if err := c.apply("/api/v1"+c.namespace+"configmaps/widget-"+w.Metadata.Name, config, nil); err != nil {
		return err
	}
	var d object
	if err := c.apply("/apis/apps/v1"+c.namespace+"deployments/widget-"+w.Metadata.Name, workload, &d); err != nil {
		return err
	}
	next := ready(w, &d)
	if len(w.Status.Conditions) == 1 && w.Status.Conditions[0] == next {
		return nil
	}
	status, err := json.Marshal(map[string]any{"apiVersion": w.APIVersion, "kind": "Widget",
		"metadata": map[string]any{"name": w.Metadata.Name}, "status": map[string]any{"conditions": []condition{next}}})
	if err != nil {
		return err
	}
	return c.apply("/apis/"+w.APIVersion+c.namespace+"widgets/"+w.Metadata.Name+"/status", string(status), nil)
}

// ready says whether the Deployment of a widget is what it should be.
func ready(w, d *object) condition {
	out := condition{Type: "Ready", Status: "False", ObservedGeneration: w.Metadata.Generation,
		LastTransitionTime: time.Now().UTC().Format(time.RFC3339),
		Reason:             "Starting", Message: fmt.Sprintf("%d of %d replicas are available", d.Status.AvailableReplicas, w.Spec.Replicas)}
	if s := d.Status; s.ObservedGeneration == d.Metadata.Generation && min(s.UpdatedReplicas, s.AvailableReplicas) >= w.Spec.Replicas {
		out.Status, out.Reason = "True", "Available"
	}
	if old := w.Status.Conditions; len(old) == 1 && old[0].Status == out.Status {
		out.LastTransitionTime = old[0].LastTransitionTime
	}
	return out
}

// apply is a server-side apply.
func (c *controller) apply(path, body string, out any) error {
	return c.ask(http.MethodPatch, path+"?fieldManager=widget-controller&force=true", body, out)
}

func (c *controller) ask(method, path, body string, out any) error {
	request, err := http.NewRequest(method, "https://kubernetes.default.svc"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	// Read each time: the kubelet replaces it.
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/apply-patch+yaml")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}
