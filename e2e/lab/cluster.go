package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is one of the two clusters.
type Cluster struct {
	// Name is "src" or "dst".
	Name string
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig string

	kubectl string
}

func (l *Lab) cluster(name string) *Cluster {
	return &Cluster{Name: name, Kubeconfig: l.provider.kubeconfig(name), kubectl: l.provider.kubectl()}
}

// cluster as its own certificates reach it, before anything is published.
func (n *node) cluster() *Cluster {
	return &Cluster{Name: n.name, Kubeconfig: n.kubeconfig("admin"), kubectl: n.kube("kubectl")}
}

// publishedKubeconfig is where people and tests find a cluster of the lab's own.
func (l *Lab) publishedKubeconfig(name string) string {
	return filepath.Join(l.Dir, name+".kubeconfig")
}

// Config returns a client configuration without the client-side rate limit,
// which would only slow tests down.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of %s: %w; is the lab up (make up)?", c.Name, err)
	}
	config.QPS, config.Burst = -1, -1
	return config, nil
}

// Client returns a client for the cluster's built-in kinds.
func (c *Cluster) Client() (kubernetes.Interface, error) {
	config, err := c.Config()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// apiReady says whether the API server answers as ready.
func (c *Cluster) apiReady(ctx context.Context) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("%w: %s", err, body)
	}
	return nil
}

// ready says whether the cluster can run Pods.
func (c *Cluster) ready(ctx context.Context) error {
	if err := c.apiReady(ctx); err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	why := "no node has registered"
	for _, n := range nodes.Items {
		for _, cond := range n.Status.Conditions {
			if cond.Type != corev1.NodeReady {
				continue
			}
			if cond.Status == corev1.ConditionTrue {
				return nil
			}
			why = fmt.Sprintf("node %s is not ready: %s", n.Name, cond.Message)
		}
	}
	return fmt.Errorf("%s", why)
}

// DeploymentAvailable says whether every replica of a Deployment's newest
// revision is available; the error tells how far it is.
func (c *Cluster) DeploymentAvailable(ctx context.Context, namespace, name string) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	st := d.Status
	if st.ObservedGeneration < d.Generation || st.UpdatedReplicas < want || st.AvailableReplicas < want || st.Replicas > want {
		return fmt.Errorf("deployment %s/%s has %d replicas, %d of them updated and %d available, %d wanted",
			namespace, name, st.Replicas, st.UpdatedReplicas, st.AvailableReplicas, want)
	}
	return nil
}
