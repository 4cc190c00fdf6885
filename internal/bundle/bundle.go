// Package bundle is how a value of any size is kept in Secrets: gzipped JSON in the Secret NAME and, for
// what does not fit, in NAME-1, NAME-2 and so on. It knows no client: package cluster writes and reads the
// Secrets.
package bundle

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const (
	// Type of the Secrets.
	Type corev1.SecretType = "kubemove.io/bundle"
	// Label holds the hash of the bundle's name on each of its Secrets.
	Label = "kubemove.io/bundle"

	// secretSize is how much one Secret holds at most: the API server allows 1 MiB.
	secretSize = 900 << 10
	// unzippedMax bounds what a bundle may grow to when it is unpacked.
	unzippedMax = 256 << 20

	dataKey     = "data"
	countKey    = "kubemove.io/chunks"
	checksumKey = "kubemove.io/checksum"
)

// What can be wrong with Secrets that should be a bundle.
var (
	// ErrForeign: the Secret is no part of a bundle.
	ErrForeign = errors.New("was not written by KubeMove")
	// ErrTorn: the Secrets are not those of one writing.
	ErrTorn = errors.New("do not belong together")
)

// Bundle says in which Secrets a value is kept. The Secret Name is written last and says how many there
// are and what their checksum is, so a bundle is whole or not there.
type Bundle struct {
	Name string
	// Owner of the Secrets, whose deletion deletes them.
	Owner *metav1.OwnerReference
	// Labels in addition.
	Labels map[string]string
	// Size is how many bytes of the value one Secret holds at most; 0: as many as the API server takes.
	Size int
}

// Secrets that hold the value, the Secret Name first. The same value gives the same Secrets.
func (b Bundle) Secrets(namespace string, value any) ([]*corev1.Secret, error) {
	data, err := Zip(value)
	if err != nil {
		return nil, err
	}
	size := b.Size
	if size <= 0 {
		size = secretSize
	}
	count, sum := (len(data)+size-1)/size, checksum(data)
	out := make([]*corev1.Secret, 0, count)
	for i := range count {
		out = append(out, b.secret(namespace, i, data[i*size:min((i+1)*size, len(data))], count, sum))
	}
	return out, nil
}

func (b Bundle) secret(namespace string, i int, chunk []byte, count int, sum string) *corev1.Secret {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: PartName(b.Name, i), Namespace: namespace,
			Labels:      map[string]string{},
			Annotations: map[string]string{countKey: strconv.Itoa(count), checksumKey: sum},
		},
		Type: Type,
		Data: map[string][]byte{dataKey: chunk},
	}
	maps.Copy(s.Labels, b.Labels)
	s.Labels[api.ManagedByLabel] = api.ManagedByValue
	s.Labels[Label] = ShortHash(b.Name)
	if b.Owner != nil {
		s.OwnerReferences = []metav1.OwnerReference{*b.Owner}
	}
	return s
}

// PartName is the name of a Secret of the bundle; that of number 0 is the bundle's own.
func PartName(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i)
}

// Count says of how many Secrets the bundle is whose first one is given.
func Count(first *corev1.Secret) (int, error) {
	count, err := strconv.Atoi(first.Annotations[countKey])
	if err != nil || first.Type != Type {
		return 0, fmt.Errorf("Secret/%s %w: delete or rename it", first.Name, ErrForeign)
	}
	return count, nil
}

// Read decodes a bundle into out, from its Secrets in the order of their numbers.
func Read(parts []corev1.Secret, out any) error {
	if len(parts) == 0 {
		return fmt.Errorf("no Secrets: they %w", ErrTorn)
	}
	first := &parts[0]
	count, err := Count(first)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	for i := range parts {
		data.Write(parts[i].Data[dataKey])
	}
	if len(parts) != max(count, 1) || checksum(data.Bytes()) != first.Annotations[checksumKey] {
		return fmt.Errorf("the Secrets %s to %s %w: they are being written, or one was changed",
			first.Name, PartName(first.Name, count-1), ErrTorn)
	}
	return Unzip(data.Bytes(), out)
}

// Same says whether two Secrets hold the same part of the same value.
func Same(a, b *corev1.Secret) bool {
	return a.Annotations[checksumKey] == b.Annotations[checksumKey] && bytes.Equal(a.Data[dataKey], b.Data[dataKey])
}

// ShortHash is ten hexadecimal characters that stand for s in names and labels.
func ShortHash(s string) string { return checksum([]byte(s))[:10] }

// Zip is a value as gzipped JSON: the same value gives the same bytes.
func Zip(value any) ([]byte, error) {
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	if err := json.NewEncoder(zip).Encode(value); err != nil {
		return nil, fmt.Errorf("cannot encode: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("cannot compress: %w", err)
	}
	return buf.Bytes(), nil
}

// Unzip what Zip has made.
func Unzip(data []byte, out any) error {
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("cannot decompress: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(zip, unzippedMax)).Decode(out); err != nil {
		return errors.New("cannot decode: it is no JSON of KubeMove's")
	}
	return nil
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
