package lab

import "context"

// newerBusyboxImage is another one of the same content: an application that gets a new version has another image.
const newerBusyboxImage = "docker.io/library/busybox:1.37"

// LoadNewerBusybox puts the image that examples/blue-green changes to into both clusters.
func (l *Lab) LoadNewerBusybox(ctx context.Context) error {
	files, err := busyboxFiles(ctx)
	if err != nil {
		return err
	}
	tar, err := l.BuildImage(Image{Name: newerBusyboxImage, Files: files, Cmd: []string{"sh"}})
	if err != nil {
		return err
	}
	return l.loadImages(ctx, false, both, tar)
}
