package hooks

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Rule asks for related objects: all of one resource in the parent's namespace that the
// selector matches.
type Rule struct {
	APIVersion    string               `json:"apiVersion"`
	Resource      string               `json:"resource"`
	LabelSelector metav1.LabelSelector `json:"labelSelector"`
}

// Related are the rules for a parent of that name. They depend on nothing else: Metacontroller 1.5.20 keeps them by the
// name of a parent, so those of one name in two namespaces share them.
type Related func(parent string) []Rule

// MovePairs of these names, and maybe others: the hook looks at what it gets.
func MovePairs(names ...string) []Rule { return labelled("movepairs", names) }

// MoveSwitches of the pairs of these names, and maybe others: the hook looks at what it gets.
func MoveSwitches(pairs ...string) []Rule { return labelled("moveswitches", pairs) }

// AllMoves are the pairs and switches of the namespace: a way back names the switch that it reverses as it likes. There are
// few of its kind.
func AllMoves(string) []Rule {
	return []Rule{
		{APIVersion: api.GroupVersion.String(), Resource: "movepairs"},
		{APIVersion: api.GroupVersion.String(), Resource: "moveswitches"},
	}
}

// AllReverses are the ways back of the namespace: the engine shows where they have led its application.
func AllReverses(string) []Rule {
	return []Rule{{APIVersion: api.GroupVersion.String(), Resource: "movereverses"}}
}

// labelled objects of the pairs, and those without the label: one that was made before there was a label may be in the
// middle of a cutover, or being deleted, and then it gets none any more. There are none but for a moment.
func labelled(resource string, pairs []string) []Rule {
	hashes := make([]string, 0, len(pairs))
	for _, name := range pairs {
		hashes = append(hashes, api.PairNameHash(name))
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	return []Rule{
		rule(resource, metav1.LabelSelectorRequirement{Key: api.PairNameLabel, Operator: metav1.LabelSelectorOpIn, Values: hashes}),
		rule(resource, metav1.LabelSelectorRequirement{Key: api.PairNameLabel, Operator: metav1.LabelSelectorOpDoesNotExist}),
	}
}

func rule(resource string, labels metav1.LabelSelectorRequirement) Rule {
	return Rule{
		APIVersion:    api.GroupVersion.String(),
		Resource:      resource,
		LabelSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{labels}},
	}
}

// PairNames are the names that the pair of a DataSync may have, which is named PAIR-MOBILIZER: where the one ends and
// the other begins its name does not say.
func PairNames(dataSync string) []string {
	var names []string
	for i := range len(dataSync) {
		if dataSync[i] == '-' && i > 0 {
			names = append(names, dataSync[:i])
		}
	}
	if len(names) == 0 {
		// A rule without values is no rule. No pair has this name and a mobilizer behind it.
		names = append(names, dataSync)
	}
	return names
}

// OfPair says whether the rules for a DataSync of that name find the pair.
func OfPair(dataSync, pair string) bool {
	hash := api.PairNameHash(pair)
	return slices.ContainsFunc(PairNames(dataSync), func(name string) bool { return api.PairNameHash(name) == hash })
}

// LabelCommand puts the label on an object, such as moveswitch shop-dst.
func LabelCommand(namespace, resource, name, pair string) string {
	return strings.Join([]string{"kubectl -n", namespace, "label", resource, name, "--overwrite",
		api.PairNameLabel + "=" + api.PairNameHash(pair)}, " ")
}
