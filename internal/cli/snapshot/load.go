package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
)

// page is how many objects are read in one request.
const page = 500

// NewClient for KubeMove's kinds.
func NewClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	if err := api.AddToScheme(scheme); err != nil {
		return nil, err
	}
	// What the API server says when it refuses.
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	c := rest.CopyConfig(config)
	c.APIPath, c.GroupVersion = "/apis", &api.GroupVersion
	c.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	c.AcceptContentTypes, c.ContentType = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	if c.RateLimiter == nil && c.QPS == 0 {
		// A live view reads five lists a second.
		c.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(50, 100)
	}
	return rest.RESTClientFor(c)
}

// Reading says how new what is read has to be.
type Reading string

const (
	// Newest is all that was written before. The API server asks its store for it.
	Newest Reading = ""
	// Cached is what the API server has in memory, which may be a moment older, and costs it a fifth of the time.
	Cached Reading = "0"
)

// Load reads all moves of a namespace, or of all of them where it is empty.
func Load(ctx context.Context, client rest.Interface, namespace string, reading Reading) (Snapshot, error) {
	o, err := Read(ctx, client, namespace, reading)
	if err != nil {
		return Snapshot{}, err
	}
	return New(o, time.Now()), nil
}

// Read the objects of a namespace, or of all of them where it is empty: one list a kind, in pages, all kinds at the same time.
func Read(ctx context.Context, client rest.Interface, namespace string, reading Reading) (Objects, error) {
	var o Objects
	l := lister{client, namespace, reading}
	reads := []func() error{
		func() error { return list(ctx, l, "moveengines", &o.Engines) },
		func() error { return list(ctx, l, "movepairs", &o.Pairs) },
		func() error { return list(ctx, l, "datasyncs", &o.Syncs) },
		func() error { return list(ctx, l, "moveswitches", &o.Switches) },
		func() error { return list(ctx, l, "movereverses", &o.Reverses) },
	}
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = read() })
	}
	all.Wait()
	// The first kind tells best what is wrong with all of them.
	for _, err := range errs {
		if err != nil {
			return Objects{}, err
		}
	}
	return o, nil
}

// lister of the kinds of a namespace; empty: of all.
type lister struct {
	client    rest.Interface
	namespace string
	reading   Reading
}

// list reads a kind page by page. The answers are decoded once, and not twice as the client's decoder does to see what they are.
func list[T any](ctx context.Context, l lister, resource string, into *[]T) error {
	failed := fmt.Sprintf("cannot list %s in namespace %s", resource, l.namespace)
	if l.namespace == "" {
		failed = fmt.Sprintf("cannot list %s in all namespaces", resource)
	}
	for next := ""; ; {
		request := l.client.Get().NamespaceIfScoped(l.namespace, l.namespace != "").Resource(resource).Param("limit", strconv.Itoa(page))
		switch {
		case next != "":
			request = request.Param("continue", next)
		case l.reading != Newest:
			request = request.Param("resourceVersion", string(l.reading))
		}
		result := request.Do(ctx)
		if err := result.Error(); err != nil {
			return fault.API(failed, err)
		}
		data, err := result.Raw()
		if err != nil {
			return fault.API(failed, err)
		}
		var part struct {
			Metadata metav1.ListMeta `json:"metadata"`
			Items    []T             `json:"items"`
		}
		if err := json.Unmarshal(data, &part); err != nil {
			return fault.New(fault.Failed, failed, "the answer of the API server is no list: %s", err)
		}
		*into = append(*into, part.Items...)
		if next = part.Metadata.Continue; next == "" {
			return nil
		}
	}
}
