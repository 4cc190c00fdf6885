package restic

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

func TestNewPlace(t *testing.T) {
	long := strings.Repeat("a", 120)
	cases := map[string]struct {
		reason    string
		parameter string
		volume    string
		remote    string
		folder    string
		bad       string
	}{
		"none": {reason: "the managed one", volume: "data"},
		"S3": {
			reason: "a folder for each channel and claim", parameter: "s3:https://s3.example.com/bucket/prefix",
			volume: "data", remote: "s3:https://s3.example.com/bucket/prefix/home/shop-dst/data",
		},
		"S3 bucket": {
			reason: "a prefix is not needed", parameter: "s3:https://s3.example.com/bucket/", volume: "data",
			remote: "s3:https://s3.example.com/bucket/home/shop-dst/data",
		},
		"S3 short": {
			reason: "restic's other form", parameter: "s3:s3.amazonaws.com/bucket", volume: "data",
			remote: "s3:s3.amazonaws.com/bucket/home/shop-dst/data",
		},
		"S3 slashes": {
			reason: "restic's third form", parameter: "s3://s3.amazonaws.com/bucket", volume: "data",
			remote: "s3://s3.amazonaws.com/bucket/home/shop-dst/data",
		},
		"REST": {
			reason: "data is a word of rest-server's own", parameter: "rest:https://host:8000/prefix", volume: "data",
			remote: "rest:https://host:8000/prefix/home_shop-dst_data",
		},
		"REST host": {
			reason: "a prefix is not needed", parameter: "rest:http://host:8000", volume: "a.b",
			remote: "rest:http://host:8000/home_shop-dst_a.b",
		},
		"REST long": {
			reason: "a file system takes 255 bytes", parameter: "rest:http://h", volume: long + long,
			remote: "rest:http://h/home_shop-dst_" + (long + long)[:169] + "_c4416e7829a13ca4",
		},
		"claim": {
			reason: "a folder for each channel and claim", parameter: "claim:backups", volume: "data",
			folder: "home/shop-dst/data",
		},
		"S3 no bucket": {reason: "restic would say so much later", parameter: "s3:https://s3.example.com/", volume: "data", bad: "bucket"},
		"S3 password": {
			reason: "a secret is for a Secret", parameter: "s3:https://me:hush@host/bucket", volume: "data",
			bad: "credentialsSecretRef",
		},
		"REST password": {
			reason: "a secret is for a Secret", parameter: "rest:https://me:hush@host/x", volume: "data",
			bad: "credentialsSecretRef",
		},
		"REST no scheme": {reason: "restic would take it for a path", parameter: "rest:host/x", volume: "data", bad: "http"},
		"REST no host":   {reason: "no server to ask", parameter: "rest:https:///x", volume: "data", bad: "no host"},
		"REST query":     {reason: "the folder would go astray", parameter: "rest:https://host/x?y=z", volume: "data", bad: "?"},
		"S3 slash": {
			reason: "the parser takes a part of the password for the port", parameter: "s3:https://me:hush/x@host/bucket",
			volume: "data", bad: "parameter repository",
		},
		"REST space": {
			reason: "the parser's error quotes the address", parameter: "rest:https://me:hush x@host/bucket", volume: "data",
			bad: "parameter repository",
		},
		"REST escape": {
			reason: "so it does with a bad escape", parameter: "rest:https://me:%zzhush@host/bucket", volume: "data",
			bad: "parameter repository",
		},
		"REST token": {
			reason: "what stands before a colon need not be a scheme", parameter: "rest:hush:x@host", volume: "data",
			bad: "http",
		},
		"SFTP": {
			reason: "an address without slashes can hold a password", parameter: "sftp:me:hush@host:/x", volume: "data",
			bad: "claim:NAME",
		},
		"a token":         {reason: "and what is none at all may be one", parameter: "hush", volume: "data", bad: "claim:NAME"},
		"another backend": {reason: "it needs more than these credentials", parameter: "b2:bucket", volume: "data", bad: "claim:NAME"},
		"a path":          {reason: "there is no such folder in a Pod", parameter: "/srv/restic", volume: "data", bad: "claim:NAME"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := newPlace(tc.parameter, &task.Channel{Namespace: "home", Name: "shop-dst"}, tc.volume)
			if tc.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tc.bad) || strings.Contains(err.Error(), "hush") {
					t.Errorf("%s: error = %v, want one with %q and no password", tc.reason, err, tc.bad)
				}
				return
			}
			if err != nil || got != (place{remote: tc.remote, folder: tc.folder}) {
				t.Errorf("%s: got %+v, %v", tc.reason, got, err)
			}
		})
	}
	if _, err := newPlace("claim:x", nil, "data"); err == nil {
		t.Error("without a channel two of them would share a repository")
	}
}

