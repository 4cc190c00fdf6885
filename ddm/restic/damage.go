package restic

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// errDamaged: what restic has stored it cannot read, or does not find any more.
var errDamaged = errors.New("the repository is damaged")

// damage is how restic 0.18.1 speaks of that, in lower case. That something cannot be read
// alone may be the network's fault.
var damage = regexp.MustCompile(`tree [0-9a-f]+ could not be loaded; the repository could be damaged: ` +
	`(decrypting|decompressing|read blob|loading|id )` +
	`|readfull\(<[^>]*>\): .*(does not exist|no such file or directory|file is too short|\(416\)|range is not satisfiable)` +
	`|decrypting blob .* failed: |decompressing blob .* failed: |read blob .*: wrong data returned` +
	`|(loadraw|loadunpacked)\(.*\): (invalid data returned|ciphertext verification failed)` +
	`|config or key [0-9a-f]+ is damaged|config cannot be loaded: ciphertext verification failed` +
	`|id \S+ not found in repository|unknown blob [0-9a-f]+`)

// healed is what restic says of content that its index has lost. It stores that once more, and
// the snapshot is whole.
var healed = regexp.MustCompile(`parts of .* not found in the repository index; storing the file again` +
	`|tree [0-9a-f]+ is not known; the repository could be damaged`)

// damaged tells whether restic speaks of a damaged repository.
func damaged(text string) bool { return damage.MatchString(strings.ToLower(text)) }

// isDamaged tells whether the repository is why restic has failed.
func isDamaged(err error) bool {
	var e *runError
	return errors.As(err, &e) && e.Damaged
}

// explain says what is wrong with the repository, and what to do.
func (s *side) explain(repo repository, err error) error {
	if !s.place.managed() || !isDamaged(err) {
		return repo.explain(err)
	}
	// Nothing of the error counts but this: with another repository it is another.
	return fmt.Errorf("%w: the next try makes it anew, and sends everything again: %s", errDamaged, err.Error())
}

// damagedNote stands in the place of the fingerprint when the repository is to be made anew.
const damagedNote = "damaged"

// markDamaged lets the next try make the managed repository anew. The side that holds it keeps the note.
func (s *side) markDamaged() error {
	if !s.place.managed() || !s.holds() {
		return nil
	}
	return s.remember(damagedNote)
}

// isMarkedDamaged tells whether an earlier try has found the repository damaged.
func (s *side) isMarkedDamaged() bool {
	was, err := os.ReadFile(s.openedFile())
	return err == nil && string(was) == damagedNote
}

// discard removes a repository. Its config goes first: without it nothing takes for a repository
// what is left should this end half way.
func discard(location string) error {
	err := os.Remove(filepath.Join(location, "config"))
	if err == nil {
		err = syncFolder(location)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(location)
}

// syncFolder writes the names in a folder to the disk.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
