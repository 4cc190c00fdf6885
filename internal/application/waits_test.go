package application

import (
	"strings"
	"testing"
)

const (
	doneJob = `{apiVersion: batch/v1, kind: Job, metadata: {name: prepare, namespace: src},
		spec: {template: {spec: {containers: [{name: c}]}}}, status: {conditions: [{type: Complete, status: "True"}]}}`
	nodePort = `{apiVersion: v1, kind: Service, metadata: {name: web-0-out, namespace: src},
		spec: {type: NodePort, selector: {app: web, statefulset.kubernetes.io/pod-name: web-0}, ports: [{port: 1}]}}`
	balancer = `{apiVersion: v1, kind: Service,
		metadata: {name: other, namespace: src, annotations: {external-dns.alpha.kubernetes.io/hostname: "other.example.com"}},
		spec: {type: LoadBalancer, selector: {app: other}, ports: [{port: 1}]}}`
	inside   = `{apiVersion: v1, kind: Service, metadata: {name: inside, namespace: src}, spec: {selector: {app: web}, ports: [{port: 1}]}}`
	entrance = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: src},
		spec: {rules: [{host: shop.example.com}]}}`
	route = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: front, namespace: src},
		spec: {hostnames: [shop.example.com], rules: [{backendRefs: [{name: inside, port: 1}]}]}}`
	traefik = "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: front, namespace: src}, " +
		"spec: {routes: [{match: 'Host(`shop.example.com`) && PathPrefix(`/a`)', services: [{name: inside, port: 1}]}]}}"
	addresses = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: src}, data: {URL: "https://shop.example.com"}}`
	lbStatus  = `{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: src},
		spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 1}]}, status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}}`
	ownBinding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: own, namespace: src},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: own}, subjects: [{kind: ServiceAccount, name: own, namespace: src}]}`
	ownAccount = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: own, namespace: src}}`
	ownLease   = `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: turn, namespace: src}, spec: {HOLDER}}`
)

func roleOf(group, resources, verbs string) string {
	return `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: own, namespace: src}, rules: [{apiGroups: ["` + group +
		`"], resources: [` + resources + `], verbs: [` + verbs + `]}]}`
}

// waiting is a Deployment with an init container and a container.
func waiting(spec, initial, main string) string {
	init := ""
	if initial != "" {
		init = `initContainers: [{name: first, ` + initial + `}], `
	}
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
		spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {` + spec + init + `containers: [{name: main, ` + main + `}]}}}}`
}

// TestWaits: what a workload would wait for at the target is told before anything is stopped, and
// nothing is told of those that wait for nothing.
func TestWaits(t *testing.T) {
	const (
		runAs  = "serviceAccountName: own, "
		opaque = "image: wait"
		shell  = `command: [sh, -c, "until nc -z db 5432; do sleep 1; done"]`
	)
	readJobs := join(ownAccount, ownBinding, roleOf("batch", "jobs", "get, list, watch"))
	readServices := join(ownAccount, ownBinding, roleOf("", "services", "get, watch"))
	command := func(text string) string { return `command: [sh, -c, "` + text + `"]` }
	cases := map[string]struct {
		reason  string
		objects string
		want    []string
	}{
		"JobByRights": {"a waiter's Role is for what it waits for",
			join(waiting(runAs, opaque, opaque), doneJob, readJobs), []string{"Deployment.apps/web", "Job.batch/prepare", "account own"}},
		"JobByName": {"the command says it, whatever the rights are",
			join(waiting("", command("kubectl wait --for=condition=complete job/prepare"), opaque), doneJob),
			[]string{"Job.batch/prepare", "container first"}},
		"JobByArguments": {"k8s-wait-for has the kind and the name as arguments",
			join(waiting("", "image: wait, args: [job-wr, prepare]", opaque), doneJob), []string{"Job.batch/prepare"}},
		"JobNamedLater": {"kubectl takes flags between the kind and the name",
			join(waiting("", command("kubectl wait job -n src --timeout=5s prepare"), opaque), doneJob), []string{"Job.batch/prepare"}},
		"JobByPath": {"programs ask the API server themselves",
			join(waiting("", "", command("curl $API/apis/batch/v1/namespaces/src/jobs/prepare")), doneJob),
			[]string{"Job.batch/prepare", "container main"}},
		"JobByEnv": {"or are told by their environment",
			join(waiting("", `image: i, env: [{name: FOR, value: "job/prepare"}]`, opaque), doneJob), []string{"Job.batch/prepare"}},
		"JobRunsScript": {"a script in the main container may ask, too",
			join(waiting(runAs, "", command("until kubectl get $KIND; do sleep 1; done")), doneJob, readJobs), []string{"Job.batch/prepare"}},
		"JobNoInit": {"a program that only watches Jobs shows them", join(waiting(runAs, "", opaque), doneJob, readJobs), nil},
		"JobOtherInit": {"the broad ClusterRole of all who look around says nothing",
			join(waiting(runAs, shell, opaque), doneJob, ownAccount, ownBinding, roleOf("batch", "a, b, c, d, jobs", "get")), nil},
		"JobBroadAsks": {"but for one that asks",
			join(waiting(runAs, "image: bitnami/kubectl", opaque), doneJob, ownAccount, ownBinding, roleOf("batch", "a, b, c, d, jobs", "get")),
			[]string{"Job.batch/prepare"}},
		"JobEverything": {"nor does the right to everything",
			join(waiting(runAs, shell, opaque), doneJob, ownAccount, ownBinding, roleOf("*", `"*"`, "get")), nil},
		"JobMaker": {"a controller makes its own",
			join(waiting(runAs, opaque, opaque), doneJob, ownAccount, ownBinding, roleOf("batch", "jobs", "get, create")), nil},
		"JobOtherName": {"its account may read another one",
			join(waiting(runAs, opaque, opaque), doneJob, ownAccount, ownBinding,
				strings.Replace(roleOf("batch", "jobs", "get"), "verbs:", "resourceNames: [x], verbs:", 1)), nil},
		"JobNoToken": {"who cannot log in asks nothing",
			join(waiting(runAs+"automountServiceAccountToken: false, ", opaque, opaque), doneJob, readJobs), nil},
		"JobSidecar": {"a sidecar keeps nothing waiting", join(waiting(runAs, opaque+", restartPolicy: Always", opaque), doneJob, readJobs), nil},
		"NameAlone":  {"many words are the names of objects", join(waiting("", command("./prepare --now"), opaque), doneJob), nil},
		"PartOfAName": {"another name is another object",
			join(waiting("", command("kubectl wait job/prepare-2 job/a-prepare"), opaque), doneJob), nil},
		"LeaseFree": {"a Lease that nothing holds is not taken anew",
			join(waiting("", command("kubectl get lease/turn"), opaque), strings.Replace(ownLease, "HOLDER", "", 1)),
			[]string{"Lease.coordination.k8s.io/turn"}},
		"LeaseHeld": {"the program that holds it takes it",
			join(waiting("", command("kubectl get lease/turn"), opaque), strings.Replace(ownLease, "HOLDER", "holderIdentity: a", 1)), nil},
		"Moves": {"what moves is there", join(waiting("", command("kubectl get service/inside"), opaque), inside), nil},
		"ServiceByRights": {"the Service of its own Pods has its port only after the commit",
			join(waiting(runAs, opaque, opaque), nodePort, balancer, inside, readServices), []string{"Service/web-0-out", "account own"}},
		"ServiceOther": {"it may be another's that it waits for",
			join(waiting(runAs, opaque, opaque), balancer, inside, readServices), []string{"Service/other"}},
		"ServiceByName": {"the command says it",
			join(waiting("", "", command("kubectl get svc other -o jsonpath={.status}")), balancer), []string{"Service/other", "container main"}},
		"ServiceInside": {"a Service without an external endpoint is as it will be",
			join(waiting(runAs, opaque, opaque), inside, readServices), nil},
		"ServiceMaker": {"a controller makes its own",
			join(waiting(runAs, opaque, opaque), nodePort, ownAccount, ownBinding, roleOf("", "services", "get, create")), nil},
		"IngressByRights": {"an Ingress comes after the commit",
			join(waiting(runAs, opaque, opaque), inside, entrance, ownAccount, ownBinding, roleOf("networking.k8s.io", "ingresses", "get")),
			[]string{"Ingress.networking.k8s.io/front"}},
		"HostInit": {"so what answers there is not the target",
			join(waiting("", command("until curl https://shop.example.com/health; do sleep 1; done"), opaque), inside, entrance),
			[]string{"Ingress.networking.k8s.io/front", "container first"}},
		"HostOfService": {"a balancer may have a name",
			join(waiting("", command("curl http://other.example.com"), opaque), balancer), []string{"Service/other"}},
		"HostByEnv": {"the shell puts the address in",
			join(waiting("",
				command("until curl -f $PUBLIC_URL/health; do sleep 1; done")+`, env: [{name: PUBLIC_URL, value: "https://shop.example.com"}]`,
				opaque), inside, entrance), []string{"Ingress.networking.k8s.io/front", "container first"}},
		"HostBySettings": {"or a ConfigMap has it",
			join(waiting("", `image: curl, args: ["$(SHOP_URL)"], envFrom: [{prefix: SHOP_, configMapRef: {name: settings}}]`, opaque),
				addresses, inside, entrance), []string{"Ingress.networking.k8s.io/front", "container first"}},
		"HostByKey": {"the same, by its key",
			join(waiting("",
				command("wget ${ADDRESS:-x}")+`, env: [{name: ADDRESS, valueFrom: {configMapKeyRef: {name: settings, key: URL}}}]`,
				opaque), addresses, inside, entrance), []string{"Ingress.networking.k8s.io/front", "container first"}},
		"HostNotAsked": {"many programs are told the address of the application",
			join(waiting("", command("migrate $PUBLIC")+`, env: [{name: PUBLIC_URL, value: "https://shop.example.com"}]`, opaque), inside, entrance),
			nil},
		"HostProbe": {"it is not ready before that answers",
			join(waiting("", "", opaque+`, readinessProbe: {exec: {command: [curl, -f, "https://shop.example.com/health"]}}`), inside, entrance),
			[]string{"Ingress.networking.k8s.io/front", "container main"}},
		"HostProbeField": {"the kubelet asks it itself",
			join(waiting("", "", opaque+`, startupProbe: {httpGet: {host: shop.example.com, port: 443}}`), inside, entrance),
			[]string{"Ingress.networking.k8s.io/front", "container main"}},
		"HostPostStart": {"it has not started before that answers",
			join(waiting("", "",
				opaque+`, lifecycle: {postStart: {exec: {command: [sh, -c, "until curl https://shop.example.com; do sleep 1; done"]}}}`),
				inside, entrance), []string{"Ingress.networking.k8s.io/front", "container main"}},
		"HostMainLoop": {"a script may wait before it starts the program",
			join(waiting("", "", command("until curl -f https://shop.example.com/health; do sleep 1; done; exec serve")), inside, entrance),
			[]string{"Ingress.networking.k8s.io/front", "container main"}},
		"HostOfRoute": {"a route has hosts, too", join(waiting("", command("curl https://shop.example.com"), opaque), inside, route),
			[]string{"HTTPRoute.gateway.networking.k8s.io/front", "container first"}},
		"HostOfRule": {"or a rule with one", join(waiting("", command("curl https://shop.example.com"), opaque), inside, traefik),
			[]string{"IngressRoute.traefik.io/front", "container first"}},
		"AddressGiven": {"the address of the balancer is the source's",
			join(waiting("", command("until curl http://203.0.113.7; do sleep 1; done"), opaque),
				strings.Replace(nodePort, "type: NodePort", "type: LoadBalancer", 1), lbStatus), []string{"Service/lb", "container first"}},
		"Gate": {"a balancer says that it reaches the Pods, after the commit",
			join(waiting(`readinessGates: [{conditionType: target-health.example.com/tg}], `, "", opaque), inside, entrance),
			[]string{"Deployment.apps/web", "target-health.example.com/tg"}},
		"GateInside": {"without an external endpoint it is no balancer",
			join(waiting(`readinessGates: [{conditionType: example.com/checked}], `, "", opaque), inside), nil},
		"HostMain": {"many programs know their own address",
			join(waiting("", "", command("serve --url https://shop.example.com")), inside, entrance), nil},
		"HostOther": {"another host is another's",
			join(waiting("", command("curl https://my-shop.example.com https://x.shop.example.com"), opaque), inside, entrance), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			var got []string
			for _, w := range p.Warnings {
				if strings.Contains(w, " may wait ") {
					got = append(got, w)
				}
			}
			if tc.want == nil && len(got) > 0 || tc.want != nil && len(got) != 1 {
				t.Fatalf("%s: got %q, all warnings %q", tc.reason, got, p.Warnings)
			}
			for _, want := range tc.want {
				if !strings.Contains(got[0], want) {
					t.Errorf("%s: %q lacks %q", tc.reason, got[0], want)
				}
			}
		})
	}
}

// TestWaitsForLostJob: a Job that was deleted when it had succeeded is missed by the next Pod only.
func TestWaitsForLostJob(t *testing.T) {
	const opaque = "image: wait"
	command := func(text string) string { return `command: [sh, -c, "` + text + `"]` }
	cases := map[string]struct {
		reason  string
		objects string
		want    []string
	}{
		"JobDeleted": {"a hook of Helm is deleted when it has succeeded",
			waiting("", command("kubectl wait --for=condition=complete job/prepare"), opaque),
			[]string{"Job.batch/prepare", "not at the source", "container first"}},
		"JobDeletedWait": {"k8s-wait-for has kind and name as words",
			waiting("", "image: groundnuty/k8s-wait-for:v2, args: [job-wr, prepare]", opaque), []string{"Job.batch/prepare", "not at the source"}},
		"JobDeletedMain": {"a script in the main container waits as well",
			waiting("", "", command("until kubectl get jobs.batch/prepare; do sleep 1; done")), []string{"Job.batch/prepare", "container main"}},
		"JobMadeHere": {"it makes what it waits for",
			waiting("", command("kubectl apply -f /job.yaml; kubectl wait job/prepare"), opaque), nil},
		"JobInText":     {"a word of another program is no Job", waiting("", command("run --queue job/prepare"), opaque), nil},
		"JobByVariable": {"its name is not known", waiting("", command("kubectl wait job/$NAME"), opaque), nil},
		"There":         {"it is told of as one that stays", join(waiting("", command("kubectl wait job/prepare"), opaque), doneJob), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			got := ""
			for _, w := range p.Warnings {
				if strings.Contains(w, " waits for ") {
					got = w
				}
			}
			if tc.want == nil && got != "" {
				t.Errorf("%s: got %q", tc.reason, got)
			}
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: %q lacks %q", tc.reason, got, want)
				}
			}
		})
	}
}
