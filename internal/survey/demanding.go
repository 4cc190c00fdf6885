package survey

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// What ext4, the most common file system of volumes and the one with the narrowest limits, keeps of
// one file. Others keep more, so a volume may hold what a copy on ext4 cannot.
const (
	// maxLinks is how many names a file may have.
	maxLinks = 65_000
	// maxSize of a file in bytes.
	maxSize = 16 << 40
	// maxAttributes is how much the extended attributes of a file may take: a block, with some of
	// the file system's own in it.
	maxAttributes = 3800
)

// demanding tells whether an entry has more than that.
func demanding(e *entry) bool {
	if e.is(unix.S_IFREG) && (e.st.Size > maxSize || e.st.Nlink > maxLinks) {
		return true
	}
	names, err := unix.Llistxattr(e.path(), nil)
	return err == nil && names > 0 && attributes(e.path(), names) > maxAttributes
}

// attributes is what the extended attributes of a path take, of which the names take that many bytes.
func attributes(path string, names int) int {
	list := make([]byte, names)
	n, err := unix.Llistxattr(path, list)
	if err != nil {
		return 0
	}
	total := 0
	for _, name := range strings.Split(string(list[:n]), "\x00") {
		size, err := unix.Lgetxattr(path, name, nil)
		if err == nil && filecopy.KeepsXattr(name) {
			// An entry has a head of 16 bytes, and all is rounded up to 4.
			total += 16 + (len(name)+3)&^3 + (size+3)&^3
		}
	}
	return total
}
