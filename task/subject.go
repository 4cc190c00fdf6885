package task

// Kinds of subjects.
const (
	KindPair   = "MovePair"
	KindSwitch = "MoveSwitch"
)

// Subject is the object that a task of KubeMove's own works for. Its hook has made the Job and reads what
// the task reports.
type Subject struct {
	// Kind of the object; empty: the task has no subject, as that of a mobilizer.
	Kind string
	Object
}

// Subject of the task: the switch that it names, else the pair.
func (t *Task) Subject() Subject {
	switch {
	case t.Move == nil:
		return Subject{}
	case t.Move.Switch != nil:
		return Subject{Kind: KindSwitch, Object: *t.Move.Switch}
	}
	return Subject{Kind: KindPair, Object: t.Move.Pair}
}
