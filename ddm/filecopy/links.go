package filecopy

// inode is a file, however many names it has.
type inode struct{ device, number uint64 }

// links knows the files that have more than one name, and of each the first that came along.
type links map[inode]*linked

type linked struct {
	first string
	// left is how many names may still come; there are fewer when some are outside the tree.
	left uint64
}

// first returns the path that came before the item's and is the same file, else "".
func (l links) first(it *item) string {
	known, ok := l[it.inode]
	if !ok {
		l[it.inode] = &linked{first: it.entry.Path, left: it.links - 1}
		return ""
	}
	// What has no more names is forgotten: trees may hold millions.
	if known.left--; known.left == 0 {
		delete(l, it.inode)
	}
	return known.first
}
