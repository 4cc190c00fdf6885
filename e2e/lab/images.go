package lab

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	busyboxImage        = "docker.io/library/busybox:1.36"
	coreDNSImage        = "registry.k8s.io/coredns/coredns:" + coreDNSVersion
	localPathImage      = "docker.io/rancher/local-path-provisioner:" + localPathVersion
	metacontrollerImage = "ghcr.io/metacontroller/metacontroller:" + metacontrollerVersion

	// nonroot is the user that images run as which need no rights.
	nonroot = "65532:65532"
)

// systemImages builds what the clusters themselves run. Where kind makes the
// clusters it brings its own, and only Metacontroller is needed.
func (l *Lab) systemImages(ctx context.Context) ([]string, error) {
	var images []Image
	pause, err := l.buildTool(ctx, pauseTool)
	if err != nil {
		return nil, err
	}
	images = append(images, programImage(pauseImage, "65535:65535", imageProgram{"/pause", pause}))
	busybox, err := busyboxFiles(ctx)
	if err != nil {
		return nil, err
	}
	images = append(images, Image{Name: busyboxImage, Files: busybox, Cmd: []string{"sh"}})
	for _, t := range []struct {
		tool  tool
		image string
	}{{coreDNSTool, coreDNSImage}, {localPathTool, localPathImage}} {
		binary, err := l.buildTool(ctx, t.tool)
		if err != nil {
			return nil, err
		}
		images = append(images, programImage(t.image, "", imageProgram{"/usr/local/bin/" + t.tool.name, binary}))
	}
	return l.buildImages(images)
}

// metacontrollerTar builds Metacontroller's image.
func (l *Lab) metacontrollerTar(ctx context.Context) (string, error) {
	m, err := l.metacontroller(ctx)
	if err != nil {
		return "", err
	}
	return l.BuildImage(programImage(metacontrollerImage, nonroot, imageProgram{"/usr/local/bin/metacontroller", m.Path}))
}

// ownImages builds KubeMove's three images from the checkout. Images whose
// program does not exist are left out.
func (l *Lab) ownImages(ctx context.Context) ([]string, error) {
	var images []Image
	l.log.step("compiling KubeMove's own programs")
	for _, short := range []string{"hooks", "task", "ddm"} {
		name := "kubemove-" + short
		source := filepath.Join(l.Root, "cmd", name)
		if code, _ := filepath.Glob(filepath.Join(source, "*.go")); len(code) == 0 {
			l.log.step("no image for %s: there is no program in %s", name, source)
			continue
		}
		binary := filepath.Join(l.Dir, "bin", name)
		// The tag lets tests end a cutover at a chosen action; releases are built without it.
		if err := goBuild(ctx, l.Root, binary, "-tags", "faults", "-ldflags", "-s -w", "./cmd/"+name); err != nil {
			return nil, err
		}
		programs := []imageProgram{{"/usr/local/bin/" + name, binary}}
		if short == "ddm" {
			for _, t := range []tool{resticTool, restServerTool} {
				tool, err := l.buildTool(ctx, t)
				if err != nil {
					return nil, err
				}
				programs = append(programs, imageProgram{"/usr/local/bin/" + t.name, tool})
			}
		}
		images = append(images, programImage(ownImagePrefix+short+":dev", nonroot, programs...))
	}
	example, err := l.exampleImage(ctx)
	if err != nil {
		return nil, err
	}
	return l.buildImages(append(images, example))
}

// exampleImage is the mobilizer of examples/ddm-shell, as its Dockerfile makes it.
func (l *Lab) exampleImage(ctx context.Context) (Image, error) {
	files, err := busyboxFiles(ctx)
	if err != nil {
		return Image{}, err
	}
	const script = "/usr/local/bin/shell-tar"
	return Image{
		Name:       "registry.example.com/shell-tar:1.0.0",
		Files:      append(files, ImageFile{Path: script, Source: filepath.Join(l.Root, "examples", "ddm-shell", "shell-tar.sh"), Mode: 0o755}),
		Entrypoint: []string{script},
	}, nil
}

func (l *Lab) buildImages(images []Image) ([]string, error) {
	var tars []string
	for _, img := range images {
		tar, err := l.BuildImage(img)
		if err != nil {
			return nil, err
		}
		tars = append(tars, tar)
	}
	return tars, nil
}

type imageProgram struct{ path, source string }

// programImage is an image around static binaries; the first is its entrypoint.
func programImage(name, user string, programs ...imageProgram) Image {
	img := Image{
		Name:       name,
		User:       user,
		Entrypoint: []string{programs[0].path},
		Files: []ImageFile{
			{Path: "/etc/passwd", Content: "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n" +
				"nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"},
			{Path: "/etc/group", Content: "root:x:0:\nnogroup:x:65534:\nnonroot:x:65532:\n"},
			{Path: "/tmp", Dir: true, Mode: 0o777 | fs.ModeSticky},
		},
	}
	for _, p := range programs {
		img.Files = append(img.Files, ImageFile{Path: p.path, Source: p.source, Mode: 0o755})
	}
	const roots = "/etc/ssl/certs/ca-certificates.crt"
	if _, err := os.Stat(roots); err == nil {
		img.Files = append(img.Files, ImageFile{Path: roots, Source: roots})
	}
	return img
}

// busyboxFiles makes a file system of busybox with a link for each of its commands.
func busyboxFiles(ctx context.Context) ([]ImageFile, error) {
	binary, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("%w; install busybox-static", err)
	}
	list, err := run(ctx, binary, "--list")
	if err != nil {
		return nil, err
	}
	files := []ImageFile{
		{Path: "/bin/busybox", Source: binary, Mode: 0o755},
		{Path: "/etc/passwd", Content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
		{Path: "/etc/group", Content: "root:x:0:\nnogroup:x:65534:\n"},
		{Path: "/tmp", Dir: true, Mode: 0o777 | fs.ModeSticky},
		{Path: "/root", Dir: true, Mode: 0o700},
	}
	for _, applet := range strings.Fields(list) {
		if applet != "busybox" {
			files = append(files, ImageFile{Path: "/bin/" + applet, Link: "/bin/busybox"})
		}
	}
	return files, nil
}
