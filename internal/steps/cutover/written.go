package cutover

import (
	"context"
	"fmt"
	"log/slog"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// readingName names the bundle that holds what was read again, beside the pinned plan.
func (s *switcher) readingName() string { return cluster.RecordName(s.self()) + "-written" }

// observeReading puts what was read again into the plan, or says that it is still to be read. From
// the start on it is never read again: the target may hold some of it.
func (s *switcher) observeReading(ctx context.Context, o *Observed) error {
	if o.Record.CommittedAt != nil || len(s.pinned.Written()) == 0 {
		return nil // After the commit nothing is created of it.
	}
	if at := o.Record.Reading; at != nil && at.Epoch == o.Record.Epoch {
		if s.reading == at.Hash {
			return nil
		}
		r := &application.Reading{}
		err := s.home.LoadBundle(ctx, s.readingName(), r)
		if err != nil && cluster.KindOf(err) != cluster.NotFound {
			return err
		}
		if err == nil && r.Hash() == at.Hash {
			s.plan, s.reading = s.pinned.With(r), at.Hash
			return nil
		}
	}
	if o.Record.StartedAt == nil {
		s.plan, s.reading, o.ToRead = s.pinned, "", true
		return nil
	}
	return &ending{*failed(api.ReasonFailed, fmt.Sprintf("what the application had written into objects was in Secret/%s at home, "+
		"which was deleted or changed, or the record of it at the target was, while the target was being started: "+
		"find out which client did that, then set spec.retry", s.readingName())).Result}
}

// readAgain reads the objects that the application may write, now that its Pods are gone. What it
// finds is stored before it is on record, and on record before anything is created of it.
func (s *switcher) readAgain(ctx context.Context, o *Observed) error {
	written := s.pinned.Written()
	keys := make([]cluster.Key, len(written))
	for i := range written {
		keys[i] = cluster.Key{Kind: kindOf(&written[i]), Name: written[i].SourceRef().Name}
	}
	found, err := s.source.GetMany(ctx, keys, nil)
	if err != nil {
		return err
	}
	if len(found.Unserved) > 0 {
		return fmt.Errorf("the source does not serve %s any more, so what the application has written there cannot be read",
			found.Unserved[0].GroupKind())
	}
	var objects []unstructured.Unstructured
	for _, key := range keys {
		if u := found.Objects[key]; u != nil {
			objects = append(objects, *u)
		}
	}
	r, err := s.pinned.Reread(objects)
	if err != nil {
		return &ending{*failed(api.ReasonInvalidKustomization,
			err.Error()+"; correct the patch, or the object at the source, then set spec.retry").Result}
	}
	if len(r.Gone) > 0 {
		slog.Info("the application has deleted objects that it may write", "objects", fmt.Sprint(r.Gone))
	}
	if err := s.home.StoreBundle(ctx, cluster.Bundle{Name: s.readingName(), Owner: s.owner()}, r); err != nil {
		return err
	}
	return s.update(ctx, s.target, false, func(record *Record) {
		record.Reading = &Reading{Epoch: o.Record.Epoch, Hash: r.Hash()}
	})
}
