package application

import (
	"encoding/json"
	"strings"
)

// Changes says what differs between what a plan of the hash would have done and what another one would
// do, each as OBJECT: PATHS, in the order of the later one. It names no values. The former plan may
// lack the values of Secrets and patches, as a stored one does: these are what is left to differ when
// nothing else does.
func Changes(hash string, was, is *Plan) []string {
	var out []string
	say := func(what string, d differ) {
		if len(d.found) > 0 {
			out = append(out, what+": "+paths(d.found))
		}
	}
	a, b := was.parts(), is.parts()
	for _, part := range b.order {
		if a.values[part] == nil {
			out = append(out, part+" is new")
			continue
		}
		d := differ{secret: true}
		d.maps("", a.values[part], b.values[part])
		say(part, d)
	}
	for _, part := range a.order {
		if b.values[part] == nil {
			out = append(out, part+" is there no more")
		}
	}
	if len(out) == 0 && hash != is.Hash() {
		out = append(out, "values of Secrets, or of patches")
	}
	return out
}

// paths of differences, in few words.
func paths(found []Difference) string {
	const most = 3
	var out []string
	for _, d := range found {
		out = append(out, d.Path)
	}
	text := strings.Join(out[:min(len(out), most)], ", ")
	if len(out) > most {
		text += " and more"
	}
	return text
}

// parts of a plan that its hash covers, by what people call them.
type parts struct {
	order  []string
	values map[string]map[string]any
}

func (p *Plan) parts() parts {
	out := parts{values: map[string]map[string]any{}}
	workloads, objects := p.compared()
	for _, o := range objects {
		value := asMap(o.Object.Object)
		if o.kind() == kindSecret {
			hideValues(value)
		}
		// What else is approved of it: when it is created, and whether its content is.
		value["phase"], value["written"], value["source"] = string(o.Phase), o.Written, o.Source
		out.add(o.Ref.String(), value)
	}
	for _, w := range workloads {
		out.add(w.Ref.String()+" at the source", asMap(w))
	}
	for _, v := range p.comparedVolumes() {
		out.add("volume "+v.Name, asMap(v))
	}
	for _, r := range p.Requires {
		out.add("the requirement "+r.Ref.String(), asMap(r))
	}
	out.add("the move", asMap(map[string]any{
		"engine": p.Engine, "source": p.SourceNamespace, "target": p.TargetNamespace, "sourceCluster": p.SourceCluster,
		"targetCluster": p.TargetCluster, "data": p.Data, "contents": p.Contents,
	}))
	return out
}

func (p *parts) add(name string, value map[string]any) {
	if p.values[name] == nil {
		p.order = append(p.order, name)
		p.values[name] = value
	}
}

// hideValues of a Secret, as those of a stored plan are.
func hideValues(secret map[string]any) {
	hide := func(value any) {
		values, _ := value.(map[string]any)
		for key := range values {
			values[key] = "hidden"
		}
	}
	hide(secret["data"])
	hide(secret["stringData"])
	if metadata, _ := secret["metadata"].(map[string]any); metadata != nil {
		hide(metadata["annotations"])
	}
}

// asMap is a copy of a value as its JSON is.
func asMap(value any) map[string]any {
	out := map[string]any{}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return map[string]any{}
	}
	return out
}
