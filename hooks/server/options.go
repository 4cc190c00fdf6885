package server

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/kubemove/kubemove/hooks/config"
)

// options of the program.
type options struct {
	listen, probe      string
	tlsCert, tlsKey    string
	tokenFile          string
	mobilizers, record string
	logLevel           slog.Level
	config             config.Config
}

// parse reads the flags; each has the default of an environment variable KUBEMOVE_... where it
// is an image.
func parse(args []string, env func(string) string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("kubemove-hooks", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address that the hooks listen on; who answers there commands Metacontroller")
	f.StringVar(&o.probe, "probe-listen", ":8082",
		"address of /healthz, /readyz and /metrics for the kubelet and Prometheus; empty: only on --listen")
	f.StringVar(&o.tlsCert, "tls-cert", "", "file of the certificate chain (PEM); with --tls-key the hooks speak HTTPS")
	f.StringVar(&o.tlsKey, "tls-key", "", "file of the private key (PEM)")
	f.StringVar(&o.tokenFile, "token-file", "", "file of the bearer token that calls of hooks must carry; empty: none")
	f.StringVar(&o.mobilizers, "mobilizers", "/etc/kubemove/mobilizers", "folder of the registered mobilizers, one YAML file each")
	f.StringVar(&o.record, "record", "", "folder that requests and replies are written to, for tests; empty: none")
	f.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	f.StringVar(&o.config.TaskImage, "task-image", env("KUBEMOVE_TASK_IMAGE"), "image of KubeMove's Jobs and agents (KUBEMOVE_TASK_IMAGE)")
	f.StringVar(&o.config.ImagePullPolicy, "image-pull-policy", env("KUBEMOVE_IMAGE_PULL_POLICY"),
		"Always, IfNotPresent or Never; empty: the cluster's default (KUBEMOVE_IMAGE_PULL_POLICY)")
	f.StringVar(&o.config.ImagePullSecret, "image-pull-secret", env("KUBEMOVE_IMAGE_PULL_SECRET"),
		"name of a pull secret in the namespace of each move; empty: none (KUBEMOVE_IMAGE_PULL_SECRET)")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	if f.NArg() > 0 {
		return options{}, fmt.Errorf("found the argument %q, expected flags only", f.Arg(0))
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.config.TaskImage == "":
		return errors.New("no --task-image: give the image that runs KubeMove's Jobs")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return errors.New("--tls-cert and --tls-key belong together: give both or none")
	}
	switch o.config.ImagePullPolicy {
	case "", "Always", "IfNotPresent", "Never":
		return nil
	}
	return fmt.Errorf("--image-pull-policy is %q, expected Always, IfNotPresent or Never", o.config.ImagePullPolicy)
}

// token reads the bearer token.
func (o options) token() (string, error) {
	if o.tokenFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("the token file %s is empty", o.tokenFile)
	}
	return token, nil
}
