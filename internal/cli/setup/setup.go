// Package setup writes an installation to the cluster and takes it away again. What that is package installation says.
package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// Setup of one cluster.
type Setup struct {
	k       *kit.Kit
	dryRun  kit.DryRun
	dynamic dynamic.Interface
}

// Limits of the client.
const (
	clientQPS   = 50
	clientBurst = 100
)

// New setup of the cluster of the flags.
func New(k *kit.Kit, d kit.DryRun) (*Setup, error) {
	config, err := k.Config()
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = clientQPS, clientBurst
	client, err := dynamic.NewForConfig(config)
	return &Setup{k: k, dryRun: d, dynamic: client}, fault.API("cannot connect", err)
}

func (s *Setup) of(o *unstructured.Unstructured) dynamic.ResourceInterface {
	r := s.dynamic.Resource(installation.Resource(o.GetKind()))
	if o.GetNamespace() != "" {
		return r.Namespace(o.GetNamespace())
	}
	return r
}

// Apply the objects in their order. The kinds are awaited before anything else is applied. In a dry run on the server what needs a
// namespace or a kind that is not there yet cannot be checked: how many these are is returned.
func (s *Setup) Apply(ctx context.Context, objects []unstructured.Unstructured, force bool, timeout time.Duration) (
	unchecked int, err error,
) {
	awaited := false
	for i := range objects {
		o := &objects[i]
		if !awaited && o.GetKind() != "Namespace" && o.GetKind() != installation.Definition {
			if err := s.established(ctx, installation.Of(objects, installation.Definition), timeout); err != nil {
				return unchecked, err
			}
			awaited = true
		}
		err := s.apply(ctx, o, force)
		switch {
		case s.dryRun.Server() && apierrors.IsNotFound(err):
			unchecked++
			s.k.Narrate("%s cannot be checked: its namespace or its kind is not there yet", target.Ref(o))
		case err != nil:
			return unchecked, err
		default:
			s.k.Done(s.dryRun, target.Ref(o), "applied")
		}
	}
	return unchecked, nil
}

func (s *Setup) apply(ctx context.Context, o *unstructured.Unstructured, force bool) error {
	s.k.Say(s.dryRun, []string{"kubectl", "apply", "--server-side", "--field-manager", kit.Manager, "--filename", "-"})
	_, err := s.of(o).Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: kit.Manager, Force: force, DryRun: s.dryRun.Options()})
	failed := fault.API("cannot apply "+target.Ref(o), err)
	if e, ok := errors.AsType[*fault.Error](failed); ok && apierrors.IsConflict(err) {
		return e.Trying("kubectl", "move", "install", "--force-conflicts")
	}
	return failed
}

// established waits until the definitions are served.
func (s *Setup) established(ctx context.Context, definitions []unstructured.Unstructured, timeout time.Duration) error {
	if s.dryRun.Server() {
		return nil
	}
	return s.await(ctx, timeout, "the definitions of the kinds to be established", func(ctx context.Context) (string, error) {
		for i := range definitions {
			there, err := s.of(&definitions[i]).Get(ctx, definitions[i].GetName(), metav1.GetOptions{})
			if err != nil {
				return "", fault.API("cannot read "+target.Ref(&definitions[i]), err)
			}
			if !installation.IsEstablished(there) {
				return target.Ref(there) + " is not established", nil
			}
		}
		return "", nil
	})
}

// Ready waits until the Deployment among the objects has its Pods ready, in its newest generation.
func (s *Setup) Ready(ctx context.Context, objects []unstructured.Unstructured, timeout time.Duration) error {
	d := installation.Of(objects, "Deployment")[0]
	return s.await(ctx, timeout, target.Ref(&d)+" to be ready", func(ctx context.Context) (string, error) {
		there, err := s.of(&d).Get(ctx, d.GetName(), metav1.GetOptions{})
		if err != nil {
			return "", fault.API("cannot read "+target.Ref(&d), err)
		}
		number := func(path ...string) int64 {
			n, _, _ := unstructured.NestedInt64(there.Object, path...)
			return n
		}
		want, ready, updated := number("spec", "replicas"), number("status", "readyReplicas"), number("status", "updatedReplicas")
		if number("status", "observedGeneration") < there.GetGeneration() || ready < want || updated < want {
			return fmt.Sprintf("%d of %d Pods are ready", ready, want), nil
		}
		return "", nil
	})
}

