package bench

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const driverLog = `{"time":"2030-01-01T00:00:01.2Z","level":"INFO","msg":"the route of the data","volume":"data","transport":"NodePort"}
{"time":"2030-01-01T00:00:01.5Z","level":"INFO","msg":"workers started","volume":"data","try":1}
no JSON
{"time":"2030-01-01T00:00:07.25Z","level":"INFO","msg":"volume synced","volume":"data"}
{"time":"2030-01-01T00:00:09Z","level":"INFO","msg":"finished","outcome":"Succeeded"}
`

func TestParseDriverLog(t *testing.T) {
	got, err := parseDriverLog([]byte(driverLog))
	require.NoError(t, err)
	require.Equal(t, 5750*time.Millisecond, got.Verified.Sub(got.Go))
	require.Equal(t, "NodePort", got.Transport)
	require.Equal(t, 7500*time.Millisecond, got.Finished.Sub(got.Go))

	_, err = parseDriverLog([]byte(driverLog[:300]))
	require.ErrorContains(t, err, `expected the lines "workers started"`)
	_, err = parseDriverLog([]byte(driverLog + `{"msg":"trying a volume again","reason":"the disk is gone"}`))
	require.ErrorContains(t, err, "the disk is gone")
}

func TestParseSteps(t *testing.T) {
	got, err := parseSteps([]byte(`[{"name":"Pin","startedAt":"2030-01-01T00:00:01Z","finishedAt":"2030-01-01T00:00:03Z"}]`))
	require.NoError(t, err)
	require.Equal(t, []phase{{"Pin", 2 * time.Second}}, got)
	_, err = parseSteps(nil)
	require.ErrorContains(t, err, "expected a list")
}

func TestSnapshotID(t *testing.T) {
	got, err := snapshotID([]byte("{\"message_type\":\"status\"}\n{\"message_type\":\"summary\",\"snapshot_id\":\"0a1b\"}\n"))
	require.NoError(t, err)
	require.Equal(t, "0a1b", got)
	_, err = snapshotID([]byte("{\"message_type\":\"status\"}\n"))
	require.ErrorContains(t, err, "without a summary")
}

func TestFileSystem(t *testing.T) {
	const mounts = `22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
23 22 0:5 / /tmp rw - tmpfs tmpfs rw
24 22 0:6 / /data rw - xfs /dev/vdb rw
`
	for folder, want := range map[string]string{"/tmp/a": "tmpfs", "/tmp": "tmpfs", "/tmpfile": "ext4", "/data/x": "xfs", "/": "ext4"} {
		require.Equal(t, want, fileSystem(mounts, folder), folder)
	}
	require.Equal(t, "unknown", fileSystem("", "/tmp"))
}

func TestMemory(t *testing.T) {
	require.Equal(t, int64(2048), kibibytes("MemFree: 1 kB\nMemTotal:        2048 kB\n", "MemTotal"))
	require.Equal(t, "unknown", value("a: b\n", "model name"))
}

func TestTakePrograms(t *testing.T) {
	layer := tarOf(t, map[string]string{"usr/local/bin/restic": "R", "usr/local/bin/rest-server": "S", "etc/passwd": "root"})
	images, dir := t.TempDir(), t.TempDir()
	image := filepath.Join(images, "ghcr.io-kubemove-task-dev-1.tar")
	require.NoError(t, os.WriteFile(image, tarOf(t, map[string]string{"manifest.json": "{}", "layer.tar": string(layer)}), 0o600))
	_, err := takePrograms(images, dir)
	require.ErrorContains(t, err, "run make up", "its name is not that of the mobilizer")

	require.NoError(t, os.Rename(image, filepath.Join(images, "ghcr.io-kubemove-ddm-dev-1.tar")))
	p, err := takePrograms(images, dir)
	require.NoError(t, err)
	for file, want := range map[string]string{p.restic: "R", p.restServer: "S"} {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	require.NoFileExists(t, filepath.Join(dir, "passwd"))
}

func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}
