package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

var secrets = schema.GroupResource{Resource: "secrets"}

func TestKindOf(t *testing.T) {
	cases := map[string]struct {
		reason string
		err    error
		want   Kind
	}{
		"None":         {"No error has no kind.", nil, ""},
		"Refused":      {"No server listens there.", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, Unreachable},
		"Timeout":      {"No server has answered in time.", context.DeadlineExceeded, Unreachable},
		"Stopped":      {"It is us who stopped.", fmt.Errorf("cannot read: %w", context.Canceled), Interrupted},
		"WrongCA":      {"An answer of another server does not count.", x509.UnknownAuthorityError{}, Unreachable},
		"Unauthorized": {"Expired credentials have to be renewed.", apierrors.NewUnauthorized("no"), Forbidden},
		"Forbidden":    {"A right is missing.", apierrors.NewForbidden(secrets, "x", errors.New("no")), Forbidden},
		"NotFound":     {"It is not there.", apierrors.NewNotFound(secrets, "x"), NotFound},
		"NoKind":       {"Its kind is not served.", &meta.NoKindMatchError{}, NotFound},
		"Conflict":     {"It has changed meanwhile.", apierrors.NewConflict(secrets, "x", errors.New("old")), Conflict},
		"Exists":       {"Another client was faster.", apierrors.NewAlreadyExists(secrets, "x"), Conflict},
		"Invalid":      {"The object is wrong.", apierrors.NewInvalid(schema.GroupKind{Kind: "Secret"}, "x", nil), Invalid},
		"BadRequest":   {"The request is wrong.", apierrors.NewBadRequest("no"), Invalid},
		"Busy":         {"The server is overloaded.", apierrors.NewTooManyRequests("later", 1), Unreachable},
		"Internal":     {"The server has stumbled.", apierrors.NewInternalError(errors.New("oops")), Unreachable},
		"Wrapped":      {"Wrapping keeps the kind.", fmt.Errorf("cannot plan: %w", apierrors.NewNotFound(secrets, "x")), NotFound},
		"Own":          {"An *Error says its kind itself.", fmt.Errorf("x: %w", &Error{Kind: Conflict}), Conflict},
		"Unknown":      {"Nothing is known of it.", errors.New("what"), Other},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, KindOf(tc.err)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	c := &Cluster{Side: SideSource, Namespace: "shop", Config: &rest.Config{Host: "https://user:hush@example.org"}}
	rbac := apierrors.NewForbidden(secrets, "", errors.New(`User "u" cannot list resource "secrets" in API group ""`))
	quota := apierrors.NewForbidden(secrets, "x", errors.New("exceeded quota: q"))
	cases := map[string]struct {
		reason string
		err    error
		has    []string
		not    []string
	}{
		"Unreachable": {"The address helps, its password must not show.", &net.OpError{Op: "dial", Err: errors.New("refused")},
			[]string{"cannot list secrets at the source: ", "example.org", "reachable"}, []string{"hush"}},
		"Right": {"A missing right can be granted.", rbac, []string{"Grant this right", "shop"}, nil},
		"Quota": {"A quota is not a right.", quota, []string{"exceeded quota"}, []string{"Grant"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := c.Wrap("list secrets", tc.err)
			if !errors.Is(got, tc.err) {
				t.Errorf("%s\nthe cause is lost", tc.reason)
			}
			for _, w := range tc.has {
				if !strings.Contains(got.Error(), w) {
					t.Errorf("%s\n%q lacks %q", tc.reason, got, w)
				}
			}
			for _, w := range tc.not {
				if strings.Contains(got.Error(), w) {
					t.Errorf("%s\n%q holds %q", tc.reason, got, w)
				}
			}
			if again := c.Wrap("do more", got); again != got {
				t.Errorf("%s\nan *Error was wrapped again: %v", tc.reason, again)
			}
		})
	}
	if c.Wrap("do", nil) != nil {
		t.Error("nil was wrapped")
	}
}

func TestTooOld(t *testing.T) {
	cases := map[string]struct {
		reason string
		found  string
		want   bool
	}{
		"Older":   {"1.28 is older than 1.29.", "v1.28.15", true},
		"Same":    {"1.29 itself is new enough.", "v1.29.0", false},
		"Vendor":  {"Vendors add their own words.", "v1.35.4-gke.100+x", false},
		"Unknown": {"It cannot be told: it is tried.", "master", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := TooOld(SideSource, tc.found, OldestEndpoint) != ""; got != tc.want {
				t.Errorf("%s\ngot %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}

func TestMissingMessage(t *testing.T) {
	want := "the account at the target lacks rights in namespace shop, if that exists; grant them with a Role and a RoleBinding there: " +
		"deployments.apps (create), pods/exec (create), secrets (get list)"
	got := MissingMessage(SideTarget, "shop", []Right{
		{Resource: "secrets", Verb: "get"}, {Resource: "secrets", Verb: "list"},
		{Resource: "pods", Subresource: "exec", Verb: "create"}, {Group: "apps", Resource: "deployments", Verb: "create"}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := MissingMessage(SideTarget, "shop", nil); got != "" {
		t.Errorf("nothing is missing, but: %s", got)
	}
}

func TestNeeds(t *testing.T) {
	for _, side := range []string{SideSource, SideTarget} {
		for _, role := range []Role{RoleData, RoleSwitch} {
			rights := Needs(side, role)
			if len(rights) == 0 {
				t.Errorf("%s/%s needs nothing", side, role)
			}
			seen := map[Right]bool{}
			for _, r := range rights {
				if seen[r] || r.Verb == "" || r.Resource == "" {
					t.Errorf("%s/%s: %q is there twice or not whole", side, role, r)
				}
				seen[r] = true
			}
		}
	}
	for _, r := range Needs(SideSource, RoleData) {
		if r.Group == "apps" && r.Verb != "get" && r.Verb != "list" {
			t.Errorf("the data account may %s at the source: it must not change workloads", r)
		}
	}
}
