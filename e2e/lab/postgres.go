package lab

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// PostgresImage is what [Lab.LoadPostgres] loads: made of packages of this machine's Debian or
// Ubuntu, it stands in for the image of this name on Docker Hub, as busybox does, and has
// whatever version of PostgreSQL they have.
const PostgresImage = "docker.io/library/postgres:15"

//go:embed postgres/entrypoint.sh
var postgresEntrypoint string

// postgresUser has the number that he has on Docker Hub.
const postgresUser = "postgres:x:999:"

// LoadPostgres puts an image with PostgreSQL into clusters that the lab makes of processes, and
// returns its version. It is built once and kept in the cache. Other clusters pull the image of
// that name themselves; the version is empty then.
func (l *Lab) LoadPostgres(ctx context.Context) (string, error) {
	if _, own := l.provider.(*local); !own {
		return "", nil
	}
	version, tar, err := l.newestPostgres(ctx)
	if err != nil {
		return "", err
	}
	return version, l.loadImages(ctx, false, both, tar)
}

// newestPostgres is postgres, with newer lists of packages when the mirror has replaced what they
// name.
func (l *Lab) newestPostgres(ctx context.Context) (version, tar string, err error) {
	version, tar, err = l.postgres(ctx)
	if !errors.Is(err, errNotDownloaded) {
		return version, tar, err
	}
	if updated := aptGet(ctx, "update"); updated != nil {
		return "", "", errors.Join(err, updated)
	}
	return l.postgres(ctx)
}

// postgres returns the version that apt would install now, and the image with it.
func (l *Lab) postgres(ctx context.Context) (version, tar string, err error) {
	packages, err := debs(ctx, "postgresql", "tzdata")
	if err != nil {
		return "", "", err
	}
	if version, err = postgresVersion(packages); err != nil {
		return "", "", err
	}
	tar, err = l.postgresTar(ctx, version, postgresPackages(packages))
	return version, tar, err
}

// postgresVersion is that of the server among the packages; the package postgresql only names it.
func postgresVersion(packages []deb) (string, error) {
	for _, p := range packages {
		number, ok := strings.CutPrefix(p.name, "postgresql-")
		if ok && strings.Trim(number, "0123456789") == "" {
			return p.version, nil
		}
	}
	return "", fmt.Errorf("none of %d packages is called postgresql-NUMBER, got %v: does apt know a package postgresql?",
		len(packages), packages)
}

// postgresPackages leaves out what PostgreSQL does not need to run: what installs packages, and
// the compiler for queries, which is half of all.
func postgresPackages(all []deb) []deb {
	var needed []deb
	for _, p := range all {
		switch {
		case strings.HasPrefix(p.name, "libllvm"), strings.HasPrefix(p.name, "libz3"), strings.Contains(p.name, "perl"):
		case strings.HasPrefix(p.name, "lib"), strings.HasPrefix(p.name, "postgresql-"), p.name == "tzdata", p.name == "zlib1g":
			needed = append(needed, p)
		}
	}
	return needed
}

// postgresTar returns the image as a tar, and builds it when the cache has none of these packages.
func (l *Lab) postgresTar(ctx context.Context, version string, packages []deb) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	busybox, err := busyboxFiles(ctx)
	if err != nil {
		return "", err
	}
	key, err := postgresKey(packages, busybox)
	if err != nil {
		return "", err
	}
	tar := filepath.Join(cache, "images", "postgres-"+key+".tar")
	if _, err := os.Stat(tar); err == nil {
		return tar, nil
	}
	unlock, err := lockFile(ctx, filepath.Join(cache, "images.lock"), func() {
		l.log.step("waiting for another run that builds the image of PostgreSQL")
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(tar); err == nil {
		return tar, nil // the other run made it
	}
	l.log.step("building the image of PostgreSQL %s from %d packages (once; kept in %s)", version, len(packages), filepath.Dir(tar))
	start := time.Now()
	if err := buildPostgres(ctx, tar, packages, busybox); err != nil {
		return "", fmt.Errorf("build the image of PostgreSQL: %w", err)
	}
	l.log.step("built the image of PostgreSQL in %s", time.Since(start).Round(time.Second))
	return tar, nil
}

// postgresKey is a hash of all that decides what the image is.
func postgresKey(packages []deb, busybox []ImageFile) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, "1", runtime.GOARCH, PostgresImage, packages, postgresEntrypoint)
	for _, f := range busybox {
		if f.Source == "" {
			continue
		}
		data, err := os.ReadFile(f.Source)
		if err != nil {
			return "", err
		}
		hash.Write(data)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}

