package installation

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
)

// Tag of an image; empty: it has none, or a digest alone.
func Tag(image string) string {
	_, tag, _ := split(image)
	return tag
}

// split an image into its name, its tag and its digest; what it does not have is empty.
func split(image string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name, tag = name[:i], name[i+1:]
	}
	return name, tag, digest
}

// Versions of this program and of the hooks, compared.
type Versions struct {
	// Text says both.
	Text string
	// SameMinor: they differ by a patch at most.
	SameMinor bool
}

// OtherMinorHint is what a user does about versions that differ.
const OtherMinorHint = "use a kubectl-move of the minor version that is installed, or upgrade KubeMove"

// Compare the version of this program with that of the hooks' image. An error says which of them is no release.
func Compare(client, image string) (Versions, error) {
	ours, err := version.ParseSemantic(client)
	if err != nil {
		return Versions{}, fmt.Errorf("this program is no release: %s", client)
	}
	theirs, err := version.ParseSemantic(Tag(image))
	if err != nil {
		return Versions{}, fmt.Errorf("the hooks are no release: %s", image)
	}
	return Versions{
		Text:      fmt.Sprintf("this program is v%s, and v%s is installed", ours, theirs),
		SameMinor: ours.Major() == theirs.Major() && ours.Minor() == theirs.Minor(),
	}, nil
}
