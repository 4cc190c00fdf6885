package target

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cluster"
)

// Contents of the Secret at home.
type Contents struct {
	Kubeconfig []byte
	// HasAccount: the target has an account of its own; else the credentials are those of the caller.
	HasAccount bool
	// Duration for which the token was asked for, and when it ends. Both are zero for a token that does not end.
	Duration time.Duration
	Expires  time.Time
}

// Secret of the target in a namespace at home.
func (t Target) Secret(namespace string, c Contents) *corev1.Secret {
	s := &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: t.Name, Namespace: namespace, Labels: t.labels(), Annotations: map[string]string{}},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{Key: c.Kubeconfig},
	}
	if c.HasAccount {
		s.Annotations[api.AccountAnnotation] = t.Namespace + "/" + t.Account()
	}
	if c.Duration > 0 {
		s.Annotations[api.TokenDurationAnnotation] = c.Duration.String()
	}
	if !c.Expires.IsZero() {
		s.Annotations[api.ExpiresAnnotation] = c.Expires.UTC().Format(time.RFC3339)
	}
	return s
}

// Stored is what a Secret at home says of a target. It holds no credentials.
type Stored struct {
	// Name of the Secret.
	Name string `json:"name"`
	// Server and namespace that its kubeconfig leads to.
	Server    string `json:"server,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Expires: when the credentials end; nil: they do not, or that cannot be told.
	Expires *time.Time `json:"expires,omitempty"`
	// Account at the target that was made for it, NAMESPACE/NAME.
	Account string `json:"account,omitempty"`
	// Problem: the Secret or its kubeconfig cannot be used; why.
	Problem string `json:"problem,omitempty"`
	// UsedBy are the moves that name it.
	UsedBy []string `json:"usedBy,omitempty"`

	// id of the label; empty: it was not made by this program.
	id string
	// duration for which its token was asked for.
	duration time.Duration
}

// Read what a Secret says, and its kubeconfig under a key.
func Read(s *corev1.Secret, key string) Stored {
	out := Stored{Name: s.Name, Account: s.Annotations[api.AccountAnnotation], id: s.Labels[api.TargetLabel]}
	out.duration, _ = time.ParseDuration(s.Annotations[api.TokenDurationAnnotation])
	data, ok := s.Data[key]
	if !ok {
		out.Problem = "the Secret has no key " + key
		return out
	}
	if _, err := Check(data); err != nil {
		out.Problem = err.Error()
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		return out
	}
	if context := config.Contexts[config.CurrentContext]; context != nil {
		out.Namespace = cmp.Or(context.Namespace, metav1.NamespaceDefault)
		if c := config.Clusters[context.Cluster]; c != nil {
			out.Server = withoutUser(c.Server)
		}
	}
	if _, at := cluster.CredentialsEnd(data); !at.IsZero() {
		out.Expires = &at
	} else if at, err := time.Parse(time.RFC3339, s.Annotations[api.ExpiresAnnotation]); err == nil {
		out.Expires = &at
	}
	return out
}

// withoutUser is an address without what may be secret in it.
func withoutUser(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Target that a Secret is of; false: it was not made by this program, or has no account at the target.
func (s Stored) Target() (Target, bool) {
	namespace, account, _ := strings.Cut(s.Account, "/")
	t := Target{Name: s.Name, ID: s.id, Namespace: namespace}
	return t, len(s.id) == 16 && namespace != "" && account == t.Account()
}

// IsOurs says whether this program has made the Secret.
func (s Stored) IsOurs() bool { return s.id != "" }

// Duration for which its token was asked for; 0: it does not end.
func (s Stored) Duration() time.Duration { return s.duration }

// CheckOverwrite says why the Secret that is there must not be written; nil: it may. server is the new one.
func (t Target) CheckOverwrite(old *Stored, namespace, server string) error {
	failed := "the Secret " + t.Name + " in namespace " + namespace + " is there already"
	switch {
	case old == nil:
		return nil
	case old.id != t.ID:
		return fault.New(fault.Failed, failed, "it was not made by target add for this namespace; "+
			"choose another name, or add --overwrite to replace what it holds")
	case old.Server != "" && (old.Server != withoutUser(server) || old.Namespace != t.Namespace):
		return fault.New(fault.Failed, failed, "it leads to namespace %s of %s, and the new one would lead to namespace %s of %s; moves that "+
			"use it "+
			"would go on there: choose another name, or add --overwrite", old.Namespace, old.Server, t.Namespace, withoutUser(server))
	}
	return nil
}

// Use of a Secret by a move.
type Use struct {
	Secret, Key string
	// Move is KIND/NAME.
	Move string
	// Side on which the move has the cluster, and the namespace there.
	Side, Namespace string
}

// Uses of Secrets by MoveEngines.
func Uses(engines []*api.MoveEngine) []Use {
	var out []Use
	for _, e := range engines {
		add := func(p *api.Endpoint, side string) {
			if p != nil && p.Cluster != nil {
				ref := p.Cluster.KubeconfigSecretRef
				out = append(out, Use{ref.Name, cmp.Or(ref.Key, Key), "moveengine/" + e.Name, side, p.Namespace})
			}
		}
		add(e.Spec.Source, AsSource)
		for i := range e.Spec.Targets {
			add(&e.Spec.Targets[i].Endpoint, AsTarget)
		}
	}
	return out
}

// List is a line for each Secret of this program and each that a move names, by name. secrets are those that were found.
func List(secrets []corev1.Secret, uses []Use) []Stored {
	type place struct{ name, key string }
	lines := map[place]*Stored{}
	for i := range secrets {
		if s := &secrets[i]; s.Labels[api.TargetLabel] != "" {
			stored := Read(s, Key)
			lines[place{s.Name, Key}] = &stored
		}
	}
	for _, u := range uses {
		at := place{u.Secret, u.Key}
		if lines[at] == nil {
			stored := Stored{Name: u.Secret, Namespace: u.Namespace, Problem: "the Secret is not there"}
			if i := slices.IndexFunc(secrets, func(s corev1.Secret) bool { return s.Name == u.Secret }); i >= 0 {
				stored = Read(&secrets[i], u.Key)
				stored.Namespace = u.Namespace
			}
			lines[at] = &stored
		}
		if l := lines[at]; !slices.Contains(l.UsedBy, u.Move) {
			l.UsedBy = append(l.UsedBy, u.Move)
		}
	}
	out := make([]Stored, 0, len(lines))
	for _, l := range lines {
		slices.Sort(l.UsedBy)
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Stored) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Server, b.Server))
	})
	return out
}

// Rows of the table of targets.
func Rows(list []Stored, now time.Time) [][]string {
	rows := [][]string{{"NAME", "SERVER", "NAMESPACE", "EXPIRES", "USED BY"}}
	for _, s := range list {
		server := s.Server
		if s.Problem != "" {
			server = cmp.Or(server, "("+s.Problem+")")
		}
		rows = append(rows, []string{s.Name, server, s.Namespace, Expiry(s.Expires, now), strings.Join(s.UsedBy, ", ")})
	}
	return rows
}
