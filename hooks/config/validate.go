package config

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubemove/kubemove/task"
)

// validate says what is wrong with a mobilizer, naming the field.
func (m Mobilizer) validate() error {
	switch {
	case m.APIVersion != APIVersion:
		return fmt.Errorf("apiVersion is %q, expected %q", m.APIVersion, APIVersion)
	case m.Kind != Kind:
		return fmt.Errorf("kind is %q, expected %q", m.Kind, Kind)
	}
	if problems := validation.IsDNS1123Label(m.Metadata.Name); len(problems) > 0 || len(m.Metadata.Name) > 40 {
		return fmt.Errorf("metadata.name is %q, expected at most 40 lower-case letters, digits and dashes", m.Metadata.Name)
	}
	if m.Spec.Type == Driver {
		return fmt.Errorf("spec.type is %s, expected %s: a %s is not run yet by plans and final runs. "+
			"Have the image carry out the sides of a %s (docs/contract.md), "+
			"or remove the file from the folder of mobilizers", Driver, Worker, Driver, Worker)
	}
	if m.Spec.Type != Worker {
		return fmt.Errorf("spec.type is %q, expected %s", m.Spec.Type, Worker)
	}
	if m.Spec.Image == "" || strings.ContainsAny(m.Spec.Image, " \t\n") {
		return fmt.Errorf("spec.image is %q, expected the reference of an image", m.Spec.Image)
	}
	for verb, command := range m.Spec.Command {
		if verb != task.VerbSync && verb != task.VerbOpen {
			return fmt.Errorf("spec.command has the verb %q, expected %s or %s", verb, task.VerbSync, task.VerbOpen)
		}
		if len(command) == 0 || command[0] == "" {
			return fmt.Errorf("spec.command.%s is empty: name a program, or remove it to use the image's entry point", verb)
		}
	}
	if err := names("spec.parameters", m.Spec.Parameters); err != nil {
		return err
	}
	return m.validatePlace()
}

// validatePlace is validate for what concerns places of the user's own.
func (m Mobilizer) validatePlace() error {
	if err := names("spec.credentials", m.Spec.Credentials); err != nil {
		return err
	}
	if slices.Contains(m.Spec.Credentials, task.PasswordKey) {
		return fmt.Errorf("spec.credentials has %q, which is the file that KubeMove itself makes: choose another name", task.PasswordKey)
	}
	p := m.Spec.StateParameter
	if p != "" && (!m.Spec.State || !slices.Contains(m.Spec.Parameters, p)) {
		return fmt.Errorf("spec.stateParameter is %q, expected state: true and one of the names in spec.parameters", p)
	}
	return nil
}

// names are different from each other, and fit for a file.
func names(field string, list []string) error {
	seen := map[string]bool{}
	for i, name := range list {
		if len(validation.IsConfigMapKey(name)) > 0 {
			return fmt.Errorf("%s[%d] is %q, expected letters, digits, dots, dashes and underscores", field, i, name)
		}
		if seen[name] {
			return fmt.Errorf("%s[%d] repeats %q", field, i, name)
		}
		seen[name] = true
	}
	return nil
}
