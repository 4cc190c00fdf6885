package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// write is a row that the client has inserted: its number, and the Pod that did.
type write struct {
	number int
	writer string
}

// acknowledged is what the client logs when the database has acknowledged a write.
var acknowledged = regexp.MustCompile(`^acknowledged (\d+) by (\S+)$`)

// writesIn reads the acknowledged writes out of a log of the client. It holds errors too.
func writesIn(log io.Reader) ([]write, error) {
	var writes []write
	scan := bufio.NewScanner(log)
	for scan.Scan() {
		m := acknowledged.FindStringSubmatch(scan.Text())
		if m == nil {
			continue
		}
		number, err := strconv.Atoi(m[1])
		if err != nil {
			return writes, fmt.Errorf("the client logs %q: %w", scan.Text(), err)
		}
		writes = append(writes, write{number, m[2]})
	}
	return writes, scan.Err()
}

// clientLog is the log of the client at the source, read while it is written.
type clientLog struct {
	stop   context.CancelFunc
	ended  chan struct{}
	writes []write
	err    error
}

// followClient begins to read the log of the client that a journey takes along, from its start on.
func (d *Demo) followClient(ctx context.Context, j *journey) error {
	pod, err := d.Shell(ctx, on(j.from)+" get pods --selector app=client --output jsonpath={.items[*].metadata.name}")
	if err != nil {
		return err
	}
	cluster := d.lab.Source()
	if j.from != cluster.Name {
		cluster = d.lab.Target()
	}
	client, err := cluster.Client()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	stream, err := client.CoreV1().Pods(Namespace).GetLogs(pod, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		stop()
		return fmt.Errorf("follow the log of the client, Pod %q: %w", pod, err)
	}
	l := &clientLog{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer stream.Close()
		l.writes, l.err = writesIn(stream)
	}()
	j.log = l
	return nil
}

// all waits for the end of the log, which is that of the Pod, and returns what it held.
func (l *clientLog) all(ctx context.Context) ([]write, error) {
	err := lab.Await(ctx, time.Minute, "the end of the client's log", func(context.Context) error {
		select {
		case <-l.ended:
			return nil
		default:
			return errors.New("it goes on")
		}
	})
	if err != nil {
		return nil, err
	}
	return l.writes, l.err
}

// rowsIn reads rows "NUMBER WRITER", as psql prints them.
func rowsIn(out string) ([]write, error) {
	var rows []write
	for line := range strings.Lines(out) {
		var r write
		if _, err := fmt.Sscanf(line, "%d %s", &r.number, &r.writer); err != nil {
			return nil, fmt.Errorf("a row is %q, expected NUMBER WRITER: %w", line, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// compared is what the table at the target says about the writes that were acknowledged.
type compared struct {
	// lost writes were acknowledged and are not there; doubled ones are there more than once.
	lost, doubled []int
	// gaps are numbers below the highest one that were not written.
	gaps []int
	// unheard counts the rows of each writer below the highest acknowledged number whose
	// acknowledgement was not seen. The last write of a client that is stopped can be one; more
	// mean that its log was not read to its end, and that the comparison is worth less.
	unheard map[string]int
}

// compare the acknowledged writes with the rows of the table. The writer counts too: a row that
// was lost and then written again under its number, by the next client, is lost.
func compare(acknowledged, rows []write) compared {
	c := compared{unheard: map[string]int{}}
	count, numbers, highest := map[write]int{}, map[int]int{}, 0
	for _, r := range rows {
		count[r]++
		numbers[r.number]++
		highest = max(highest, r.number)
	}
	heard, last := map[write]bool{}, 0
	for _, w := range acknowledged {
		if count[w] == 0 && !heard[w] {
			c.lost = append(c.lost, w.number)
		}
		heard[w], last = true, max(last, w.number)
	}
	for r := range count {
		if !heard[r] && r.number < last {
			c.unheard[r.writer]++
		}
	}
	for n := 1; n <= highest; n++ {
		switch {
		case numbers[n] == 0:
			c.gaps = append(c.gaps, n)
		case numbers[n] > 1:
			c.doubled = append(c.doubled, n)
		}
	}
	slices.Sort(c.lost)
	return c
}

// wrong says what is not as it must be, nil when nothing is.
func (c compared) wrong() error {
	for _, w := range []struct {
		numbers []int
		what    string
	}{{c.lost, "acknowledged and not in the table"}, {c.doubled, "in the table more than once"}, {c.gaps, "missing between others"}} {
		if len(w.numbers) > 0 {
			return fmt.Errorf("numbers that are %s: %d, the first is %d", w.what, len(w.numbers), w.numbers[0])
		}
	}
	for writer, n := range c.unheard {
		if n > 1 {
			return fmt.Errorf("%d writes of %s are in the table and not in its log, expected one at most: the log was not read to its end",
				n, writer)
		}
	}
	return nil
}
