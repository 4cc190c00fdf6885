package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Kind says what sort of an error it is, and so what can be done about it.
type Kind string

// The kinds of errors.
const (
	// Unreachable: no answer, or none that counts; it may pass.
	Unreachable Kind = "Unreachable"
	// Forbidden: the credentials are refused or lack a right.
	Forbidden Kind = "Forbidden"
	// Invalid: what was sent, or the kubeconfig, is wrong; trying again is useless.
	Invalid Kind = "Invalid"
	// Conflict: it has changed, or exists, meanwhile; read again.
	Conflict Kind = "Conflict"
	// NotFound: it, its namespace or its kind is not there.
	NotFound Kind = "NotFound"
	// Interrupted: the task itself was told to stop.
	Interrupted Kind = "Interrupted"
	// Other: anything else.
	Other Kind = "Other"
)

// Error is an error at an endpoint, with a message for people.
type Error struct {
	Kind Kind
	// Side of the endpoint: source, target or home.
	Side string
	// Message: what was found, what was expected, one way to fix it.
	Message string
	// Err is the cause, where there is one.
	Err error

	// reason, where the kind alone does not tell it.
	reason string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Reason of a blocker or condition that fits the kind.
func (e *Error) Reason() string {
	if e.reason != "" {
		return e.reason
	}
	if Denied(e.Err) && e.Side == SideSource {
		return api.ReasonRejectedBySource
	}
	if Denied(e.Err) {
		return api.ReasonRejected
	}
	switch e.Kind {
	case Unreachable:
		return api.ReasonEndpointUnreachable
	case Forbidden:
		return api.ReasonForbidden
	case Invalid:
		return api.ReasonRejected
	case NotFound:
		return "NotFound"
	case Conflict:
		return "Conflict"
	default:
		return api.ReasonFailed
	}
}

// KindOf classifies any error; empty for nil.
func KindOf(err error) Kind {
	var e *Error
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Interrupted
	case meta.IsNoMatchError(err):
		return NotFound
	case errors.As(err, &status):
		return statusKind(status)
	case isNetwork(err):
		return Unreachable
	}
	return Other
}

func statusKind(s apierrors.APIStatus) Kind {
	code := s.Status().Code
	switch {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return Forbidden
	case code == http.StatusNotFound, code == http.StatusGone:
		return NotFound
	case code == http.StatusConflict:
		return Conflict
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return Unreachable
	case code >= 400:
		return Invalid
	}
	return Other
}

// isNetwork: the request did not get an answer of the API server.
func isNetwork(err error) bool {
	var netErr net.Error
	var ca x509.UnknownAuthorityError
	var host x509.HostnameError
	var cert x509.CertificateInvalidError
	return errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &ca) || errors.As(err, &host) || errors.As(err, &cert)
}

// Wrap gives an error its side and a message: "cannot VERB OBJECT at the SIDE: ...". An error
// that has them already, and nil, pass unchanged.
func (c *Cluster) Wrap(doing string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	kind := KindOf(err)
	return &Error{Kind: kind, Side: c.Side, Err: err,
		Message: fmt.Sprintf("cannot %s at the %s: %s%s", doing, c.Side, c.clientMessage(err), advice(kind, c, err))}
}

// advice is one way to fix an error, where there is a likely one.
func advice(kind Kind, c *Cluster, err error) string {
	account := "the kubeconfig's account"
	if c.InCluster {
		account = "the Pod's account"
	}
	var ca x509.UnknownAuthorityError
	switch {
	case errors.As(err, &ca):
		return ". The kubeconfig lacks the cluster's certificate authority: put it into certificate-authority-data"
	case kind == Unreachable:
		return fmt.Sprintf(". Check that %s is reachable from the home cluster", c.host())
	case kind == Forbidden && apierrors.IsUnauthorized(err):
		return fmt.Sprintf(". The credentials of %s are refused or have expired: renew them in the Secret", account)
	case kind == Forbidden && isRBAC(err):
		return fmt.Sprintf(". Grant this right to %s in namespace %s", account, c.Namespace)
	}
	return ""
}

// isRBAC tells a missing right from other refusals, such as those of quotas and policies.
func isRBAC(err error) bool {
	return strings.Contains(err.Error(), " cannot ") && strings.Contains(err.Error(), " resource ")
}

// host is the address of the API server, without anything secret.
func (c *Cluster) host() string {
	if c.Config == nil {
		return "the API server"
	}
	u, err := url.Parse(c.Config.Host)
	if err != nil || u.Host == "" {
		return "the API server"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}