// Gone waits until the namespace of the installation is.
func (s *Setup) Gone(ctx context.Context, timeout time.Duration) error {
	namespaces := s.dynamic.Resource(installation.Resource("Namespace"))
	return s.await(ctx, timeout, "the end of namespace "+installation.Namespace, func(ctx context.Context) (string, error) {
		_, err := namespaces.Get(ctx, installation.Namespace, metav1.GetOptions{})
		if fault.IsNotFound(err) {
			return "", nil
		}
		return "it is still there", fault.API("cannot read namespace "+installation.Namespace, err)
	})
}

// await until reached says nothing more, or fails.
func (s *Setup) await(ctx context.Context, timeout time.Duration, what string, reached func(context.Context) (string, error)) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := ""
	for {
		missing, err := reached(limited)
		if err == nil && missing == "" {
			return nil
		}
		if missing != "" {
			last = missing
		}
		if err != nil && limited.Err() == nil && !fault.IsTransient(err) && !fault.EndsSoon(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return kit.Interrupted("what was applied stays, and the cluster goes on with it", []string{"kubectl", "move", "check"})
		case <-limited.Done():
			return fault.New(fault.TimedOut, fmt.Sprintf("waited %s for %s", timeout, what), "%s", last).Trying("kubectl", "move", "check")
		case <-time.After(s.k.Interval):
		}
	}
}

// Remove objects that are there, in their order.
func (s *Setup) Remove(ctx context.Context, objects []unstructured.Unstructured) error {
	for i := range objects {
		if err := s.remove(ctx, &objects[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Setup) remove(ctx context.Context, o *unstructured.Unstructured) error {
	words := []string{"kubectl", "delete", strings.ToLower(o.GetKind()), o.GetName()}
	if ns := o.GetNamespace(); ns != "" {
		words = append(words, "--namespace", ns)
	}
	s.k.Say(s.dryRun, words)
	background := metav1.DeletePropagationBackground
	err := s.of(o).Delete(ctx, o.GetName(), metav1.DeleteOptions{DryRun: s.dryRun.Options(), PropagationPolicy: &background})
	switch {
	case fault.IsNotFound(err):
		return nil
	case err != nil:
		return fault.API("cannot delete "+target.Ref(o), err)
	}
	s.k.Done(s.dryRun, target.Ref(o), "deleted")
	return nil
}

// RemoveDefinitions that are ours and have no objects; with says that those with objects go as well, and the objects with them. What
// stays is returned, and why. The objects that are removed as well do not count.
func (s *Setup) RemoveDefinitions(ctx context.Context, definitions, removed []unstructured.Unstructured, with bool) (
	stays []string, err error,
) {
	for i := range definitions {
		there, err := s.of(&definitions[i]).Get(ctx, definitions[i].GetName(), metav1.GetOptions{})
		if fault.IsNotFound(err) {
			continue
		}
		if err != nil {
			return stays, fault.API("cannot read "+target.Ref(&definitions[i]), err)
		}
		if !installation.IsOurs(there) {
			stays = append(stays, there.GetName()+" was made by another client")
			continue
		}
		list, err := s.dynamic.Resource(installation.Defined(there)).List(ctx, metav1.ListOptions{Limit: int64(len(removed) + 1)})
		if err != nil && !fault.IsNotFound(err) {
			return stays, fault.API("cannot list "+there.GetName(), err)
		}
		if err == nil && !with {
			others := slices.DeleteFunc(list.Items, func(o unstructured.Unstructured) bool {
				return slices.ContainsFunc(removed, func(r unstructured.Unstructured) bool { return target.Ref(&r) == target.Ref(&o) })
			})
			if len(others) > 0 {
				stays = append(stays, there.GetName()+" has objects, such as "+others[0].GetName())
				continue
			}
		}
		if err := s.remove(ctx, there); err != nil {
			return stays, err
		}
	}
	return stays, nil
}
