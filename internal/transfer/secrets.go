package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// UserCredentials reads what the user has given for a mobilizer. It is read anew each time: the
// kubelet renews the files when the Secret has changed.
func UserCredentials(dir string, m task.Mobilizer) (map[string][]byte, error) {
	if m.CredentialsSecret == "" {
		return nil, nil
	}
	folder := task.UserCredentialsDir(dir, m.Name)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the credentials of mobilizer %s: %w", m.Name, err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		// A mounted Secret keeps its versions in such folders.
		if strings.HasPrefix(e.Name(), "..") {
			continue
		}
		if !slices.Contains(m.Credentials, e.Name()) {
			return nil, invalidCredentials("Secret/%s, which credentialsSecretRef of mobilizer %s names, has the key %q: "+
				"expected only %s; remove the key",
				m.CredentialsSecret, m.Name, e.Name(), strings.Join(m.Credentials, ", "))
		}
		if out[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			return nil, fmt.Errorf("cannot read the credentials of mobilizer %s: %w", m.Name, err)
		}
	}
	if len(out) == 0 {
		return nil, invalidCredentials(
			"Secret/%s, which credentialsSecretRef of mobilizer %s names, does not exist in the namespace of the move, or is empty: "+
				"create it (kubectl create secret generic %s --from-literal=KEY=VALUE), with some of the keys %s",
			m.CredentialsSecret, m.Name, m.CredentialsSecret, strings.Join(m.Credentials, ", "))
	}
	return out, nil
}

func invalidCredentials(format string, args ...any) *Error {
	return failed(api.ReasonInvalidCredentials, fmt.Sprintf(format, args...), task.RetryLater)
}

// ensureSecrets creates the two Secrets of a worker: one for its agent alone, one with what
// the mobilizer may know.
func ensureSecrets(ctx context.Context, s Spec, in podInput, name string) error {
	cert, key, err := relay.IssueAgent(time.Now(), s.Channel.CACertPEM, s.Channel.CAKeyPEM, in.Role,
		relay.PeerKey(s.session(), in.Volume.Name))
	if err != nil {
		return permanent("InvalidSpec", err.Error())
	}
	agent := s.secret(in, agentSecretName(name), map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": s.Channel.CACertPEM})
	c := s.endpoint(in.Role)
	// One that is there belongs to a Pod that may be at work.
	if _, err := c.Kube.CoreV1().Secrets(c.Namespace).Create(ctx, agent, metav1.CreateOptions{}); err != nil &&
		!apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create Secret %s at the %s: %w", agent.Name, c.Side, err)
	}
	return ensureCredentials(ctx, s, in, name)
}

// ensureCredentials creates the Secret with what the mobilizer may know, or makes it anew when
// that has changed since the last try.
func ensureCredentials(ctx context.Context, s Spec, in podInput, name string) error {
	content, err := UserCredentials(s.CredentialsDir, in.Mobilizer)
	if err != nil {
		return err
	}
	content = maps.Clone(content)
	if content == nil {
		content = map[string][]byte{}
	}
	content[task.PasswordKey] = []byte(s.password(in))
	return putSecret(ctx, s.endpoint(in.Role), s.secret(in, credentialsSecretName(name), content))
}

func (s Spec) secret(in podInput, name string, content map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.endpoint(in.Role).Namespace, Labels: s.labels(in.Role, in.claim())},
		Type:       corev1.SecretTypeOpaque,
		Data:       content,
	}
}

// putSecret creates a Secret, in the place of one of that name that holds something else.
func putSecret(ctx context.Context, c *cluster.Cluster, secret *corev1.Secret) error {
	client := c.Kube.CoreV1().Secrets(c.Namespace)
	_, err := client.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		var old *corev1.Secret
		if old, err = client.Get(ctx, secret.Name, getOptions); err == nil {
			if old.Type == secret.Type && maps.EqualFunc(old.Data, secret.Data, bytes.Equal) {
				return nil
			}
			// The account of an endpoint need not be allowed to update Secrets.
			err = client.Delete(ctx, secret.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &old.UID}})
		}
		if err == nil || apierrors.IsNotFound(err) {
			_, err = client.Create(ctx, secret, metav1.CreateOptions{})
		}
	}
	if err != nil {
		return fmt.Errorf("cannot create Secret %s at the %s: %w", secret.Name, c.Side, err)
	}
	return nil
}

// forgetSecret deletes a Secret; one that is left here is removed by the pair's clean-up.
func forgetSecret(ctx context.Context, s Spec, c *cluster.Cluster, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := c.Kube.CoreV1().Secrets(c.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		s.Log.Warn("a Secret is left", "secret", name, "side", c.Side, "error", err.Error())
	}
}
