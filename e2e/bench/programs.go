package bench

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// programs that B runs: the very ones of the image that the workers of A run.
type programs struct{ restic, restServer string }

// takePrograms unpacks restic and rest-server into dir, out of the newest image of the
// mobilizer in images, the folder where the lab keeps what it has loaded.
func takePrograms(images, dir string) (programs, error) {
	image, err := newest(filepath.Join(images, "*kubemove-ddm*.tar"))
	if err != nil {
		return programs{}, err
	}
	p := programs{restic: filepath.Join(dir, "restic"), restServer: filepath.Join(dir, "rest-server")}
	wanted := map[string]string{"restic": p.restic, "rest-server": p.restServer}
	f, err := os.Open(image)
	if err != nil {
		return p, err
	}
	defer f.Close()
	if err := takeFiles(f, wanted); err != nil {
		return p, fmt.Errorf("%s: %w", image, err)
	}
	for name, file := range wanted {
		if _, err := os.Stat(file); err != nil {
			return p, fmt.Errorf("%s holds no program %s, expected restic and rest-server: run make up, which builds the image", image, name)
		}
	}
	return p, nil
}

// newest file that a pattern finds.
func newest(pattern string) (string, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	found, at := "", time.Time{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(at) {
			found, at = file, info.ModTime()
		}
	}
	if found == "" {
		return "", fmt.Errorf("no file is named %s: the benchmark needs a lab that builds the images itself; "+
			"unset KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET, and run make up", pattern)
	}
	return found, nil
}

// takeFiles writes the wanted files, by their last name, out of a tar and the tars inside of it.
func takeFiles(r io.Reader, wanted map[string]string) error {
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.HasSuffix(h.Name, ".tar") {
			if err := takeFiles(in, wanted); err != nil {
				return err
			}
			continue
		}
		file := wanted[path.Base(h.Name)]
		if file == "" || h.Typeflag != tar.TypeReg {
			continue
		}
		out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
}
