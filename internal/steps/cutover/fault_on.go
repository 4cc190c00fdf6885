//go:build faults

package cutover

import (
	"context"
	"log/slog"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/cluster"
)

// afterAction ends the process as a kill would when the ConfigMap kubemove-faults of the home
// namespace names the action. Each entry works once.
func afterAction(ctx context.Context, home *cluster.Cluster, a Action) {
	maps := home.Kube.CoreV1().ConfigMaps(home.Namespace)
	cm, err := maps.Get(ctx, "kubemove-faults", metav1.GetOptions{})
	if err != nil || cm.Data[string(a.Kind)] == "" {
		return
	}
	delete(cm.Data, string(a.Kind))
	if _, err := maps.Update(ctx, cm, metav1.UpdateOptions{}); err != nil {
		return
	}
	slog.Warn("killed by a fault", "after", string(a.Kind))
	os.Exit(137)
}
