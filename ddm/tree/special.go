package tree

import "io/fs"

// Special is what a tree holds that is not copied, by path and in order.
type Special struct {
	// Sockets mean nothing without the process that listens on them.
	Sockets []string
	// Devices, and what else there may be, mean nothing on another machine.
	Devices []string
}

// FindSpecial looks for what is not copied. It reads no more than the names and types in the
// folders, and passes over the folders that cannot be read: whoever copies them has to name
// them anyway. Each of others is called with the path of all else, and of the root.
func FindSpecial(root string, others ...func(path string)) (Special, error) {
	var s Special
	passOver := func(string, error) error { return nil }
	for _, other := range others {
		other(root)
	}
	err := each(root, passOver, func(rel, path string, d fs.DirEntry) error {
		switch mode := d.Type(); {
		case mode&fs.ModeSocket != 0:
			s.Sockets = append(s.Sockets, rel)
		case special(mode):
			s.Devices = append(s.Devices, rel)
		default:
			for _, other := range others {
				other(path)
			}
		}
		return nil
	})
	return s, err
}
