package cluster

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Denied says whether the API server has understood a request and refuses it for what it is: an
// admission policy, a webhook, a limit of the namespace or the validation of the object. The same
// request is refused again, so trying again is in vain. A missing right is none of these, as it may
// be granted; nor is a quota that is used up, as it may be given back in a moment (OverQuota).
func Denied(err error) bool {
	var status apierrors.APIStatus
	switch {
	case err == nil || !errors.As(err, &status):
		return false
	case deniedByPolicy(err):
		return true
	case apierrors.IsForbidden(err):
		return !isRBAC(err) && !OverQuota(err)
	}
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err)
}

// deniedByPolicy: policies and webhooks answer with any code that their authors like, and say in
// fixed words that it was them. A webhook that did not answer says "failed calling webhook".
func deniedByPolicy(err error) bool {
	text := err.Error()
	return strings.Contains(text, "admission webhook ") && strings.Contains(text, " denied the request") ||
		strings.Contains(text, "ValidatingAdmissionPolicy ") && strings.Contains(text, " denied request")
}

// OverQuota says whether a ResourceQuota is used up. The API server counts what has just been deleted
// a moment longer.
func OverQuota(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota: ")
}
