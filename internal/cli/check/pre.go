package check

import (
	"fmt"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/installation"
)

// preDefinitions looks for definitions of the same names that another client has made.
func preDefinitions(o Observed) finding {
	if o.Definitions.Problem != "" {
		return skipped(o.Definitions.Problem)
	}
	var foreign, metacontroller []string
	for i := range o.Definitions.Value {
		d := &o.Definitions.Value[i]
		switch {
		case installation.IsOurs(d):
		case strings.HasSuffix(d.GetName(), "."+api.GroupVersion.Group):
			foreign = append(foreign, d.GetName()+" lacks the label "+installation.PartOf+"="+installation.PartOfValue)
		default:
			metacontroller = append(metacontroller, d.GetName()+" is of another installation of Metacontroller")
		}
	}
	if len(foreign) > 0 {
		return unless(foreign, "", failed("a kind of KubeMove was made by another client", "look who uses it, and delete it: an installation "+
			"would change it"))
	}
	return unless(metacontroller, fmt.Sprintf("%d of %d kinds are there, none of them of another client", len(o.Definitions.Value),
		len(installation.Of(o.Wanted, installation.Definition))), warning("kinds of Metacontroller are there, and an installation would "+
		"change them", "use that Metacontroller: manifests/overlays/shared-metacontroller"))
}

func preInstallation(o Observed) finding {
	switch {
	case o.Deployments.Problem != "":
		return skipped(o.Deployments.Problem)
	case o.deployment() == nil:
		return ok("KubeMove is not installed")
	case o.isShared():
		return failed("KubeMove is installed with a shared Metacontroller: Deployment "+installation.SharedDeployment,
			"upgrade it with the manifests of manifests/overlays/shared-metacontroller, or uninstall it first")
	}
	return warning("KubeMove is installed already: Deployment "+installation.Deployment, "an installation upgrades it")
}

// preMetacontroller: two of them work against each other, as each looks at all CompositeControllers.
func preMetacontroller(o Observed) finding {
	if o.Shared.Problem != "" {
		return skipped(o.Shared.Problem)
	}
	var details []string
	for i := range o.Shared.Value.StatefulSets {
		if s := &o.Shared.Value.StatefulSets[i]; isMetacontroller(s.Spec.Template.Spec) {
			details = append(details, "statefulset/"+s.Name+" in namespace "+SharedNamespace)
		}
	}
	for i := range o.Shared.Value.Deployments {
		if d := &o.Shared.Value.Deployments[i]; isMetacontroller(d.Spec.Template.Spec) {
			details = append(details, "deployment/"+d.Name+" in namespace "+SharedNamespace)
		}
	}
	for i := range o.Controllers.Value {
		c := &o.Controllers.Value[i]
		if !worksOnOurs(c) {
			details = append(details, "compositecontroller/"+c.GetName()+" is of another program, which has a Metacontroller")
		}
	}
	return unless(details, "no other Metacontroller was found", failed("another Metacontroller would work on the same objects",
		"use it: manifests/overlays/shared-metacontroller"))
}

// preVirtualNodes: no Pod of a move runs on a node that stands for a cluster, such as those of Kosmos.
func preVirtualNodes(o Observed) finding {
	if o.VirtualNodes.Problem != "" {
		return skipped(o.VirtualNodes.Problem)
	}
	return unless(o.VirtualNodes.Value, "no node stands for another cluster", warning("a node stands for another cluster, and volumes of "+
		"Pods there cannot be copied from here", "move from that cluster itself: name it with spec.source"))
}
