package agent

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// echoAfterEOF answers each connection with what it got, after the end of the request: it
// needs half-close.
func echoAfterEOF(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			data, err := io.ReadAll(conn)
			if err == nil {
				_, _ = conn.Write(data)
			}
		}()
	}
}

func TestPeerConnectionsKeepHalfClose(t *testing.T) { overBothRoutes(t, peerConnectionsKeepHalfClose) }

func peerConnectionsKeepHalfClose(t *testing.T, h *harness) {
	go echoAfterEOF(h.worker)
	want := make([]byte, 9<<20)
	if _, err := rand.Read(want); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() { errs <- roundTrip(h.dialPeer(), want) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func roundTrip(conn *net.TCPConn, want []byte) error {
	defer func() { _ = conn.Close() }()
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(want)
		written <- errors.Join(err, conn.CloseWrite())
	}()
	got, err := io.ReadAll(conn)
	// The kernel tells a reset once: to the writer, or to the reader.
	if err := errors.Join(err, <-written); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the answer differs from the request")
	}
	return nil
}

func TestACutSessionResetsPeerConnections(t *testing.T) {
	h := newHarness(t)
	accepted := make(chan net.Conn, 2)
	go func() {
		for {
			conn, err := h.worker.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	h.awaitConnected()
	source := h.dialPeer()
	defer func() { _ = source.Close() }()
	if _, err := source.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	target := <-accepted
	defer target.Close()
	h.cut()
	for name, conn := range map[string]net.Conn{"source": source, "target": target} {
		// A clean end would make a worker believe that it has got everything.
		if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the worker of the %s got %v, want a reset", name, err)
		}
	}
	// The coordinator dials again, and new connections work.
	go func() {
		conn := <-accepted
		_, _ = io.Copy(conn, conn)
		conn.Close()
	}()
	if err := roundTrip(h.dialPeer(), []byte("again")); err != nil {
		t.Errorf("after the coordinator has come back: %v", err)
	}
}

func TestAResetOfOneWorkerReachesTheOther(t *testing.T) {
	overBothRoutes(t, aResetOfOneWorkerReachesTheOther)
}

func aResetOfOneWorkerReachesTheOther(t *testing.T, h *harness) {
	source := h.dialPeer()
	defer func() { _ = source.Close() }()
	target, err := h.worker.Accept()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, source, target)
	relay.Reset(target)
	if _, err := io.ReadAll(source); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the worker of the source got %v, want a reset", err)
	}
}

// exchange makes sure that the two are connected all the way.
func exchange(t *testing.T, a, b net.Conn) {
	t.Helper()
	if _, err := a.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestAWorkerThatStopsReadingIsNoticed(t *testing.T) {
	overBothRoutes(t, aWorkerThatStopsReadingIsNoticed)
}

func aWorkerThatStopsReadingIsNoticed(t *testing.T, h *harness) {
	source := h.dialPeer()
	defer func() { _ = source.Close() }()
	target, err := h.worker.Accept()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, source, target)
	target.Close()
	// The source goes on sending into the void until it is told.
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = source.Write(block)
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the worker of the source got %v, want a reset", err)
	}
}

func TestGoOutlivesSessions(t *testing.T) {
	h := newHarness(t)
	h.awaitConnected()
	file := h.agents[task.RoleSource].StartedFile
	if Started(file) {
		t.Fatal("started before go")
	}
	h.link.Go(nil)
	for role := range h.agents {
		h.await(role, "go", func(s relay.AgentState) bool { return s.Started })
	}
	if !Started(file) {
		t.Error("go was confirmed, but the start mark is missing")
	}
	h.cut()
	h.awaitConnected()
}

