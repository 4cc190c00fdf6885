package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const standInForServer = "KUBEMOVE_TEST_SERVER"

// TestStandInForServer is no test: other tests run it as PostgreSQL's server. It says by which
// signal it is ended.
func TestStandInForServer(*testing.T) {
	if os.Getenv(standInForServer) == "" {
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	fmt.Println("ready")
	fmt.Println(<-signals)
	os.Exit(3)
}

// entrypoint prepares a run of the entry point of the image, with stand-ins for the programs.
func entrypoint(t *testing.T) (cmd *exec.Cmd, data, output string) {
	t.Helper()
	dir := t.TempDir()
	data, output = filepath.Join(dir, "volume", "pgdata"), filepath.Join(dir, "output")
	for name, script := range map[string]string{
		"entrypoint.sh": postgresEntrypoint,
		"initdb": `#!/bin/sh
for arg; do case $arg in --pgdata=*) new=${arg#*=} ;; --pwfile=*) echo "password $(cat "${arg#*=}")" ;; esac; done
[ ! -e "$new" ] || exit 9
mkdir -p "$new"
echo 15 >"$new/PG_VERSION"
`,
		"postgres": "#!/bin/sh\n" + standInForServer + "=1 exec " + os.Args[0] + " -test.run '^TestStandInForServer$'\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	cmd = exec.Command("sh", filepath.Join(dir, "entrypoint.sh"), "postgres")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PGDATA="+data, "POSTGRES_PASSWORD=word", "TMPDIR="+dir)
	file, err := os.Create(output)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, data, output
}

// runServer starts the entry point, ends it with SIGTERM when the server runs, and returns what
// was printed.
func runServer(t *testing.T, cmd *exec.Cmd, output string) string {
	t.Helper()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	require.NoError(t, Await(t.Context(), 20*time.Second, "the server", func(context.Context) error {
		data, err := os.ReadFile(output)
		if err == nil && !strings.Contains(string(data), "ready") {
			err = fmt.Errorf("it says %q", data)
		}
		return err
	}))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	printed, err := os.ReadFile(output)
	require.NoError(t, err)
	return string(printed)
}

func TestPostgresEntrypoint(t *testing.T) {
	cmd, data, output := entrypoint(t)
	// What an interrupted run has left is not taken for a database.
	require.NoError(t, os.MkdirAll(data+".new", 0o755))
	require.Equal(t, "password word\nready\ninterrupt\n", runServer(t, cmd, output), "SIGINT ends the server's clients too")
	require.Equal(t, 3, cmd.ProcessState.ExitCode(), "the server's own")
	info, err := os.Stat(data)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())
	config, err := os.ReadFile(filepath.Join(data, "postgresql.conf"))
	require.NoError(t, err)
	require.Contains(t, string(config), "listen_addresses = '*'")
	require.NoDirExists(t, data+".new")
}

func TestPostgresEntrypointKeepsTheDatabase(t *testing.T) {
	cmd, data, output := entrypoint(t)
	require.NoError(t, os.MkdirAll(data, 0o770))
	require.NoError(t, os.Chmod(data, 0o770))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("15\n"), 0o600))
	require.Equal(t, "ready\ninterrupt\n", runServer(t, cmd, output), "no database is made")
	info, err := os.Stat(data)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm(), "PostgreSQL refuses another mode")
}

func TestPostgresEntrypointNeedsAPassword(t *testing.T) {
	cmd, data, output := entrypoint(t)
	cmd.Env = append(cmd.Env, "POSTGRES_PASSWORD=")
	require.Error(t, cmd.Run())
	printed, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Contains(t, string(printed), "POSTGRES_PASSWORD: is not set")
	require.NoDirExists(t, data)
}

func TestPostgresFiles(t *testing.T) {
	root := t.TempDir()
	home := "/usr/lib/postgresql/15"
	writeELF(t, filepath.Join(root, home, "bin/postgres"), "", "libc.so.6")
	writeELF(t, filepath.Join(root, home, "lib/plpgsql.so"), "", "libc.so.6")
	writeELF(t, filepath.Join(root, "/lib/x86_64-linux-gnu/libc.so.6"), "")
	for _, file := range []string{home + "/lib/llvmjit.so", home + "/lib/bitcode/x.bc", home + "/lib/pgxs/Makefile",
		"/usr/share/postgresql/15/postgres.bki", "/usr/share/postgresql/15/man/man1/psql.1", "/usr/share/zoneinfo/UTC"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, file), nil, 0o644))
	}
	require.NoError(t, os.Symlink("UTC", filepath.Join(root, "/usr/share/zoneinfo/Zulu")))
	files, err := postgresFiles(root)
	require.NoError(t, err)
	got := map[string]string{}
	for _, f := range files {
		got[f.Path] = f.Link
	}
	require.Equal(t, map[string]string{
		home + "/bin/postgres": "", "/usr/local/bin/postgres": home + "/bin/postgres", home + "/lib/plpgsql.so": "",
		"/lib/x86_64-linux-gnu/libc.so.6": "", "/usr/share/postgresql/15/postgres.bki": "",
		"/usr/share/zoneinfo/UTC": "", "/usr/share/zoneinfo/Zulu": "UTC",
	}, got)
	_, err = postgresFiles(t.TempDir())
	require.ErrorContains(t, err, "found 0 folders")
}

// TestNewestPostgres: lists of packages that are older than the mirror are renewed once.
func TestNewestPostgres(t *testing.T) {
	dir := t.TempDir()
	writeELF(t, filepath.Join(dir, "files/usr/lib/postgresql/15/bin/postgres"), "")
	for _, folder := range []string{"usr/lib/postgresql/15/lib", "usr/share/postgresql", "usr/share/zoneinfo"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "files", folder), 0o755))
	}
	for name, script := range map[string]string{
		"apt-get": `echo "$*" >>"$DIR/calls"
case " $* " in
*" install "*) echo "'http://deb.example.org/p' postgresql-15_15.1_amd64.deb 1 SHA256:1" ;;
*" download "*) grep -q '^update' "$DIR/calls" || { echo "404 Not Found"; exit 100; }; touch postgresql-15_15.1_amd64.deb ;;
esac`,
		"dpkg-deb": `cp -r "$DIR/files/." "$3"`,
		"busybox":  `echo sh`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("DIR", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("KUBEMOVE_CACHE", filepath.Join(dir, "cache"))
	l := &Lab{log: newStepLog(t.Output())}
	version, tar, err := l.newestPostgres(t.Context())
	require.NoError(t, err)
	require.Equal(t, "15.1", version)
	names, _, err := imageIdentity(tar)
	require.NoError(t, err)
	require.Equal(t, []string{PostgresImage}, names)
	left, err := os.ReadDir(filepath.Dir(tar))
	require.NoError(t, err)
	require.Len(t, left, 1, "what was downloaded is removed")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "calls"), nil, 0o600))
	_, again, err := l.newestPostgres(t.Context())
	require.NoError(t, err)
	require.Equal(t, tar, again)
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	require.NoError(t, err)
	require.NotContains(t, string(calls), "download", "the image is in the cache")
}
