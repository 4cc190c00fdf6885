package lab

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteContexts writes a kubeconfig with a context for each cluster, called as the cluster
// is, in a namespace; empty: the default one. The source is the current context.
func (l *Lab) WriteContexts(file, namespace string) error {
	merged := clientcmdapi.NewConfig()
	merged.CurrentContext = l.Source().Name
	for _, c := range l.Clusters() {
		config, err := clientcmd.LoadFromFile(c.Kubeconfig)
		if err != nil {
			return fmt.Errorf("the kubeconfig of %s: %w; is the lab up (make up)?", c.Name, err)
		}
		current := config.Contexts[config.CurrentContext]
		if current == nil {
			return fmt.Errorf("%s has no context %q, which it names as the current one", c.Kubeconfig, config.CurrentContext)
		}
		merged.Clusters[c.Name] = config.Clusters[current.Cluster]
		merged.AuthInfos[c.Name] = config.AuthInfos[current.AuthInfo]
		merged.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: c.Name, Namespace: namespace}
	}
	return clientcmd.WriteToFile(*merged, file)
}
