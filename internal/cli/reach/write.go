package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// CreateNamespace that is missing. It gets no label: it stays when the target is removed.
func (c *Cluster) CreateNamespace(ctx context.Context, d kit.DryRun, name string) error {
	c.say(c.line("kubectl", "create", "namespace", name))
	_, err := c.core.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		metav1.CreateOptions{FieldManager: kit.Manager, DryRun: d.Options()})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return fault.API("cannot create namespace "+name+" in "+c.String(), err)
}

// Apply an object of a target. All of its fields are this program's, as its name is.
func (c *Cluster) Apply(ctx context.Context, d kit.DryRun, o *unstructured.Unstructured) error {
	words := []string{"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager", kit.Manager, "--filename", "-"}
	c.say(c.line(words...) + " # " + target.Ref(o))
	_, err := c.of(o).Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: kit.Manager, Force: true, DryRun: d.Options()})
	if err == nil {
		return nil
	}
	failed := fmt.Sprintf("cannot apply %s in %s", target.Ref(o), c)
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "attempting to grant RBAC permissions not currently held") {
		return fault.New(fault.Failed, failed, "the cluster allows you what its roles do not give you, and with roles you can give others no "+
			"more "+
			"than these: ask an administrator to run this command")
	}
	return fault.API(failed, err)
}

func (c *Cluster) of(o *unstructured.Unstructured) dynamic.ResourceInterface {
	r := c.dynamic.Resource(target.Resources[o.GetKind()])
	if o.GetNamespace() != "" {
		return r.Namespace(o.GetNamespace())
	}
	return r
}

// Standing of an object of a target in its cluster.
type Standing int

// The standings.
const (
	// Absent: it is not there.
	Absent Standing = iota
	// Ours: it is there, with the label of the target.
	Ours
	// Foreign: it is there without that label.
	Foreign
	// Unseen: the caller may not read it.
	Unseen
)

// Look whether an object of a target is there. An object that is ours gets its UID, for Remove.
func (c *Cluster) Look(ctx context.Context, t target.Target, o *unstructured.Unstructured) (Standing, error) {
	there, err := c.of(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return Absent, nil
	case apierrors.IsForbidden(err):
		return Unseen, nil
	case err != nil:
		return Unseen, fault.API(fmt.Sprintf("cannot read %s in %s", target.Ref(o), c), err)
	case !t.IsOurs(there.GetLabels()):
		return Foreign, nil
	}
	o.SetUID(there.GetUID())
	return Ours, nil
}

// Remove an object that was looked at, and no later one of its name.
func (c *Cluster) Remove(ctx context.Context, d kit.DryRun, o *unstructured.Unstructured) error {
	words := []string{"kubectl", "delete", strings.ToLower(o.GetKind()), o.GetName()}
	if ns := o.GetNamespace(); ns != "" {
		words = append(words, "--namespace", ns)
	}
	c.say(c.line(words...))
	uid := o.GetUID()
	err := c.of(o).Delete(ctx, o.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, DryRun: d.Options()})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return fault.API(fmt.Sprintf("cannot delete %s in %s", target.Ref(o), c), err)
}

// tokenWait is how long the token controller of a cluster may take to fill a Secret.
const tokenWait = 30 * time.Second

// Token of a Secret of the target, as soon as its cluster has filled that, and the cluster's certificate authority.
func (c *Cluster) Token(ctx context.Context, t target.Target) (token string, authority []byte, err error) {
	limited, cancel := context.WithTimeout(ctx, tokenWait)
	defer cancel()
	failed := fmt.Sprintf("there is no token for the account %s/%s in %s", t.Namespace, t.Account(), c)
	for {
		s, err := c.filled(limited, t)
		switch {
		case s != nil:
			return string(s.Data[corev1.ServiceAccountTokenKey]), s.Data[corev1.ServiceAccountRootCAKey], nil
		case ctx.Err() != nil:
			return "", nil, ctx.Err()
		case limited.Err() != nil:
			return "", nil, fault.New(fault.TimedOut, failed, "the Secret %s was not filled within %s; "+
				"run the command again, or ask for a token that ends with --duration 720h", t.TokenSecret(), tokenWait)
		case err != nil && !mayPass(err):
			return "", nil, fault.API(failed, err)
		}
		// The watch was ended by the server.
		select {
		case <-limited.Done():
		case <-time.After(time.Second):
		}
	}
}

// mayPass says whether a watch that has failed may succeed a moment later.
func mayPass(err error) bool {
	return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err)
}

// filled is the Secret of the token as soon as it has one; nil without an error: the watch has ended before.
func (c *Cluster) filled(ctx context.Context, t target.Target) (*corev1.Secret, error) {
	secrets := c.core.CoreV1().Secrets(t.Namespace)
	s, err := secrets.Get(ctx, t.TokenSecret(), metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if hasToken(s) {
		return s, nil
	}
	w, err := secrets.Watch(ctx, metav1.ListOptions{ResourceVersion: s.ResourceVersion,
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, s.Name).String()})
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		switch o := event.Object.(type) {
		case *corev1.Secret:
			if event.Type == watch.Deleted {
				return nil, errors.New("the cluster has removed its Secret, as it does where the account is not there")
			}
			if hasToken(o) {
				return o, nil
			}
		case *metav1.Status:
			return nil, apierrors.FromObject(o)
		}
	}
	return nil, nil
}

func hasToken(s *corev1.Secret) bool { return len(s.Data[corev1.ServiceAccountTokenKey]) > 0 }

// BoundToken asks for a token that ends. The cluster may make it shorter than was asked for.
func (c *Cluster) BoundToken(ctx context.Context, t target.Target, duration time.Duration) (token string, expires time.Time, err error) {
	seconds := int64(duration / time.Second)
	c.say(c.line("kubectl", "create", "token", t.Account(), "--namespace", t.Namespace, "--duration", duration.String()))
	answer, err := c.core.CoreV1().ServiceAccounts(t.Namespace).CreateToken(ctx, t.Account(),
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}},
		metav1.CreateOptions{FieldManager: kit.Manager})
	if err != nil {
		return "", time.Time{}, fault.API(fmt.Sprintf("cannot make a token for the account %s/%s in %s", t.Namespace, t.Account(), c), err)
	}
	return answer.Status.Token, answer.Status.ExpirationTimestamp.Time, nil
}

// Access to the cluster with a token. authority is what the cluster gives to its Pods, empty: not known. server replaces the address;
// empty: it is the caller's.
func (c *Cluster) Access(ctx context.Context, t target.Target, token string, authority []byte, server string) target.Access {
	if len(authority) == 0 {
		// Every namespace has it, a new one after a moment; the caller's own is enough in most clusters.
		if m, err := c.core.CoreV1().ConfigMaps(t.Namespace).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{}); err == nil {
			authority = []byte(m.Data["ca.crt"])
		}
	}
	a := target.Access{
		Server: c.Server, TLSServerName: c.config.ServerName, Insecure: c.config.Insecure, Namespace: t.Namespace, Token: token,
		Authorities: target.Authorities(c.config.CAData, authority, server != "" || c.config.Insecure),
	}
	if entry := c.raw.Contexts[c.context]; entry != nil && c.raw.Clusters[entry.Cluster] != nil {
		a.ProxyURL = c.raw.Clusters[entry.Cluster].ProxyURL
	}
	if server != "" {
		a.Server = server
	}
	if target.IsInCluster(a.Server) {
		a.TLSServerName, a.ProxyURL = "", ""
	}
	return a
}
