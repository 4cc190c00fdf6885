package lab

import (
	"context"
	"path/filepath"
)

// widgetImage is the one that examples/webshop names.
const widgetImage = "registry.example.com/widget-controller:1.0.0"

// LoadWebShop puts the image of the controller of examples/webshop into both clusters.
func (l *Lab) LoadWebShop(ctx context.Context) error {
	binary := filepath.Join(l.binDir(), "widget-controller")
	if err := goBuild(ctx, l.Root, binary, "-ldflags", "-s -w", "./examples/webshop/controller"); err != nil {
		return err
	}
	tar, err := l.BuildImage(programImage(widgetImage, nonroot, imageProgram{"/usr/local/bin/widget-controller", binary}))
	if err != nil {
		return err
	}
	return l.loadImages(ctx, false, both, tar)
}
