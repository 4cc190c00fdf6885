package filecopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// ErrContent says that a difference is one of content, which only the next run can copy.
var ErrContent = errors.New("the content is not the same")

// Repair makes a path of the target what it is at the source, if that is possible without copying content:
// owner, mode, time, attributes, and hard links. The paths before it must be repaired already.
func (t *Tree) Repair(d Difference) error {
	s, is := d.Source, d.Target
	if s == nil || is == nil || s.Type != is.Type || s.Size != is.Size || s.Target != is.Target ||
		!bytes.Equal(s.Sum, is.Sum) && s.Same == is.Same {
		return ErrContent
	}
	if s.Same == is.Same {
		return t.Apply(s.Path, s)
	}
	if s.Same == "" {
		return ErrContent
	}
	// Its metadata is that of the first path, which came before.
	above, _ := split(s.Path)
	if err := t.WithWritable(above, func() error { return t.Link(s.Same, s.Path) }); err != nil {
		return fmt.Errorf("hard link: %w", err)
	}
	return nil
}

// Compare walks the tree along the manifest of its source, which was written with the same options, and
// hands out every path that differs, in order. Where the manifest has a hash that the walk has not made,
// the file is read. It returns what both sides have counted.
func (t *Tree) Compare(ctx context.Context, manifest io.Reader, o Options, differs func(Difference)) (source, target *Summary, err error) {
	in, err := NewReader(manifest, o)
	if err != nil {
		return nil, nil, err
	}
	sum := func(e *Entry) ([]byte, error) { return t.Sum(ctx, e.Path) }
	c := NewComparison(in, sum, func(d Difference) error {
		differs(d)
		return nil
	})
	o.Each = c.Add
	if target, err = t.Walk(ctx, o); err != nil {
		return nil, nil, err
	}
	if err := c.End(); err != nil {
		return nil, nil, err
	}
	return in.Summary(), target, nil
}

// RepairAll compares the tree with the manifest of its source and repairs what it can. After that it
// compares once more: what counts is what is on the disk. Repaired is how many paths it has changed.
func (t *Tree) RepairAll(ctx context.Context, manifest io.ReadSeeker, o Options) (out *Differences, repaired int, err error) {
	out = &Differences{}
	compare := func(differs func(Difference)) error {
		if _, err := manifest.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("cannot read the manifest: %w", err)
		}
		out.Source, out.Target, err = t.Compare(ctx, manifest, o, differs)
		return err
	}
	err = compare(func(d Difference) {
		if err := t.Repair(d); err != nil {
			out.Add(d, err)
			return
		}
		repaired++
	})
	if err != nil || repaired == 0 || out.Count > 0 {
		return out, repaired, err
	}
	return out, repaired, compare(func(d Difference) { out.Add(d, nil) })
}

// WriteManifest walks the tree and writes its manifest.
func (t *Tree) WriteManifest(ctx context.Context, w io.Writer, o Options) (*Summary, error) {
	out, err := NewWriter(w, o)
	if err != nil {
		return nil, fmt.Errorf("cannot write the manifest: %w", err)
	}
	o.Each = func(e *Entry) error {
		if err := out.Add(e); err != nil {
			return fmt.Errorf("cannot write the manifest: %w", err)
		}
		return nil
	}
	s, err := t.Walk(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := out.Close(s); err != nil {
		return nil, fmt.Errorf("cannot write the manifest: %w", err)
	}
	return s, nil
}

// Link makes a path another name of a file, in the place of what is no folder there.
func (t *Tree) Link(first, path string) error {
	return t.replace("link", path, func(folder int, temporary string) error {
		from, err := t.locate(first)
		if err != nil {
			return err
		}
		defer from.close()
		return unix.Linkat(from.folder, from.name, folder, temporary, 0)
	})
}
