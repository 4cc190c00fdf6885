//go:build cli

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	kubectlmove "github.com/kubemove/kubemove/internal/cli"
	"github.com/kubemove/kubemove/internal/cli/kit"
)

// fillTokens does what the token controller of a cluster does, until the test ends: a Secret of an account gets a token.
func (c *cluster) fillTokens(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	fill := func(o any) {
		s := o.(*corev1.Secret)
		if s.Type != corev1.SecretTypeServiceAccountToken || len(s.Data[corev1.ServiceAccountTokenKey]) > 0 {
			return
		}
		if err := c.fillToken(ctx, s); err != nil && ctx.Err() == nil {
			t.Logf("the token of %s/%s: %v", s.Namespace, s.Name, err)
		}
	}
	factory := informers.NewSharedInformerFactory(c.core, 0)
	secrets := factory.Core().V1().Secrets().Informer()
	_, err := secrets.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: fill})
	require.NoError(t, err)
	factory.Start(ctx.Done())
	t.Cleanup(func() { cancel(); factory.Shutdown() })
	require.True(t, cache.WaitForCacheSync(ctx.Done(), secrets.HasSynced))
}

func (c *cluster) fillToken(ctx context.Context, s *corev1.Secret) error {
	account := s.Annotations[corev1.ServiceAccountNameKey]
	// The controller's own tokens do not end.
	seconds := int64(10 * 365 * 24 * 3600)
	answer, err := c.core.CoreV1().ServiceAccounts(s.Namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: &seconds, BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Secret", APIVersion: "v1", Name: s.Name,
				UID: s.UID}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	patch := fmt.Sprintf(`{"stringData":{"token":%q}}`, answer.Status.Token)
	_, err = c.core.CoreV1().Secrets(s.Namespace).Patch(ctx, s.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// as USER FILE writes a kubeconfig for a user without any rights but those that the script gives.
func (s *scripts) as(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: as USER FILE")
	}
	config, err := clientcmd.LoadFromFile(ts.Getenv("KUBECONFIG"))
	ts.Check(err)
	for _, user := range config.AuthInfos {
		user.Impersonate = args[0]
	}
	ts.Check(clientcmd.WriteToFile(*config, ts.MkAbs(args[1])))
}

// rights holds what the account of target add may do, to the last verb, and what it may not.
func (s *scripts) rights(t *testing.T) {
	ctx, core := t.Context(), s.cluster.core
	for _, name := range []string{"rights-home", "rights-target", "rights-other"} {
		_, err := core.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	t.Setenv("KUBECONFIG", s.kubeconfig)
	var out, errOut bytes.Buffer
	code := kubectlmove.Main([]string{"kubectl-move", "target", "add", "dst", "--in-cluster", "--namespace", "rights-home",
		"--target-namespace",
		"rights-target", "--yes"}, strings.NewReader(""), &out, &errOut)
	require.Zero(t, code, errOut.String())
	secret, err := core.CoreV1().Secrets("rights-home").Get(ctx, "dst", metav1.GetOptions{})
	require.NoError(t, err)
	config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data["kubeconfig"])
	require.NoError(t, err)
	token := config.BearerToken
	require.NotEmpty(t, token)
	require.NotContains(t, out.String()+errOut.String(), token)
	admin, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	require.NoError(t, err)
	config.Host, config.CAData = admin.Host, admin.CAData
	account, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)

	golden(t, "testdata/rights.txt", "In its namespace:\n"+rules(t, account, "rights-target")+"\nIn another namespace:\n"+rules(t, account,
		"rights-other"))
	for _, r := range mayNot {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &r}}
		answer, err := account.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		require.NoError(t, err)
		require.False(t, answer.Status.Allowed, "the account of a target may %s %s.%s %s in namespace %q", r.Verb, r.Resource, r.Group, r.Name,
			r.Namespace)
	}
}