// buildPostgres writes the image beside its place and renames it, so that a killed build leaves
// nothing that looks finished.
func buildPostgres(ctx context.Context, tar string, packages []deb, busybox []ImageFile) error {
	if err := os.MkdirAll(filepath.Dir(tar), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(tar), ".building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := unpack(ctx, dir, packages)
	if err != nil {
		return err
	}
	files, err := postgresFiles(root)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, "image.tar"))
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := WriteImage(out, postgresImage(append(busybox, files...))); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), tar)
}

// postgresImage asks for the same settings as the one on Docker Hub.
func postgresImage(files []ImageFile) Image {
	const entrypoint = "/usr/local/bin/docker-entrypoint.sh"
	files = append(files,
		ImageFile{Path: entrypoint, Content: postgresEntrypoint, Mode: 0o755},
		ImageFile{Path: "/etc/passwd", Content: postgresUser + "999:postgres:/var/lib/postgresql:/bin/sh\n"},
		ImageFile{Path: "/etc/group", Content: postgresUser + "\n"},
		ImageFile{Path: "/var/run/postgresql", Dir: true, Mode: 0o777 | fs.ModeSticky},
	)
	return Image{
		Name: PostgresImage, Files: lastOfEach(files), User: "999:999",
		Entrypoint: []string{entrypoint}, Cmd: []string{"postgres"},
	}
}

// lastOfEach keeps the last file of each path.
func lastOfEach(files []ImageFile) []ImageFile {
	at := map[string]int{}
	var out []ImageFile
	for _, f := range files {
		if i, ok := at[f.Path]; ok {
			out[i] = f
			continue
		}
		at[f.Path] = len(out)
		out = append(out, f)
	}
	return out
}

// postgresFiles chooses, out of the unpacked packages, what the server and its tools need.
func postgresFiles(root string) ([]ImageFile, error) {
	homes, err := filepath.Glob(filepath.Join(root, "usr/lib/postgresql/*"))
	if err != nil {
		return nil, err
	}
	if len(homes) != 1 {
		return nil, fmt.Errorf("found %d folders usr/lib/postgresql/NUMBER in the packages, expected one: %v", len(homes), homes)
	}
	home := strings.TrimPrefix(homes[0], root)
	var files []ImageFile
	for _, dir := range []string{home + "/bin", home + "/lib", "/usr/share/postgresql", "/usr/share/zoneinfo"} {
		found, err := filesBelow(root, dir)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	var programs []string
	for _, f := range files {
		name := filepath.Base(f.Path)
		switch {
		case f.Source == "":
		case filepath.Dir(f.Path) == home+"/bin":
			files = append(files, ImageFile{Path: "/usr/local/bin/" + name, Link: f.Path})
			programs = append(programs, f.Path)
		case filepath.Dir(f.Path) == home+"/lib":
			programs = append(programs, f.Path)
		}
	}
	shared, err := libraries(root, programs)
	return append(files, shared...), err
}

// filesBelow lists the files and links below a folder of a root folder, without what belongs to
// the compiler for queries, which is left out, and what is for people and for building modules.
func filesBelow(root, dir string) ([]ImageFile, error) {
	var files []ImageFile
	err := filepath.WalkDir(filepath.Join(root, dir), func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains([]string{"bitcode", "pgxs", "man"}, d.Name()) && d.IsDir() {
			return fs.SkipDir
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), "llvmjit") {
			return nil
		}
		at := strings.TrimPrefix(file, root)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(file)
			files = append(files, ImageFile{Path: at, Link: target})
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files = append(files, ImageFile{Path: at, Source: file, Mode: info.Mode().Perm()})
		return nil
	})
	return files, err
}
