package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/bundle"
)

const (
	// recordKey of the ConfigMap holds the record as JSON, and zippedKey one that is longer than
	// maxRecord, gzipped: of an application with ten thousand objects it would not fit.
	recordKey = "record.json"
	zippedKey = "record.json.gz"
	maxRecord = 256 << 10
)

const recordPrefix = "kubemove-switch-"

// RecordName of a switch's record, the same on both sides.
func RecordName(switchUID string) string { return recordPrefix + ShortHash(switchUID) }

// ShortHash is ten hexadecimal characters that stand for s in names.
func ShortHash(s string) string { return bundle.ShortHash(s) }

// ReadRecord decodes the switch's record at this endpoint into out and returns its version for
// WriteRecord; an empty version: there is none, and out is untouched.
func (c *Cluster) ReadRecord(ctx context.Context, switchUID string, out any) (version string, err error) {
	cm, err := c.Kube.CoreV1().ConfigMaps(c.Namespace).Get(ctx, RecordName(switchUID), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", c.Wrap("read the record (ConfigMap/"+RecordName(switchUID)+")", err)
	}
	if err := decodeRecord(cm, out); err != nil {
		return "", &Error{Kind: Invalid, Side: c.Side, reason: api.ReasonFailed, Err: err,
			Message: fmt.Sprintf("cannot decode the record in ConfigMap/%s at the %s: another client has changed it. "+
				"Give it back what it held, or delete it: kubectl -n %s delete configmap %s; then the switch goes on, or back, "+
				"by what is known elsewhere", cm.Name, c.Side, c.Namespace, cm.Name)}
	}
	return cm.ResourceVersion, nil
}

// WriteRecord writes the switch's record. With an empty version it creates it; else it
// replaces the state that was read with that version. When another client was faster the error is of
// the kind Conflict: read again.
func (c *Cluster) WriteRecord(ctx context.Context, h Holder, version string, record any) (newVersion string, err error) {
	maps := c.Kube.CoreV1().ConfigMaps(c.Namespace)
	cm := newRecord(c.Namespace, h)
	cm.ResourceVersion = version
	if err := encodeRecord(cm, record); err != nil {
		return "", fmt.Errorf("cannot write the record: %w", err)
	}
	if version == "" {
		cm, err = maps.Create(ctx, cm, metav1.CreateOptions{FieldManager: FieldManager})
	} else {
		cm, err = maps.Update(ctx, cm, metav1.UpdateOptions{FieldManager: FieldManager})
	}
	if err != nil {
		return "", c.Wrap("write the record (ConfigMap/"+RecordName(h.UID)+")", err)
	}
	return cm.ResourceVersion, nil
}

func newRecord(namespace string, h Holder) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: RecordName(h.UID), Namespace: namespace,
		Labels:      map[string]string{api.ManagedByLabel: api.ManagedByValue},
		Annotations: h.annotations(),
	}}
}

func encodeRecord(cm *corev1.ConfigMap, record any) error {
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if len(data) <= maxRecord {
		cm.Data = map[string]string{recordKey: string(data)}
		return nil
	}
	data, err = bundle.Zip(record)
	cm.BinaryData = map[string][]byte{zippedKey: data}
	return err
}

func decodeRecord(cm *corev1.ConfigMap, out any) error {
	if data, ok := cm.BinaryData[zippedKey]; ok {
		return bundle.Unzip(data, out)
	}
	if err := json.Unmarshal([]byte(cm.Data[recordKey]), out); err != nil {
		return errors.New("it is no JSON of KubeMove's")
	}
	return nil
}

// DeleteRecord deletes the switch's record, if it is there.
func (c *Cluster) DeleteRecord(ctx context.Context, switchUID string) error {
	err := c.Kube.CoreV1().ConfigMaps(c.Namespace).Delete(ctx, RecordName(switchUID), metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.Wrap("delete the record (ConfigMap/"+RecordName(switchUID)+")", err)
}

// StoredRecord is the record of any switch, as it lies at an endpoint.
type StoredRecord struct {
	// Name of its ConfigMap.
	Name string
	cm   *corev1.ConfigMap
}

// Decode the record into out.
func (r StoredRecord) Decode(out any) error { return decodeRecord(r.cm, out) }

// Records of all switches that have one at this endpoint.
func (c *Cluster) Records(ctx context.Context) ([]StoredRecord, error) {
	list, err := c.Kube.CoreV1().ConfigMaps(c.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: api.ManagedByLabel + "=" + api.ManagedByValue})
	if err != nil {
		return nil, c.Wrap("list the records of switches", err)
	}
	var out []StoredRecord
	for i := range list.Items {
		if cm := &list.Items[i]; strings.HasPrefix(cm.Name, recordPrefix) {
			out = append(out, StoredRecord{Name: cm.Name, cm: cm})
		}
	}
	return out, nil
}