func TestReadCredentials(t *testing.T) {
	cases := map[string]struct {
		reason string
		files  map[string]string
		want   []string
		secret []string
		bad    string
	}{
		"none": {reason: "a server may ask for nothing", files: map[string]string{"password": "p"}},
		"all": {
			reason: "each key is a variable of restic's",
			files: map[string]string{"AWS_ACCESS_KEY_ID": "id\n", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token",
				"AWS_DEFAULT_REGION":   "eu",
				"RESTIC_REST_USERNAME": "me", "RESTIC_REST_PASSWORD": "pass"},
			want: []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_SESSION_TOKEN=token", "AWS_DEFAULT_REGION=eu",
				"RESTIC_REST_USERNAME=me", "RESTIC_REST_PASSWORD=pass"},
			secret: []string{"id", "key", "token", "pass"},
		},
		"others": {
			reason: "nothing else may steer restic",
			files:  map[string]string{"RESTIC_PASSWORD_COMMAND": "sh", "LD_PRELOAD": "x", "RESTIC_FEATURES": "y"},
		},
		"two lines": {
			reason: "an environment has lines", files: map[string]string{"AWS_SESSION_TOKEN": "first\nsecond"},
			bad: "AWS_SESSION_TOKEN",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range tc.files {
				must(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600))
			}
			got, err := readCredentials(dir)
			if (err != nil) != (tc.bad != "") || err != nil && (!strings.Contains(err.Error(), tc.bad) || strings.Contains(err.Error(), "first")) {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if tc.bad != "" {
				return
			}
			if diff := cmp.Diff([][]string{tc.want, tc.secret}, [][]string{got.environment, got.secrets}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestExplain: texts of restic 0.18.1 and of servers that it has met.
func TestExplain(t *testing.T) {
	own := repository{location: "s3:https://host/bucket", place: place{remote: "s3:https://host/bucket"}}
	cases := map[string]struct {
		reason string
		text   string
		code   int
		want   string
		passes bool
	}{
		"password": {"by its code", "Fatal: wrong password or no key found", exitWrongPassword, api.ReasonRepositoryPassword, false},
		"locked": {
			"by its code",
			"unable to create lock in backend: repository is already locked exclusively by PID 7 on laptop by me (UID 1, GID 1)",
			exitLocked, api.ReasonRepositoryLocked, false,
		},
		"AWS key": {
			"Amazon's words", "Stat: The AWS Access Key Id you provided does not exist in our records.", 1,
			api.ReasonRepositoryDenied, false,
		},
		"AWS token":  {"Amazon's words", "Stat: The provided token has expired.", 1, api.ReasonRepositoryDenied, false},
		"AWS policy": {"Amazon's words", "client.PutObject: Access Denied.", 1, api.ReasonRepositoryDenied, false},
		"REST full":  {"rest-server's words", "unexpected HTTP response (507): 507 Insufficient Storage", 1, api.ReasonRepositoryFull, false},
		"MinIO full": {
			"MinIO's words",
			"Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.", 1,
			api.ReasonRepositoryFull, false,
		},
		"Ceph quota": {"a code without words", "Error response code QuotaExceeded.", 1, api.ReasonRepositoryFull, false},
		"refused":    {"no process listens", "dial tcp 10.0.0.1:443: connect: connection refused", 1, api.ReasonRepositoryUnreachable, true},
		"busy": {
			"the server is there, and will be better", "unexpected HTTP response (503): 503 Service Unavailable", 1,
			api.ReasonRepositoryUnreachable, true,
		},
		"damaged": {
			"by its words, not by that of a file",
			"tree ab could not be loaded; the repository could be damaged: ReadFull(<data/ab>): The specified key does not exist.",
			exitPartial, api.ReasonRepositoryDamaged, false,
		},
		"cut off": {
			"that it cannot be read now is no damage",
			"tree ab could not be loaded; the repository could be damaged: ReadFull(<data/ab>): connection reset by peer",
			exitPartial, api.ReasonRepositoryUnreachable, true,
		},
		"unknown": {"what is not known is not dressed up", "Fatal: number of used blobs is 5", 1, "", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := own.explain(&runError{Verb: "backup", Code: tc.code, Problems: []string{tc.text}, Count: 1})
			var got *repositoryError
			if errors.As(err, &got) != (tc.want != "") || got != nil && (got.reason != tc.want || got.passes != tc.passes) {
				t.Errorf("%s: got %+v", tc.reason, err)
			}
			full := []string{"/a: write /a: no space left on device"}
			if local := restoreError(&runError{Verb: "restore", Code: 1, Problems: full, Count: 1}); own.explain(local) != local {
				t.Errorf("the target's volume is full, not the repository: %v", own.explain(local))
			}
			if managed := (repository{}).explain(err); managed != err {
				t.Errorf("%s: the managed repository has other remedies: %v", tc.reason, managed)
			}
		})
	}
}
