//go:build faults

package cutover

import (
	"context"
	"log/slog"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubemove/kubemove/internal/cluster"
)

// faultMap is the ConfigMap of the home namespace that says what happens after an action.
const faultMap = "kubemove-faults"

// afterAction does what the ConfigMap says of the action, once: the value exit ends the process
// as a kill would, and hold lets it wait.
func afterAction(ctx context.Context, home *cluster.Cluster, a Action) {
	maps, kind := home.Kube.CoreV1().ConfigMaps(home.Namespace), string(a.Kind)
	cm, err := maps.Get(ctx, faultMap, metav1.GetOptions{})
	if err != nil || cm.Data[kind] != "exit" && cm.Data[kind] != "hold" {
		return
	}
	exit := cm.Data[kind] == "exit"
	delete(cm.Data, kind)
	if !exit {
		cm.Data[kind] = held
	}
	if _, err := maps.Update(ctx, cm, metav1.UpdateOptions{}); err != nil {
		return
	}
	if exit {
		slog.Warn("killed by a fault", "after", kind)
		os.Exit(137)
	}
	hold(ctx, maps, kind)
}

// held is what the ConfigMap says while the process waits.
const held = "held"

// hold waits until the ConfigMap says something else, or cannot be read because the outage that
// is waited for has begun.
func hold(ctx context.Context, maps corev1.ConfigMapInterface, kind string) {
	slog.Warn("held by a fault", "after", kind)
	for range 600 {
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		cm, err := maps.Get(once, faultMap, metav1.GetOptions{})
		cancel()
		if err != nil || cm.Data[kind] != held {
			break
		}
		sleep(ctx, pause)
	}
	slog.Warn("goes on", "after", kind)
}
