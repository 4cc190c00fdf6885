package lab

import "context"

const (
	versityVersion = "v1.8.0"
	// s3Image is what the tests run as an S3 server.
	s3Image = "docker.io/versity/versitygw:" + versityVersion
)

var versityTool = tool{
	name: "versitygw", version: versityVersion, dir: "ddm/restic/s3server", pkg: "github.com/versity/versitygw/cmd/versitygw",
}

// LoadS3Server puts an S3 server's image into the target and returns its name. It is not part
// of the lab: only tests of repositories need it.
func (l *Lab) LoadS3Server(ctx context.Context) (string, error) {
	binary, err := l.buildTool(ctx, versityTool)
	if err != nil {
		return "", err
	}
	tar, err := l.BuildImage(programImage(s3Image, nonroot, imageProgram{"/usr/local/bin/" + versityTool.name, binary}))
	if err != nil {
		return "", err
	}
	return s3Image, l.loadImages(ctx, false, []string{targetName}, tar)
}
