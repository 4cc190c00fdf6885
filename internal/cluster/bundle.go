package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const (
	// bundleChunk is how much one Secret holds at most: the API server allows 1 MiB.
	bundleChunk = 900 << 10
	// bundleMax bounds what a bundle may grow to when it is unpacked.
	bundleMax = 256 << 20
	// bundleType of the Secrets.
	bundleType corev1.SecretType = "kubemove.io/bundle"

	bundleData = "data"
	chunksKey  = "kubemove.io/chunks"
	// bundleLabel holds the hash of the bundle's name on each of its Secrets.
	bundleLabel = "kubemove.io/bundle"
	checksumKey = "kubemove.io/checksum"
)

// Bundle is a value of any size in Secrets: gzipped JSON in the Secret NAME and, for what does
// not fit, in NAME-1, NAME-2 and so on. The Secret NAME is written last and says how many
// there are and what their checksum is, so a bundle is whole or not there.
type Bundle struct {
	Name string
	// Owner of the Secrets, whose deletion deletes them.
	Owner *metav1.OwnerReference
	// Labels in addition.
	Labels map[string]string
}

// StoreBundle writes value. What is there under that name already is replaced.
func (c *Cluster) StoreBundle(ctx context.Context, b Bundle, value any) error {
	chunks, sum, err := pack(value, bundleChunk)
	if err != nil {
		return err
	}
	for i := len(chunks) - 1; i >= 0; i-- {
		if err := c.putSecret(ctx, b.secret(c.Namespace, i, chunks[i], len(chunks), sum)); err != nil {
			return err
		}
	}
	return nil
}

// LoadBundle decodes the bundle into out. The error is of the kind NotFound when it is not
// there or not whole.
func (c *Cluster) LoadBundle(ctx context.Context, name string, out any) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	first, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return c.Wrap("read Secret/"+name, err)
	}
	count, err := strconv.Atoi(first.Annotations[chunksKey])
	if err != nil || first.Type != bundleType {
		return &Error{Kind: Invalid, Side: c.Side, reason: api.ReasonFailed,
			Message: fmt.Sprintf("Secret/%s was not written by KubeMove: delete or rename it", name)}
	}
	data := bytes.NewBuffer(first.Data[bundleData])
	for i := 1; i < count; i++ {
		s, err := secrets.Get(ctx, chunkName(name, i), metav1.GetOptions{})
		if err != nil {
			return c.Wrap("read Secret/"+chunkName(name, i), err)
		}
		data.Write(s.Data[bundleData])
	}
	if checksum(data.Bytes()) != first.Annotations[checksumKey] {
		return &Error{Kind: NotFound, Side: c.Side,
			Message: fmt.Sprintf("the Secrets %s to %s do not belong together: they are being written, or one was changed",
				name, chunkName(name, count-1))}
	}
	return unpack(data.Bytes(), out)
}

// DeleteBundle deletes the bundle's Secrets, the first one first: what is left of a deletion
// that was interrupted is no bundle any more.
func (c *Cluster) DeleteBundle(ctx context.Context, name string) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	list, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: bundleLabel + "=" + ShortHash(name)})
	if err != nil {
		return c.Wrap("list the parts of Secret/"+name, err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Secret) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range list.Items {
		if err := secrets.Delete(ctx, s.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return c.Wrap("delete Secret/"+s.Name, err)
		}
	}
	return nil
}

// putSecret creates the Secret or replaces one that KubeMove has made.
func (c *Cluster) putSecret(ctx context.Context, s *corev1.Secret) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	_, err := secrets.Create(ctx, s, metav1.CreateOptions{FieldManager: FieldManager})
	if !apierrors.IsAlreadyExists(err) {
		return c.Wrap("create Secret/"+s.Name, err)
	}
	old, err := secrets.Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return c.Wrap("read Secret/"+s.Name, err)
	}
	if old.Type != s.Type || old.Labels[api.ManagedByLabel] != api.ManagedByValue {
		return &Error{Kind: Invalid, Side: c.Side, reason: api.ReasonFailed,
			Message: fmt.Sprintf("Secret/%s exists and was not made by KubeMove: delete or rename it", s.Name)}
	}
	if old.Annotations[checksumKey] == s.Annotations[checksumKey] && bytes.Equal(old.Data[bundleData], s.Data[bundleData]) {
		return nil
	}
	s = s.DeepCopy()
	s.ResourceVersion = old.ResourceVersion
	_, err = secrets.Update(ctx, s, metav1.UpdateOptions{FieldManager: FieldManager})
	return c.Wrap("update Secret/"+s.Name, err)
}

func (b Bundle) secret(namespace string, i int, chunk []byte, count int, sum string) *corev1.Secret {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: chunkName(b.Name, i), Namespace: namespace,
			Labels:      map[string]string{},
			Annotations: map[string]string{chunksKey: strconv.Itoa(count), checksumKey: sum},
		},
		Type: bundleType,
		Data: map[string][]byte{bundleData: chunk},
	}
	setAll(&s.Labels, b.Labels)
	s.Labels[api.ManagedByLabel] = api.ManagedByValue
	s.Labels[bundleLabel] = ShortHash(b.Name)
	if b.Owner != nil {
		s.OwnerReferences = []metav1.OwnerReference{*b.Owner}
	}
	return s
}

func chunkName(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i)
}

// pack is deterministic: the same value gives the same bytes.
func pack(value any, size int) (chunks [][]byte, sum string, err error) {
	data, err := zipped(value)
	if err != nil {
		return nil, "", err
	}
	for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		chunks = append(chunks, rest[:min(size, len(rest))])
	}
	return chunks, checksum(data), nil
}

// zipped is a value as gzipped JSON.
func zipped(value any) ([]byte, error) {
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

// unpack what zipped has made.
func unpack(data []byte, out any) error {
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("cannot decompress: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(zip, bundleMax)).Decode(out); err != nil {
		return errors.New("cannot decode: it is no JSON of KubeMove's")
	}
	return nil
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
