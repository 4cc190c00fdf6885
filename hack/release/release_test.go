package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// Two runs at different times, with files of different times and rights of group and others, give the same bytes.
func TestPackIsReproducible(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.FixedZone("", 3600))
	for name, p := range map[string]Platform{"tar.gz": {"linux", "arm64"}, "zip": {"windows", "amd64"}} {
		t.Run(name, func(t *testing.T) {
			var bodies [2][]byte
			for i, mode := range []fs.FileMode{0o755, 0o700} {
				dir := t.TempDir()
				program, license := filepath.Join(dir, p.program()), filepath.Join(dir, "LICENSE")
				write(t, program, "program", mode)
				write(t, license, "license", mode&0o644)
				then := at.Add(time.Duration(i) * time.Hour)
				if err := os.Chtimes(program, then, then); err != nil {
					t.Fatal(err)
				}
				a := &Archive{Platform: p}
				path := filepath.Join(dir, "archive")
				if err := a.pack(path, at.In([]*time.Location{time.UTC, at.Location()}[i]), program, license); err != nil {
					t.Fatal(err)
				}
				body, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				sum := sha256.Sum256(body)
				if a.SHA256 != hex.EncodeToString(sum[:]) || a.Size != int64(len(body)) {
					t.Errorf("the archive has %d bytes and the checksum %x, pack says %d and %s", len(body), sum, a.Size, a.SHA256)
				}
				bodies[i] = body
			}
			if !bytes.Equal(bodies[0], bodies[1]) {
				t.Error("two runs gave different bytes")
			}
			want := map[string]entry{p.program(): {"program", 0o755}, "LICENSE": {"license", 0o644}}
			if diff := cmp.Diff(want, unpack(t, p, bodies[0])); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
		})
	}
}

type entry struct {
	Text string
	Mode fs.FileMode
}

func unpack(t *testing.T, p Platform, body []byte) map[string]entry {
	t.Helper()
	out := map[string]entry{}
	add := func(name string, mode fs.FileMode, r io.Reader) {
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = entry{string(text), mode.Perm()}
	}
	if p.OS == "windows" {
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			add(f.Name, f.Mode(), r)
		}
		return out
	}
	plain, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		add(h.Name, h.FileInfo().Mode(), r)
	}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// Each platform is in the manifest with its own program, address and checksum.
func TestManifestNamesEachPlatform(t *testing.T) {
	r := &Release{Version: "v1.2.3-rc.1"}
	for i, p := range platforms {
		sum := sha256.Sum256([]byte{byte(i)})
		r.Archives = append(r.Archives, Archive{Platform: p, Name: p.archive(r.Version), SHA256: hex.EncodeToString(sum[:])})
	}
	body, err := r.manifest()
	if err != nil {
		t.Fatal(err)
	}
	type platform struct {
		Selector struct {
			MatchLabels struct{ OS, Arch string }
		}
		URI, SHA256, Bin string
	}
	var got struct {
		Spec struct {
			Version   string
			Platforms []platform
		}
	}
	if err := yaml.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in:\n%s", err, body)
	}
	if got.Spec.Version != r.Version || len(got.Spec.Platforms) != len(platforms) {
		t.Fatalf("version %s with %d platforms, want %s with %d", got.Spec.Version, len(got.Spec.Platforms), r.Version, len(platforms))
	}
	for i, a := range r.Archives {
		want := platform{URI: "https://github.com/kubemove/kubemove/releases/download/v1.2.3-rc.1/" + a.Name, SHA256: a.SHA256, Bin: a.program()}
		want.Selector.MatchLabels.OS, want.Selector.MatchLabels.Arch = a.OS, a.Arch
		if diff := cmp.Diff(want, got.Spec.Platforms[i]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", a.Platform, diff)
		}
	}
}

func TestVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.2.3": true, "v0.0.0-0acef03aab12": true, "v1.2.3-rc.1": true,
		"1.2.3": false, "v1.2": false, "main": false, "v1.2.3 -X evil": false, "": false,
	} {
		if got := semantic.MatchString(version); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	for list, want := range map[string][]Platform{
		"": platforms, "linux/amd64": {{"linux", "amd64"}}, "darwin/arm64,windows/amd64": {{"darwin", "arm64"}, {"windows", "amd64"}},
	} {
		got, err := choose(list)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", list, err, diff)
		}
	}
	if got, err := choose("linux/riscv64"); err == nil {
		t.Errorf("linux/riscv64 is taken as %v", got)
	}
}
