// Package audit reads what API servers write down of the requests that they have answered, and
// compares what a move has created with what its plan says.
package audit

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Event is a request that an API server has answered.
type Event struct {
	// Time of the answer.
	Time time.Time
	// Verb as the authorization knows it: create, update, patch, delete. A server-side apply is
	// a patch, whether the object was there or not.
	Verb string
	// User who asked, UserAgent by which program, and URI for what.
	User, UserAgent, URI string
	// Resource, and Subresource where one was asked for.
	Resource    schema.GroupResource
	Subresource string
	// Namespace of the object; empty for objects of the cluster. Name is empty where the API
	// server has made it up.
	Namespace, Name string
	// Code of the answer, as HTTP has it.
	Code int
}

// parse reads a line of a log.
func parse(line []byte) (Event, error) {
	var e struct {
		Stage      string
		RequestURI string
		Verb       string
		User       struct{ Username string }
		UserAgent  string
		ObjectRef  struct{ APIGroup, Resource, Subresource, Namespace, Name string }

		ResponseStatus struct{ Code int }
		StageTimestamp time.Time
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, fmt.Errorf("cannot read %.200q as an event of an audit log: %w", line, err)
	}
	if e.Verb == "" || e.StageTimestamp.IsZero() {
		return Event{}, fmt.Errorf("%.200q is no event of an audit log: it has no verb or no stageTimestamp", line)
	}
	return Event{
		Time: e.StageTimestamp, Verb: e.Verb, User: e.User.Username, UserAgent: e.UserAgent, URI: e.RequestURI,
		Resource:    schema.GroupResource{Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource},
		Subresource: e.ObjectRef.Subresource, Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name,
		Code: e.ResponseStatus.Code,
	}, nil
}

// DryRun says whether nothing was changed, because nothing was to be.
func (e *Event) DryRun() bool {
	at, err := url.Parse(e.URI)
	return err == nil && slices.Contains(at.Query()["dryRun"], "All")
}

// Created says whether the request has made an object that was not there: an answer 201 to a
// create, or to a server-side apply.
func (e *Event) Created() bool {
	return e.Code == 201 && e.Subresource == "" && !e.DryRun()
}

// String names the object and what was done to it.
func (e *Event) String() string {
	return fmt.Sprintf("%s %s/%s in %q by %s: %d", e.Verb, e.Resource, e.Name, e.Namespace, e.User, e.Code)
}
