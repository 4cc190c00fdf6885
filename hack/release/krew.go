package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

// plugin is the name in krew's index; krew links it as kubectl-kubemove.
const plugin = "kubemove"

// Release of kubectl-move.
type Release struct {
	Version  string
	Archives []Archive
}

// checksums as sha256sum writes and checks them.
func (r *Release) checksums() []byte {
	var b bytes.Buffer
	for _, a := range r.Archives {
		fmt.Fprintf(&b, "%s  %s\n", a.SHA256, a.Name)
	}
	return b.Bytes()
}

//go:embed kubemove.yaml.tmpl
var krewManifest string

// manifest by which krew installs the release.
func (r *Release) manifest() ([]byte, error) {
	t, err := template.New("manifest").Option("missingkey=error").Funcs(template.FuncMap{"program": Platform.program}).Parse(krewManifest)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, r)
	return b.Bytes(), err
}