// asks: on a terminal a person is asked, and what is answered counts.
func (s *scripts) asks(t *testing.T) {
	ctx, core := t.Context(), s.cluster.core
	const ns = "asks"
	_, err := core.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, name := range []string{"a", "b", "c"} {
		labels := map[string]string{"app": name}
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: name}}}}}}
		_, err := core.AppsV1().Deployments(ns).Create(ctx, d, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	add := func(name, answer string) (int, string) {
		return s.answer(t, answer, "target", "add", name, "--in-cluster", "--namespace", ns, "--target-namespace", "asks-"+name)
	}
	code, said := add("no", "n\n")
	require.Equal(t, 1, code, said)
	require.Contains(t, said, "Add target no? [y/N] error: nothing was changed")
	_, err = core.CoreV1().Namespaces().Get(ctx, "asks-no", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)
	for _, name := range []string{"near", "far"} {
		code, said = add(name, "y\n")
		require.Zero(t, code, said)
	}
	code, said = s.answer(t, "1,3\n2\n", "init", "--namespace", ns)
	require.Zero(t, code, said)
	require.Contains(t, said, "What moves?\n  1  deployment/a\n")
	require.Contains(t, said, "Where to?\n  1  far\n  2  near\n")
	require.Contains(t, said, "      - {kind: Deployment, name: a}")
	require.NotContains(t, said, "name: b}")
	require.Contains(t, said, "namespace: asks-near")
	code, said = s.answer(t, "4\n", "init", "--namespace", ns)
	require.Equal(t, 2, code, said)
	require.Contains(t, said, `the answer "4" is no number from 1 to 3`)
}

// answer runs a command on what is taken for a terminal, and returns its exit code and all that it has said.
func (s *scripts) answer(t *testing.T, answers string, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = &s.kubeconfig
	k := &kit.Kit{
		// A question reads no more than its line.
		In: iotest.OneByteReader(strings.NewReader(answers)), Out: &out, ErrOut: &out, Flags: flags, Base: "kubectl move",
		Env: func(string) string { return "" }, Now: time.Now, Interval: time.Second,
		Terminal: func(any) (int, int, bool) { return 80, 24, true },
	}
	return kubectlmove.Run(t.Context(), k, args), out.String()
}

// mayNot are some of the things that an account of a target may not do: what would make it more than a mover of one namespace.
var mayNot = []authorizationv1.ResourceAttributes{
	{Verb: "*", Group: "*", Resource: "*"},
	{Verb: "*", Group: "*", Resource: "*", Namespace: "rights-target"},
	{Verb: "get", Resource: "secrets", Namespace: "rights-other"},
	{Verb: "get", Resource: "secrets", Namespace: "rights-home", Name: "dst"},
	{Verb: "list", Resource: "secrets"},
	{Verb: "create", Resource: "pods", Namespace: "kube-system"},
	{Verb: "create", Resource: "pods", Subresource: "exec", Namespace: "rights-other"},
	{Verb: "list", Resource: "pods"},
	{Verb: "update", Resource: "nodes"},
	{Verb: "get", Resource: "nodes", Subresource: "proxy"},
	{Verb: "get", Resource: "persistentvolumes"},
	{Verb: "create", Resource: "namespaces"},
	{Verb: "update", Resource: "namespaces", Name: "rights-target", Namespace: "rights-target"},
	{Verb: "delete", Resource: "namespaces", Name: "rights-target", Namespace: "rights-target"},
	{Verb: "impersonate", Resource: "users"},
	{Verb: "impersonate", Resource: "serviceaccounts", Namespace: "rights-target"},
	{Verb: "create", Resource: "serviceaccounts", Subresource: "token", Namespace: "rights-target"},
	{Verb: "escalate", Group: "rbac.authorization.k8s.io", Resource: "roles", Namespace: "rights-target"},
	{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "roles", Namespace: "rights-target"},
	{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
	{Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
	{Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"},
	{Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "rolebindings", Namespace: "rights-other"},
	{Verb: "create", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"},
	{Verb: "create", Group: "admissionregistration.k8s.io", Resource: "mutatingwebhookconfigurations"},
	{Verb: "approve", Group: "certificates.k8s.io", Resource: "signers"},
	{Verb: "create", Group: "kubemove.io", Resource: "moveengines", Namespace: "rights-target"},
	{Verb: "patch", Group: "kubemove.io", Resource: "moveswitches", Namespace: "rights-home"},
}

// rules that an account has in a namespace, but for those that every account has.
func rules(t *testing.T, account kubernetes.Interface, namespace string) string {
	t.Helper()
	review, err := account.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.False(t, review.Status.Incomplete)
	verbs := map[string][]string{}
	for _, r := range review.Status.ResourceRules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				if strings.HasPrefix(resource, "selfsubject") {
					continue
				}
				key := strings.TrimSpace(strings.TrimSuffix(resource+"."+group, ".") + " " + strings.Join(r.ResourceNames, " "))
				verbs[key] = append(verbs[key], r.Verbs...)
			}
		}
	}
	var lines []string
	for key, list := range verbs {
		slices.Sort(list)
		lines = append(lines, "  "+key+": "+strings.Join(slices.Compact(list), " ")+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(filepath.Clean(file), []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
