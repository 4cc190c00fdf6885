package lab

// tool is a program that the lab compiles from a module of its own, so that its
// dependencies stay out of KubeMove's.
type tool struct {
	name    string
	version string
	// dir is the module's folder in the checkout.
	dir string
	// pkg is the main package to build.
	pkg string
	// ldflags are added to those that every build gets.
	ldflags string
}

const (
	kubernetesVersion     = "v1.35.4"
	metacontrollerVersion = "v1.5.20"
	coreDNSVersion        = "v1.12.0"
	localPathVersion      = "v0.0.30"
	resticVersion         = "v0.18.1"
	restServerVersion     = "v0.14.0"

	versionPackage = "k8s.io/component-base/version"
)

// kubernetesFlags name the version: without them the programs call themselves v0.0.0-master.
const kubernetesFlags = "-X " + versionPackage + ".gitVersion=" + kubernetesVersion +
	" -X " + versionPackage + ".gitMajor=1 -X " + versionPackage + ".gitMinor=35"

var (
	kubernetesTool = tool{
		name: "kubernetes", version: kubernetesVersion, dir: "e2e/tools/kubernetes", pkg: ".", ldflags: kubernetesFlags,
	}
	kubectlTool = tool{
		name: "kubectl", version: kubernetesVersion, dir: "e2e/tools/kubernetes", pkg: "./kubectl", ldflags: kubernetesFlags,
	}
	metacontrollerTool = tool{
		name: "metacontroller", version: metacontrollerVersion, dir: "e2e/tools/metacontroller", pkg: "metacontroller",
	}
	coreDNSTool = tool{
		name: "coredns", version: coreDNSVersion, dir: "e2e/tools/coredns", pkg: ".",
	}
	localPathTool = tool{
		name: "local-path-provisioner", version: localPathVersion, dir: "e2e/tools/local-path-provisioner",
		pkg: "github.com/rancher/local-path-provisioner",
	}
	resticTool = tool{
		name: "restic", version: resticVersion, dir: "ddm/restic/tools", pkg: "github.com/restic/restic/cmd/restic",
	}
	restServerTool = tool{
		name: "rest-server", version: restServerVersion, dir: "ddm/restic/tools", pkg: "github.com/restic/rest-server/cmd/rest-server",
	}
	pauseTool = tool{
		name: "pause", version: "v1", dir: "e2e/tools/pause", pkg: ".",
	}
)

// allTools in the order in which they are built: what everything waits for first.
var allTools = []tool{
	kubernetesTool, kubectlTool, pauseTool, coreDNSTool, localPathTool, metacontrollerTool, resticTool, restServerTool,
}
