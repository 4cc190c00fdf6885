package restic

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// diagnosis is what may be wrong with a repository of the user's own, recognised by what restic
// 0.18.1, and the servers through it, print.
type diagnosis struct {
	reason string
	// says is part of the text, in lower case.
	says []string
	// damaged: it is how restic speaks of a damaged repository.
	damaged bool
	// codes of restic.
	codes []int
	// passes: restic repeats what it was doing, and is right to.
	passes bool
	// fix for people.
	fix string
}

// diagnoses, the surest first.
var diagnoses = []diagnosis{
	{
		reason: api.ReasonRepositoryPassword, codes: []int{exitWrongPassword},
		says: []string{"wrong password or no key found"},
		fix: "another channel, or an earlier one of the same name, has made this repository, and its password is gone with that: " +
			"remove this folder, or choose another prefix in the parameter repository",
	},
	{
		reason: api.ReasonRepositoryLocked, codes: []int{exitLocked},
		says: []string{"repository is already locked", "invalid lock file"},
		fix:  "another client works on this repository: wait until that has ended; if it was killed, remove its lock with `restic unlock`",
	},
	{
		reason: api.ReasonRepositoryDamaged, damaged: true,
		fix: "it is damaged: look at it with `restic check`, repair it with `restic repair index`, `restic repair packs` " +
			"and `restic repair snapshots --forget`, " +
			"or choose another place in the parameter repository, where everything is sent again",
	},
	{
		reason: api.ReasonRepositoryFull,
		says: []string{"insufficient storage", "(507)", "storagefull", "quotaexceeded", "quota exceeded", "quota has been exceeded",
			"minimum free drive threshold", "no space left on device", "disk quota exceeded"},
		fix: "make room where the repository lies, or raise its quota",
	},
	{
		reason: api.ReasonRepositoryCertificate,
		says: []string{"certificate signed by unknown authority", "certificate is not trusted", "failed to verify certificate",
			"server gave http response to https client"},
		fix: "put the certificate of the authority that has signed the server's, in PEM, into the Secret of credentialsSecretRef as ca.crt",
	},
	{
		reason: api.ReasonRepositoryCertificate,
		says:   []string{"unable to read root certificate", "cannot parse root certificate"},
		fix:    "ca.crt in the Secret of credentialsSecretRef is no certificate in PEM: correct it",
	},
	{
		reason: api.ReasonRepositoryDenied,
		says: []string{"(401)", "(403)", "unauthorized", "forbidden", "access denied", "accessdenied",
			"access key id you provided does not exist",
			"provided access key id", "invalidaccesskeyid", "signature we calculated does not match", "signaturedoesnotmatch",
			"token has expired", "expiredtoken", "security token", "no credentials found",
			"($aws_access_key_id) is empty", "($aws_secret_access_key) is empty",
			"permission denied"},
		fix: "correct the keys in the Secret of credentialsSecretRef, or give that account the right to list, read, write and delete there",
	},
	{
		reason: api.ReasonRepositoryNotFound,
		says:   []string{"bucket does not exist", "nosuchbucket", "(400)", "(404)", "(405)"},
		fix:    "make the bucket, or correct the parameter repository (http or https, and rest-server takes at most one folder as the prefix)",
	},
	{
		reason: api.ReasonRepositoryUnreachable, passes: true,
		says: []string{"connection refused", "no such host", "i/o timeout", "no route to host", "network is unreachable", "connection reset",
			"tls handshake timeout", "server misbehaving", "context deadline exceeded", "unexpected eof", ": eof",
			"(500)", "(502)", "(503)", "(504)",
			"service unavailable", "reduce your request rate", "bad gateway"},
		fix: "start the server, correct the parameter repository, or let the network between this cluster and the server pass",
	},
}

// diagnose finds out what a text of restic, or its exit code, speaks of; nil: nothing known.
func diagnose(text string, code int) *diagnosis {
	lower := strings.ToLower(text)
	for i := range diagnoses {
		d := &diagnoses[i]
		if slices.Contains(d.codes, code) || d.damaged && damaged(text) ||
			slices.ContainsFunc(d.says, func(says string) bool { return strings.Contains(lower, says) }) {
			return d
		}
	}
	return nil
}

// repeats is what restic says before it tries something again.
const repeats = "returned error, retrying after"

// hopeless tells whether restic goes on repeating what only a person can fix: it would for a
// quarter of an hour, while the application may be stopped.
func hopeless(line string) bool {
	if !strings.Contains(line, repeats) {
		return false
	}
	d := diagnose(line, 0)
	return d != nil && !d.passes
}

// repositoryError is an error of a repository of the user's own.
type repositoryError struct {
	error
	reason string
	// passes: the next try may do better.
	passes bool
}

// Unwrap returns the error that is wrapped.
func (e *repositoryError) Unwrap() error { return e.error }

// explain says what is wrong with a repository of the user's own, and what to do. Errors of
// the managed one, and those that are not known, stay as they are.
func (r repository) explain(err error) error {
	var e *runError
	var known *repositoryError
	// What is permanent was told by other signs, such as a volume that is full.
	var local *permanent
	if err == nil || r.place.managed() || errors.As(err, &known) || errors.As(err, &local) || !errors.As(err, &e) {
		return err
	}
	d := diagnose(e.Error(), e.Code)
	if d == nil {
		return err
	}
	fix := d.fix
	if r.place.remote == "" {
		fix = d.claimFix()
	}
	return &repositoryError{reason: d.reason, passes: d.passes,
		error: fmt.Errorf("the repository %s: %s: %w", r.location, fix, err)}
}

// claimFix is the fix for a repository in a claim of the user's own, where that is another.
func (d *diagnosis) claimFix() string {
	switch d.reason {
	case api.ReasonRepositoryFull:
		return "make the claim larger, or remove from it what is not needed"
	case api.ReasonRepositoryDenied:
		return fmt.Sprintf("the worker runs as user %d, like the workload, and may not read or write everything there: "+
			"let that user", os.Getuid())
	case api.ReasonRepositoryPassword:
		return "another channel, or an earlier one of the same name, has made this repository, and its password is gone with that: " +
			"remove this folder from the claim, or choose another claim"
	}
	return d.fix
}
