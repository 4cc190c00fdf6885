package jobs

import (
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/scan"
)

// Decode reads the observed Jobs, as far as decisions need them: who they are and where they
// stand. What a Job was told to do is not needed, and there may be a hundred of them.
func Decode(objects hooks.Objects) ([]Attempt, error) {
	observed := objects.Of(hooks.KindJob)
	list := make([]*batchv1.Job, 0, len(observed))
	for _, o := range observed {
		j := &batchv1.Job{TypeMeta: hooks.KindJob.TypeMeta()}
		for _, f := range o.Fields {
			var err error
			switch f.Name {
			case "metadata":
				err = metadata(f.Value, &j.ObjectMeta)
			case "status":
				err = jobStatus(f.Value, &j.Status)
			}
			if err != nil {
				return nil, fmt.Errorf("cannot decode %s: field %s: %w", o, f.Name, err)
			}
		}
		list = append(list, j)
	}
	return Read(list), nil
}

func metadata(data []byte, m *metav1.ObjectMeta) error {
	r := scan.NewReader(data)
	return r.Object(func(key []byte) (err error) {
		switch string(key) {
		case "name":
			m.Name, err = r.Text()
		case "namespace":
			m.Namespace, err = r.Text()
		case "labels":
			m.Labels, err = r.Texts()
		case "annotations":
			m.Annotations, err = r.Texts()
		case "creationTimestamp":
			err = into(r, &m.CreationTimestamp)
		case "deletionTimestamp":
			m.DeletionTimestamp = &metav1.Time{}
			err = into(r, m.DeletionTimestamp)
		default:
			err = r.Skip()
		}
		return err
	})
}

func jobStatus(data []byte, s *batchv1.JobStatus) error {
	r := scan.NewReader(data)
	if r.Kind() == 'n' {
		return nil
	}
	return r.Object(func(key []byte) error {
		switch string(key) {
		case "active":
			return into(r, &s.Active)
		case "ready":
			return into(r, &s.Ready)
		case "succeeded":
			return into(r, &s.Succeeded)
		case "failed":
			return into(r, &s.Failed)
		case "terminating":
			return into(r, &s.Terminating)
		case "conditions":
			if r.Kind() == 'n' {
				return r.Skip()
			}
			return r.Array(func() error {
				c, err := condition(r)
				s.Conditions = append(s.Conditions, c)
				return err
			})
		}
		return r.Skip()
	})
}

func condition(r *scan.Reader) (batchv1.JobCondition, error) {
	var c batchv1.JobCondition
	err := r.Object(func(key []byte) (err error) {
		var text string
		switch string(key) {
		case "type":
			text, err = r.Text()
			c.Type = batchv1.JobConditionType(text)
		case "status":
			text, err = r.Text()
			c.Status = corev1.ConditionStatus(text)
		case "reason":
			c.Reason, err = r.Text()
		case "message":
			c.Message, err = r.Text()
		case "lastTransitionTime":
			err = into(r, &c.LastTransitionTime)
		default:
			err = r.Skip()
		}
		return err
	})
	return c, err
}

func into(r *scan.Reader, v any) error {
	value, err := r.Value()
	if err != nil {
		return err
	}
	return json.Unmarshal(value, v)
}
