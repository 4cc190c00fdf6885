package restic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/kubemove/kubemove/task"
)

// place is where the repository of a volume lies.
type place struct {
	// remote is the location in restic's words, of a repository that both sides reach by
	// themselves; empty: it is a folder at the target, which the source reaches through the peer.
	remote string
	// folder at the target, beneath the state; empty: the managed one.
	folder string
}

// managed: the repository is KubeMove's own, and may be made anew at will.
func (p place) managed() bool { return p.remote == "" && p.folder == "" }

// maxFolder bounds the name of a folder in bytes; file systems take 255.
const maxFolder = 200

// newPlace finds the place of a volume's repository below the one that the user has named. One
// repository has one writer, so it is that of the channel and the claim alone.
func newPlace(parameter string, channel *task.Channel, volume string) (place, error) {
	if parameter == "" {
		return place{}, nil
	}
	if channel == nil || channel.Namespace == "" || channel.Name == "" {
		return place{}, errors.New("the task names no channel, which a repository of the user's own is named after: use programs of one version")
	}
	parts := []string{channel.Namespace, channel.Name, volume}
	scheme, rest, _ := strings.Cut(parameter, ":")
	switch scheme {
	case "claim":
		return place{folder: filepath.Join(parts...)}, nil
	case "s3":
		at, err := s3Location(rest)
		return place{remote: "s3:" + at + "/" + path.Join(parts...)}, err
	case "rest":
		at, err := restLocation(rest)
		// rest-server takes at most two folders, and none with the name of one of restic's own,
		// such as data: so it is one folder, whose name none of the three can hold.
		return place{remote: "rest:" + at + "/" + oneFolder(parts)}, err
	}
	return place{}, errors.New("parameter repository begins with none of s3:, rest: and claim:, expected " +
		"s3:https://HOST/BUCKET/PREFIX, rest:https://HOST/PREFIX or claim:NAME")
}

// oneFolder joins names that hold no underscore to one. A long one ends in a hash.
func oneFolder(parts []string) string {
	name := strings.Join(parts, "_")
	if len(name) <= maxFolder {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:maxFolder-17] + "_" + hex.EncodeToString(sum[:8])
}

// s3Location checks HOST/BUCKET/PREFIX, with or without http(s)://, and returns it without
// slashes at its end.
func s3Location(text string) (string, error) {
	full := text
	if !strings.Contains(text, "://") {
		full = "https://" + strings.TrimPrefix(text, "//")
	}
	u, err := parseURL(full)
	if err == nil && strings.Trim(u.Path, "/") == "" {
		err = errors.New("it names no bucket")
	}
	if err != nil {
		return "", fmt.Errorf("parameter repository: %w: expected s3:https://HOST/BUCKET/PREFIX", err)
	}
	return strings.TrimRight(text, "/"), nil
}

// restLocation checks http(s)://HOST/PREFIX and returns it without slashes at its end.
func restLocation(text string) (string, error) {
	if _, err := parseURL(text); err != nil {
		return "", fmt.Errorf("parameter repository: %w: expected rest:https://HOST/PREFIX", err)
	}
	return strings.TrimRight(text, "/"), nil
}

// parseURL takes http(s)://HOST/PATH and nothing else.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error of the parser repeats the text, which may hold a password: nothing is quoted.
		return nil, errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it does not begin with http:// or https://")
	case u.Host == "":
		return nil, errors.New("it names no host")
	case u.User != nil:
		return nil, errors.New("it holds a user, which belongs into the Secret of credentialsSecretRef")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it holds a ? or a #")
	}
	return u, nil
}
