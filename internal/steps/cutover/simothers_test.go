package cutover

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// others is one thing that another client does, at either side.
func (w *world) others() {
	todo := []func() string{w.touchSource, w.touchSource, w.stripLedger, w.deleteAtSource, w.replaceAtTarget, w.remakeAtTarget,
		w.scaleTarget, w.deleteAtTarget, w.remakeClaim, w.stripClaim, w.loseRecord, w.takeName}
	if did := todo[w.rand.IntN(len(todo))](); did != "" {
		w.note("another client %s", did)
	}
}

func (w *world) anyWorkload() *simWorkload {
	if len(w.workloads) == 0 {
		return nil
	}
	return &w.workloads[w.rand.IntN(len(w.workloads))]
}

// anyTarget is a workload at the target; nil: there is none.
func (w *world) anyTarget() (string, *simObject) {
	for i := range w.workloads {
		if x := w.objects[w.ref(i).String()]; x != nil && w.rand.IntN(2) == 0 {
			return w.ref(i).String(), x
		}
	}
	return "", nil
}

func (w *world) touchSource() string {
	x := w.anyWorkload()
	if x == nil || x.missing {
		return ""
	}
	x.generation++
	if w.rand.IntN(2) == 0 {
		x.replicas, x.ours = 1, false
	}
	w.meddled = w.meddled || w.started() && !w.committed()
	return "touches the source"
}

func (w *world) stripLedger() string {
	x := w.anyWorkload()
	if x == nil || x.ledger == nil || w.lostOne {
		return ""
	}
	x.ledger = nil
	return "removes a ledger"
}

func (w *world) deleteAtSource() string {
	x := w.anyWorkload()
	if x == nil || x.missing || w.custom {
		return ""
	}
	x.missing, x.ledger, x.replicas = true, nil, 0
	x.generation++
	w.meddled = w.meddled || w.started() && !w.committed()
	return "deletes a workload of the source"
}

func (w *world) replaceAtTarget() string {
	name, x := w.anyTarget()
	if x == nil {
		return ""
	}
	x.stripped, x.took = true, false
	return "replaces " + name
}

// remakeAtTarget deletes a workload and applies it again, while Pods of the former are left.
func (w *world) remakeAtTarget() string {
	name, x := w.anyTarget()
	if x == nil || w.custom {
		return ""
	}
	w.objects[name] = &simObject{uid: w.uid(), foreign: true, stripped: true, want: x.want, seen: x.want, pods: x.pods, reported: x.pods}
	return "makes " + name + " anew"
}

func (w *world) scaleTarget() string {
	name, x := w.anyTarget()
	if x == nil || x.want == 0 || x.kept && !w.started() {
		return ""
	}
	if x.stopped = !x.stopped; x.stopped {
		return "scales " + name + " to zero"
	}
	return "scales " + name + " up"
}

func (w *world) deleteAtTarget() string {
	name, x := w.anyTarget()
	if x == nil || x.pods > 0 || x.seen > 0 || w.custom || w.committed() {
		return ""
	}
	delete(w.objects, name)
	return "deletes " + name + " at the target"
}

func (w *world) remakeClaim() string {
	if w.claim == nil || w.committed() {
		return ""
	}
	w.claim = &simClaim{uid: w.uid(), foreign: true, data: noData}
	return "makes the claim anew"
}

func (w *world) stripClaim() string {
	if w.claim == nil || w.committed() {
		return ""
	}
	if w.rand.IntN(2) == 0 {
		w.claim.mark = ""
		return "removes the mark of the active claim"
	}
	w.claim.whole = false
	return "removes the mark of the copy"
}

// loseRecord deletes one thing that the switch has written down.
func (w *world) loseRecord() string {
	if w.lostOne || w.committed() {
		return ""
	}
	for _, x := range w.workloads {
		if x.ours && x.ledger == nil {
			return "" // All that tells of it would be gone.
		}
	}
	w.lostOne = true
	switch w.rand.IntN(4) {
	case 0:
		w.srcRecord = nil
		return "deletes the record at the source"
	case 1:
		w.dstRecord = nil
		return "deletes the record at the target"
	case 2:
		w.srcRecord, w.dstRecord = nil, nil
		return "deletes both records"
	}
	w.pinnedSecret, w.planLost = false, true
	return "deletes the plan"
}

// takeName makes an object of the plan before the switch does.
func (w *world) takeName() string {
	if len(w.workloads) == 0 || w.contents == api.ContentsData || w.custom || w.objects[w.ref(0).String()] != nil || w.committed() {
		return ""
	}
	w.objects[w.ref(0).String()] = &simObject{uid: w.uid(), foreign: true, stripped: true, want: 1}
	return "takes a name at the target"
}

// person does what the messages ask for: what other clients have made at the target goes, what they
// have deleted at the source comes back, and a source that runs beside the target is stopped.
func (w *world) person() {
	w.outage, w.stubborn = 0, false
	recorded := mergeRecords(w.srcRecord, w.dstRecord).UIDs
	for name, x := range w.objects {
		// Also one of ours that says so nowhere any more.
		if x.foreign || x.stripped && !x.kept && recorded[name] != x.uid {
			delete(w.objects, name)
		}
	}
	if w.claim != nil && w.claim.foreign {
		w.claim = nil
	}
	for i := range w.workloads {
		x := &w.workloads[i]
		if x.missing {
			x.missing, x.replicas = false, wantReplicas
			x.generation++
		}
		if w.committed() {
			x.replicas, x.stuck = 0, false
		}
	}
	w.note("a person does what was asked for")
}
