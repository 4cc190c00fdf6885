package reach

import (
	"context"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cluster"
)

// Observe a target with the kubeconfig that is stored: does it answer, and which of the rights does the account lack? An error is the
// end of the context.
func Observe(ctx context.Context, k *kit.Kit, kubeconfig []byte, s target.Stored, rights []target.Right) (target.Observed, error) {
	far, err := stored(k, kubeconfig, s)
	if err != nil {
		return target.Observed{Problem: err.Error()}, nil
	}
	out := target.Observed{}
	if out.Version, err = far.ServerVersion(ctx); err != nil {
		return target.Observed{Problem: err.Error()}, ctx.Err()
	}
	c := &Cluster{Server: s.Server, context: "kubemove", core: far.Kube}
	_, out.NamespaceMissing, err = c.Namespace(ctx, s.Namespace)
	if err != nil {
		return target.Observed{Problem: err.Error()}, ctx.Err()
	}
	answers, err := c.Ask(ctx, s.Namespace, rights)
	if err != nil {
		return target.Observed{Problem: err.Error()}, ctx.Err()
	}
	for _, r := range rights {
		if !answers[r] {
			out.Lacks = append(out.Lacks, r)
		}
	}
	return out, nil
}

// Classes are the StorageClasses that a target has, or the problem that they cannot be listed. An error is the end of the context.
func Classes(ctx context.Context, k *kit.Kit, kubeconfig []byte, s target.Stored) (
	classes []storagev1.StorageClass, problem string, err error,
) {
	far, err := stored(k, kubeconfig, s)
	if err != nil {
		return nil, err.Error(), nil
	}
	limited, cancel := context.WithTimeout(ctx, classesWait)
	defer cancel()
	list, err := far.Kube.StorageV1().StorageClasses().List(limited, metav1.ListOptions{})
	if err != nil {
		return nil, far.Wrap("list the StorageClasses", err).Error(), ctx.Err()
	}
	return list.Items, "", nil
}

// classesWait is how long a target is waited for that may not be reached from here.
const classesWait = 10 * time.Second

// stored is the cluster to which a stored kubeconfig leads.
func stored(k *kit.Kit, kubeconfig []byte, s target.Stored) (*cluster.Cluster, error) {
	config, _, err := cluster.ParseKubeconfig(cluster.SideTarget, kubeconfig)
	if err != nil {
		return nil, err
	}
	if target.IsInCluster(s.Server) {
		if config, err = fromHome(k, config); err != nil {
			return nil, err
		}
	}
	return cluster.New(cluster.SideTarget, s.Namespace, config)
}

// fromHome reaches home, whose Pods have another address of it, with the credentials of a kubeconfig.
func fromHome(k *kit.Kit, stored *rest.Config) (*rest.Config, error) {
	home, err := k.Config()
	if err != nil {
		return nil, err
	}
	config := rest.AnonymousClientConfig(home)
	config.BearerToken = stored.BearerToken
	return config, nil
}
