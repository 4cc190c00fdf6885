package lab

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Image describes a container image with one layer.
type Image struct {
	// Name with its tag, as Pods name it.
	Name string
	// Files that the layer holds. Folders above them are made.
	Files      []ImageFile
	Entrypoint []string
	Cmd        []string
	Env        []string
	// User as in a Dockerfile; empty means root.
	User string
}

// ImageFile is one file, link or folder of an image.
type ImageFile struct {
	// Path inside of the image, absolute.
	Path string
	// Mode of a file or folder. 0 means 0644 for a file and 0755 for a folder.
	Mode fs.FileMode
	// Content of a file that is given here.
	Content string
	// Source is the path of a file on this machine to take instead.
	Source string
	// Link makes this a symbolic link to the given path.
	Link string
	// Dir makes this a folder.
	Dir bool
}

type imageConfig struct {
	Architecture string          `json:"architecture"`
	OS           string          `json:"os"`
	Config       containerConfig `json:"config"`
	RootFS       rootFS          `json:"rootfs"`
}

type containerConfig struct {
	User       string   `json:"User,omitempty"`
	Env        []string `json:"Env,omitempty"`
	Entrypoint []string `json:"Entrypoint,omitempty"`
	Cmd        []string `json:"Cmd,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// imageManifest is the only entry of manifest.json in the format of "docker save".
type imageManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// BuildImage writes an image as a tar that [Lab.LoadImage] takes, and returns
// its path. The same image gives the same bytes and so the same path.
func (l *Lab) BuildImage(img Image) (string, error) {
	dir := filepath.Join(l.Dir, "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(dir, ".building-")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	digest, err := WriteImage(tmp, img)
	if err != nil {
		return "", fmt.Errorf("build the image %s: %w", img.Name, err)
	}
	base := strings.NewReplacer("/", "-", ":", "-").Replace(img.Name)
	final := filepath.Join(dir, fmt.Sprintf("%s-%s.tar", base, digest[:12]))
	old, err := filepath.Glob(filepath.Join(dir, base+"-????????????.tar"))
	if err != nil {
		return "", err
	}
	for _, file := range old {
		if file != final {
			os.Remove(file)
		}
	}
	return final, os.Rename(tmp.Name(), final)
}

// WriteImage writes an image in the format of "docker save" and returns the
// digest of its configuration, which stands for all of its content.
func WriteImage(w io.Writer, img Image) (string, error) {
	layer, err := os.CreateTemp("", "kubemove-layer-")
	if err != nil {
		return "", err
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	hash := sha256.New()
	if err := writeLayer(io.MultiWriter(layer, hash), img.Files); err != nil {
		return "", err
	}
	layerDigest := hex.EncodeToString(hash.Sum(nil))
	config, err := json.Marshal(imageConfig{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config: containerConfig{
			User:       img.User,
			Env:        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, img.Env...),
			Entrypoint: img.Entrypoint,
			Cmd:        img.Cmd,
		},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{"sha256:" + layerDigest}},
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(config)
	digest := hex.EncodeToString(sum[:])
	manifest, err := json.Marshal([]imageManifest{{
		Config: digest + ".json", RepoTags: []string{img.Name}, Layers: []string{layerDigest + ".tar"},
	}})
	if err != nil {
		return "", err
	}
	size, err := layer.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	out := tar.NewWriter(w)
	for _, part := range []struct {
		name string
		size int64
		from io.Reader
	}{
		{"manifest.json", int64(len(manifest)), bytes.NewReader(manifest)},
		{digest + ".json", int64(len(config)), bytes.NewReader(config)},
		{layerDigest + ".tar", size, layer},
	} {
		if err := addToTar(out, tar.Header{Name: part.name, Mode: 0o644, Size: part.size, Typeflag: tar.TypeReg}, part.from); err != nil {
			return "", err
		}
	}
	return digest, out.Close()
}

// writeLayer writes the files in the order of their paths, parents first.
func writeLayer(w io.Writer, files []ImageFile) error {
	files = withParents(files)
	slices.SortStableFunc(files, func(a, b ImageFile) int { return strings.Compare(a.Path, b.Path) })
	out := tar.NewWriter(w)
	for _, f := range files {
		if err := writeLayerFile(out, f); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return out.Close()
}

func withParents(files []ImageFile) []ImageFile {
	known := map[string]bool{"/": true}
	all := make([]ImageFile, 0, len(files))
	for _, f := range files {
		f.Path = path.Clean("/" + f.Path)
		known[f.Path] = true
		all = append(all, f)
	}
	for _, f := range all[:len(files):len(files)] {
		for dir := path.Dir(f.Path); !known[dir]; dir = path.Dir(dir) {
			known[dir] = true
			all = append(all, ImageFile{Path: dir, Dir: true})
		}
	}
	return all
}

func writeLayerFile(out *tar.Writer, f ImageFile) error {
	name := strings.TrimPrefix(f.Path, "/")
	switch {
	case f.Dir:
		return addToTar(out, tar.Header{Name: name + "/", Mode: tarMode(f.Mode, 0o755), Typeflag: tar.TypeDir}, nil)
	case f.Link != "":
		return addToTar(out, tar.Header{Name: name, Linkname: f.Link, Mode: 0o777, Typeflag: tar.TypeSymlink}, nil)
	case f.Source != "":
		in, err := os.Open(f.Source)
		if err != nil {
			return err
		}
		defer in.Close()
		info, err := in.Stat()
		if err != nil {
			return err
		}
		return addToTar(out, tar.Header{Name: name, Mode: tarMode(f.Mode, 0o644), Size: info.Size(), Typeflag: tar.TypeReg}, in)
	default:
		return addToTar(out, tar.Header{Name: name, Mode: tarMode(f.Mode, 0o644), Size: int64(len(f.Content)), Typeflag: tar.TypeReg},
			strings.NewReader(f.Content))
	}
}

// tarMode translates Go's mode bits to those of a tar.
func tarMode(mode, otherwise fs.FileMode) int64 {
	if mode == 0 {
		mode = otherwise
	}
	bits := int64(mode.Perm())
	for flag, bit := range map[fs.FileMode]int64{fs.ModeSticky: 0o1000, fs.ModeSetgid: 0o2000, fs.ModeSetuid: 0o4000} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

// addToTar writes one entry with a fixed time, for equal input to give equal bytes.
func addToTar(out *tar.Writer, header tar.Header, content io.Reader) error {
	header.ModTime = time.Unix(0, 0)
	if err := out.WriteHeader(&header); err != nil {
		return err
	}
	if content == nil {
		return nil
	}
	_, err := io.Copy(out, content)
	return err
}

// imageIdentity reads the names and the digest of an image from its tar.
func imageIdentity(file string) (names []string, digest string, err error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	for r := tar.NewReader(in); ; {
		header, err := r.Next()
		if err != nil {
			return nil, "", fmt.Errorf("%s holds no image as \"docker save\" writes it (no manifest.json): %w", file, err)
		}
		if header.Name != "manifest.json" {
			continue
		}
		var manifests []imageManifest
		if err := json.NewDecoder(r).Decode(&manifests); err != nil {
			return nil, "", fmt.Errorf("%s: manifest.json: %w", file, err)
		}
		var digests []string
		for _, m := range manifests {
			names = append(names, m.RepoTags...)
			digests = append(digests, strings.TrimSuffix(path.Base(m.Config), ".json"))
		}
		return names, strings.Join(digests, ","), nil
	}
}
