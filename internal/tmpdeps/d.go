package tmpdeps
import (
 _ "github.com/go-chi/chi/v5"
 _ "github.com/google/go-cmp/cmp"
 _ "github.com/hashicorp/yamux"
 _ "github.com/prometheus/client_golang/prometheus/promhttp"
 _ "github.com/fluxcd/cli-utils/pkg/kstatus/status"
 _ "k8s.io/api/core/v1"
 _ "k8s.io/client-go/kubernetes"
 _ "k8s.io/client-go/dynamic"
 _ "k8s.io/client-go/tools/portforward"
 _ "k8s.io/client-go/tools/remotecommand"
 _ "sigs.k8s.io/yaml"
 _ "golang.org/x/sys/unix"
)
