package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// answered is what an API server answers with any code.
func answered(code int32, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: message, Reason: reasonOf(code)}}
}

func reasonOf(code int32) metav1.StatusReason {
	switch code {
	case http.StatusForbidden:
		return metav1.StatusReasonForbidden
	case http.StatusUnprocessableEntity:
		return metav1.StatusReasonInvalid
	case http.StatusUnauthorized:
		return metav1.StatusReasonUnauthorized
	case http.StatusConflict:
		return metav1.StatusReasonConflict
	case http.StatusRequestEntityTooLarge:
		return metav1.StatusReasonRequestEntityTooLarge
	}
	return metav1.StatusReasonInternalError
}

func TestDenied(t *testing.T) {
	policy := `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'min' with binding 'min' denied request: one replica at least`
	webhook := `admission webhook "min.example.com" denied the request: one replica at least`
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	cases := map[string]struct {
		reason        string
		err           error
		denied, quota bool
	}{
		"None":         {"Nothing was refused.", nil, false, false},
		"Policy":       {"A policy without a reason answers 422.", answered(http.StatusUnprocessableEntity, policy), true, false},
		"PolicyForbid": {"It may choose another code.", answered(http.StatusForbidden, policy), true, false},
		"PolicyLogin":  {"Even that of refused credentials.", answered(http.StatusUnauthorized, policy), true, false},
		"Webhook":      {"A webhook's code is usually 403.", answered(http.StatusForbidden, webhook), true, false},
		"WebhookOther": {"But any code may be chosen, also one that else means that the server has stumbled.",
			answered(http.StatusInternalServerError, webhook), true, false},
		"WebhookStale": {"Or that the object has changed.", answered(http.StatusConflict, webhook), true, false},
		"Wrapped": {"Wrapping keeps it.",
			(&Cluster{Side: SideTarget}).Wrap("create it", answered(http.StatusForbidden, webhook)), true, false},
		"Limit": {"A LimitRange or Pod security.",
			apierrors.NewForbidden(deployments, "web", errors.New("maximum cpu usage per Container is 1, but limit is 2")), true, false},
		"Ending": {"A namespace that is being deleted takes nothing any more.", apierrors.NewForbidden(deployments, "web",
			errors.New("unable to create new content in namespace shop because it is being terminated")), true, false},
		"Invalid":    {"The object is wrong.", apierrors.NewInvalid(schema.GroupKind{Kind: "Secret"}, "x", nil), true, false},
		"BadRequest": {"The request is wrong.", apierrors.NewBadRequest("no"), true, false},
		"TooLarge":   {"It will not become smaller.", answered(http.StatusRequestEntityTooLarge, "too large"), true, false},
		"Quota": {"Others may give something back.", apierrors.NewForbidden(deployments, "web",
			errors.New("exceeded quota: small, requested: count/deployments.apps=1, used: 1, limited: 1")), false, true},
		"Right": {"A right may be granted.", apierrors.NewForbidden(deployments, "web",
			errors.New(`User "u" cannot update resource "deployments" in API group "apps" in the namespace "shop"`)), false, false},
		"Unanswered": {"A webhook that is down may come back.",
			answered(http.StatusInternalServerError, `Internal error occurred: failed calling webhook "min.example.com": connection refused`),
			false, false},
		"Conflict":    {"It has changed: read again.", apierrors.NewConflict(deployments, "web", errors.New("old")), false, false},
		"Credentials": {"They may be renewed.", apierrors.NewUnauthorized("expired"), false, false},
		"Network":     {"There was no answer at all, whatever the text is.", fmt.Errorf("cannot say: %s", webhook), false, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Denied(tc.err); got != tc.denied {
				t.Errorf("%s Denied(%v) = %t", tc.reason, tc.err, got)
			}
			if got := OverQuota(tc.err); got != tc.quota {
				t.Errorf("%s OverQuota(%v) = %t", tc.reason, tc.err, got)
			}
		})
	}
}

// TestReasonOfDenied: a condition says which side refuses, not that a right is missing.
func TestReasonOfDenied(t *testing.T) {
	denial := answered(http.StatusForbidden, `admission webhook "min.example.com" denied the request: no`)
	right := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "",
		errors.New(`User "u" cannot list resource "secrets" in API group ""`))
	cases := map[string]struct {
		reason string
		side   string
		err    error
		want   string
	}{
		"Source": {"The source refuses.", SideSource, denial, api.ReasonRejectedBySource},
		"Target": {"The target refuses.", SideTarget, denial, api.ReasonRejected},
		"Right":  {"A right is missing.", SideSource, right, api.ReasonForbidden},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var e *Error
			if !errors.As((&Cluster{Side: tc.side}).Wrap("do it", tc.err), &e) || e.Reason() != tc.want {
				t.Errorf("%s got %q, want %q", tc.reason, e.Reason(), tc.want)
			}
		})
	}
}
