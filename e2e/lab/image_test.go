package lab

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func entries(t *testing.T, data []byte) (names []string, headers map[string]*tar.Header, contents map[string][]byte) {
	t.Helper()
	headers, contents = map[string]*tar.Header{}, map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return names, headers, contents
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		names = append(names, h.Name)
		headers[h.Name], contents[h.Name] = h, content
	}
}

func testImage(t *testing.T) Image {
	t.Helper()
	source := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(source, []byte("binary"), 0o600))
	return Image{
		Name:       "example.com/app:v1",
		User:       "65532:65532",
		Entrypoint: []string{"/usr/bin/program"},
		Files: []ImageFile{
			{Path: "/usr/bin/program", Source: source, Mode: 0o755},
			{Path: "/usr/bin/link", Link: "program"},
			{Path: "/etc/text", Content: "hello"},
			{Path: "/tmp", Dir: true, Mode: 0o777 | fs.ModeSticky},
		},
	}
}

func TestWriteImage(t *testing.T) {
	var out bytes.Buffer
	digest, err := WriteImage(&out, testImage(t))
	require.NoError(t, err)
	names, _, contents := entries(t, out.Bytes())
	require.Len(t, names, 3)

	var manifests []imageManifest
	require.NoError(t, json.Unmarshal(contents["manifest.json"], &manifests))
	require.Len(t, manifests, 1)
	require.Equal(t, []string{"example.com/app:v1"}, manifests[0].RepoTags)
	require.Equal(t, digest+".json", manifests[0].Config)
	sum := sha256.Sum256(contents[manifests[0].Config])
	require.Equal(t, digest, hex.EncodeToString(sum[:]), "the configuration is named by its own digest")

	var config imageConfig
	require.NoError(t, json.Unmarshal(contents[manifests[0].Config], &config))
	require.Equal(t, "65532:65532", config.Config.User)
	require.Equal(t, []string{"/usr/bin/program"}, config.Config.Entrypoint)
	layer := contents[manifests[0].Layers[0]]
	sum = sha256.Sum256(layer)
	require.Equal(t, []string{"sha256:" + hex.EncodeToString(sum[:])}, config.RootFS.DiffIDs)

	names, headers, files := entries(t, layer)
	require.Equal(t, []string{"etc/", "etc/text", "tmp/", "usr/", "usr/bin/", "usr/bin/link", "usr/bin/program"}, names)
	require.Equal(t, "hello", string(files["etc/text"]))
	require.Equal(t, "binary", string(files["usr/bin/program"]))
	require.Equal(t, "program", headers["usr/bin/link"].Linkname)
	require.EqualValues(t, 0o1777, headers["tmp/"].Mode)
	require.EqualValues(t, 0o755, headers["usr/bin/program"].Mode)
	require.EqualValues(t, 0o644, headers["etc/text"].Mode)
	require.EqualValues(t, 0, headers["etc/text"].Uid)
}

func TestWriteImageIsReproducible(t *testing.T) {
	img := testImage(t)
	var first, second, other bytes.Buffer
	a, err := WriteImage(&first, img)
	require.NoError(t, err)
	b, err := WriteImage(&second, img)
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.True(t, bytes.Equal(first.Bytes(), second.Bytes()))
	img.Files[2].Content = "changed"
	c, err := WriteImage(&other, img)
	require.NoError(t, err)
	require.NotEqual(t, a, c)
}

func TestBuildImageReplacesTheOld(t *testing.T) {
	l := &Lab{Dir: t.TempDir()}
	img := testImage(t)
	first, err := l.BuildImage(img)
	require.NoError(t, err)
	names, digest, err := imageIdentity(first)
	require.NoError(t, err)
	require.Equal(t, []string{img.Name}, names)
	require.Contains(t, first, digest[:12])

	img.Files[2].Content = "changed"
	second, err := l.BuildImage(img)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	left, err := os.ReadDir(filepath.Join(l.Dir, "images"))
	require.NoError(t, err)
	require.Len(t, left, 1, "neither the old tar nor a temporary file stays")
}

func TestImageIdentityRefusesOtherTars(t *testing.T) {
	file := filepath.Join(t.TempDir(), "other.tar")
	require.NoError(t, os.WriteFile(file, make([]byte, 1024), 0o600))
	_, _, err := imageIdentity(file)
	require.ErrorContains(t, err, "docker save")
}
