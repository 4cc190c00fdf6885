package fault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// API puts what an API server, or the way to it, has answered into words. An Error stays as it is, nil stays nil, and so does
// the end of a context. failed says what was tried, and on which object.
func API(failed string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	e := &Error{Failed: failed, Reason: err.Error(), Code: Failed, Err: err}
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		e.answered(status.Status())
	case clientcmd.IsEmptyConfig(err), clientcmd.IsContextNotFound(err), clientcmd.IsConfigurationInvalid(err):
		e.Code, e.Reason = Usage, "the kubeconfig names no cluster that can be used: "+err.Error()
		e.Try = []string{"kubectl", "config", "get-contexts"}
	case errors.Is(err, context.DeadlineExceeded), EndsSoon(err):
		e.Code, e.Reason = TimedOut, "the API server has not answered in time"
	case isUnreachable(err):
		e.Transient = true
		e.Reason = "the API server cannot be reached: " + innermost(err).Error()
		e.Try = []string{"kubectl", "cluster-info"}
	}
	return e
}

// answered is the answer of an API server.
func (e *Error) answered(s metav1.Status) {
	switch {
	case s.Code == 401:
		e.Reason = "the API server does not accept the credentials of the kubeconfig: they are wrong or have expired"
		e.Try = []string{"kubectl", "auth", "whoami"}
	case s.Code == 403:
		e.forbidden(s)
	case s.Code == 404 && isNotServed(s):
		e.Reason = "KubeMove is not installed in this cluster: it does not serve " + api.GroupVersion.String()
		e.Try = []string{"kubectl", "config", "get-contexts"}
	case s.Code == 404:
		e.Reason = "it is not there: " + s.Message
	case s.Code == 409:
		e.Reason = "it was changed at the same time, or another field manager has the field: " + s.Message
	case s.Code == 429, s.Code == 502, s.Code == 503, s.Code == 504:
		e.Transient = true
		e.Reason = "the API server has a trouble of its own: " + s.Message
	default:
		e.Reason = s.Message
	}
}

// isNotServed says whether the kind is what was not found, and not an object of it.
func isNotServed(s metav1.Status) bool {
	return s.Details == nil || s.Details.Name == "" || strings.Contains(s.Message, "could not find the requested resource")
}

// denied is how RBAC says what was not allowed; what follows are its own reasons.
var denied = regexp.MustCompile(`User "([^"]*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?`)

// forbidden says which rule is missing.
func (e *Error) forbidden(s metav1.Status) {
	m := denied.FindStringSubmatch(s.Message)
	if m == nil {
		e.Reason = s.Message
		return
	}
	user, verb, resource, group, namespace := m[1], m[2], m[3], m[4], m[5]
	where := "in a Role of namespace " + namespace
	if namespace == "" {
		where = "in a ClusterRole"
	}
	e.Reason = fmt.Sprintf("user %s lacks the rule {apiGroups: [%q], resources: [%q], verbs: [%q]} %s", user, group, resource, verb, where)
	resource, sub, _ := strings.Cut(resource, "/")
	words := []string{"kubectl", "auth", "can-i", verb, strings.TrimSuffix(resource+"."+group, ".")}
	if sub != "" {
		words = append(words, "--subresource", sub)
	}
	if namespace != "" {
		words = append(words, "--namespace", namespace)
	} else {
		words = append(words, "--all-namespaces")
	}
	e.Try = words
}

// IsTransient says whether the same request may succeed a moment later: an API server restarts now and then.
func IsTransient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Transient
}

// EndsSoon says whether a request was not sent because its context would end before the client's own rate limit lets it. The limiter
// says so at once, while the context still goes on, and has no error of its own for it.
func EndsSoon(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(err.Error(), "would exceed context deadline") {
			return true
		}
	}
	return false
}

// IsNotFound says whether an object, or its kind, is not there.
func IsNotFound(err error) bool { return apierrors.IsNotFound(err) }

// IsForbidden says whether the user may not do that.
func IsForbidden(err error) bool { return apierrors.IsForbidden(err) }

func isUnreachable(err error) bool {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	_, ok := errors.AsType[*url.Error](err)
	return ok
}

// innermost error of a request: its address was said by the kubeconfig.
func innermost(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