func TestStatusReachesTheCoordinator(t *testing.T) {
	cases := map[string]struct {
		reason string
		data   string
		want   bool
	}{
		"of the run": {
			reason: "the status of the run itself counts",
			data:   `{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-1","sequence":7,"result":{"outcome":"Succeeded"}}`,
			want:   true,
		},
		"of another run": {
			reason: "a status left by another run must not count",
			data:   `{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-2","result":{"outcome":"Succeeded"}}`,
		},
		"no run": {
			reason: "a status without a run must not count",
			data:   `{"apiVersion":"task.kubemove.io/v1alpha1","result":{"outcome":"Succeeded"}}`,
		},
		"garbage": {reason: "half a file is no status", data: `{"apiVersion":"task.kube`},
		"too long": {
			reason: "the size is bounded",
			data:   `{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-1","message":"` + strings.Repeat("x", task.MaxSize) + `"}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.link.Go(nil)
			h.await(task.RoleTarget, "go", func(s relay.AgentState) bool { return s.Started })
			h.writeStatus(task.RoleTarget, tc.data)
			// The worker ends: the last look and the flush are what counts.
			h.stops[task.RoleTarget]()
			s := h.await(task.RoleTarget, tc.reason, func(s relay.AgentState) bool { return s.Final })
			<-h.ended[task.RoleTarget]
			if got := s.Status.Trusted(h.runID) != nil; got != tc.want {
				t.Errorf("%s: trusted %v, want %v", tc.reason, got, tc.want)
			}
			left, _ := os.ReadFile(h.agents[task.RoleTarget].TerminationLog)
			if got := len(left) > 0; got != tc.want {
				t.Errorf("%s: termination message %q", tc.reason, left)
			}
		})
	}
}

func TestStatusIsNotReadThroughALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/secret", []byte(`{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir+"/secret", dir+"/status.json"); err != nil {
		t.Fatal(err)
	}
	if s, _, err := readStatus(dir+"/status.json", stamp{}, "run-1"); err == nil || s != nil {
		t.Errorf("got %v, %v: a link would let a worker read what only the agent may", s, err)
	}
}

func TestDataInFlightIsDeliveredAfterTheWorkerHasEnded(t *testing.T) {
	overBothRoutes(t, dataInFlightIsDeliveredAfterTheWorkerHasEnded)
}

func dataInFlightIsDeliveredAfterTheWorkerHasEnded(t *testing.T, h *harness) {
	source := h.dialPeer()
	target, err := h.worker.Accept()
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	if _, err := source.Write(want); err != nil {
		t.Fatal(err)
	}
	_ = source.Close()
	// The worker process is gone, its agent is told to stop; only now the target reads.
	h.stops[h.opener]()
	got, err := io.ReadAll(target)
	target.Close()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestTerminationMessageFits(t *testing.T) {
	file := t.TempDir() + "/termination"
	long := strings.Repeat("\x01é", 20000)
	in := &task.Status{
		APIVersion: task.APIVersion, RunID: "r", Message: long, Warnings: []string{long},
		Volumes: []task.VolumeProgress{{Name: "data", Error: long, Verification: &task.Verification{Files: 1, Bytes: 2, Digest: "m:ff"}}},
		Result:  &task.Result{Outcome: task.OutcomeFailed, Reason: "X", Message: long},
	}
	if err := writeTermination(file, in); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > TerminationLimit {
		t.Errorf("%d bytes, at most %d are kept", len(data), TerminationLimit)
	}
	var got task.Status
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in.Volumes[0].Verification, got.Volumes[0].Verification); diff != "" {
		t.Errorf("verification (-want +got):\n%s", diff)
	}
}

func TestMainArguments(t *testing.T) {
	target := t.TempDir() + "/program"
	cases := map[string]struct {
		reason string
		args   []string
		want   int
	}{
		"nothing":  {"it must end well in any image", []string{ArgNothing}, task.ExitDone},
		"ahead":    {"it only saves time", []string{ArgPreOpen, "false"}, task.ExitDone},
		"no ahead": {"nothing to run", []string{ArgPreOpen}, task.ExitPermanent},
		"install":  {"a copy of the program", []string{ArgInstall, target}, task.ExitDone},
		"nowhere":  {"a folder that is not there", []string{ArgInstall, target + "/x/y"}, task.ExitFailed},
		"unknown":  {"a typing error", []string{"--stated"}, task.ExitPermanent},
		"too many": {"a typing error", []string{ArgNothing, "now"}, task.ExitPermanent},
	}
	for _, name := range []string{"nothing", "ahead", "no ahead", "install", "nowhere", "unknown", "too many"} {
		tc := cases[name]
		if got := Main(tc.args); got != tc.want {
			t.Errorf("%s: %s: exit code %d, want %d", name, tc.reason, got, tc.want)
		}
	}
	want, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(target)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the copy differs: %v", err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("the copy cannot be run: %v", err)
	}
}

// BenchmarkRelay measures one stream from worker to worker through both agents and the
// coordinator, all in this process.
func BenchmarkRelay(b *testing.B) {
	h := newHarness(b)
	h.awaitConnected()
	block := make([]byte, 1<<20)
	b.SetBytes(int64(len(block)))
	source := h.dialPeer()
	target, err := h.worker.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	go func() {
		for range b.N {
			if _, err := source.Write(block); err != nil {
				return
			}
		}
		_ = source.CloseWrite()
	}()
	n, err := io.Copy(io.Discard, target)
	if err != nil || n != int64(b.N)*int64(len(block)) {
		b.Fatalf("%d bytes, %v", n, err)
	}
	target.Close()
	_ = source.Close()
}
