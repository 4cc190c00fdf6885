package bench

import "strings"

// application is what is moved: a Deployment that does nothing, with a claim. It runs as root,
// and so do its workers and restic alone: both set owners. NAME is its namespace and its claim.
const application = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: NAME}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 16Gi}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 5
      containers:
      - name: app
        image: docker.io/library/busybox:1.36
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "trap 'exit 0' TERM; sleep 1000000 & wait"]
        volumeMounts:
        - {name: data, mountPath: /data}
      volumes:
      - name: data
        persistentVolumeClaim: {claimName: NAME}
`

// engine moves it. No approval is needed.
const engine = `
apiVersion: kubemove.io/v1alpha1
kind: MoveEngine
metadata: {name: app}
spec:
  mode: Offline
  application:
    workloads:
    - {kind: Deployment, name: app}
  data:
    transport: {type: TRANSPORT}
  targets:
  - name: dst
    cluster:
      kubeconfigSecretRef: {name: dst}
    namespace: NAME
  switch:
    approval: Automatic
    quiesce: {timeout: 60s}
    healthTimeout: 60s
`

// named fills a name into a manifest.
func named(manifest, name string) string { return strings.ReplaceAll(manifest, "NAME", name) }
