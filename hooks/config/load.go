package config

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

// Load reads every .yaml and .yml file of a folder, one mobilizer each. Files whose names
// begin with a dot are left out: a mounted ConfigMap keeps its versions in such.
func Load(dir fs.FS) (map[string]Mobilizer, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("cannot read the folder of mobilizers: %w", err)
	}
	registry := map[string]Mobilizer{}
	from := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		ext := path.Ext(name)
		if strings.HasPrefix(name, ".") || e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("cannot read the mobilizer file %s: %w", name, err)
		}
		m, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("mobilizer file %s: %w", name, err)
		}
		if other, ok := from[m.Metadata.Name]; ok {
			return nil, fmt.Errorf("mobilizer file %s: metadata.name %q is already taken by %s", name, m.Metadata.Name, other)
		}
		from[m.Metadata.Name] = name
		registry[m.Metadata.Name] = m
	}
	return registry, nil
}

// Parse reads one mobilizer. A field that is not known is an error.
func Parse(data []byte) (Mobilizer, error) {
	var m Mobilizer
	if err := yaml.UnmarshalStrict(data, &m); err != nil {
		return Mobilizer{}, fmt.Errorf("cannot decode: %w", err)
	}
	if err := m.validate(); err != nil {
		return Mobilizer{}, err
	}
	return m, nil
}
