package lab

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeELF writes a program that asks for an interpreter and for shared libraries, and has
// nothing else.
func writeELF(t *testing.T, file, interpreter string, needed ...string) {
	t.Helper()
	const headerSize, programSize = 64, 56
	names := []byte{0}
	var dynamic []elf.Dyn64
	for _, name := range needed {
		dynamic = append(dynamic, elf.Dyn64{Tag: int64(elf.DT_NEEDED), Val: uint64(len(names))})
		names = append(append(names, name...), 0)
	}
	dynamic = append(dynamic, elf.Dyn64{Tag: int64(elf.DT_NULL)})
	var data bytes.Buffer
	data.WriteString(interpreter + "\x00")
	start := uint64(headerSize + programSize)
	namesAt := start + uint64(data.Len())
	data.Write(names)
	dynamicAt := start + uint64(data.Len())
	require.NoError(t, binary.Write(&data, binary.LittleEndian, dynamic))
	sections := []elf.Section64{
		{},
		{Type: uint32(elf.SHT_STRTAB), Off: namesAt, Size: uint64(len(names))},
		{Type: uint32(elf.SHT_DYNAMIC), Off: dynamicAt, Size: uint64(len(dynamic) * 16), Link: 1, Entsize: 16},
	}
	header := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Phentsize: programSize, Ehsize: headerSize,
		Shoff: start + uint64(data.Len()), Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 1,
	}
	if interpreter != "" {
		header.Phnum = 1
	}
	program := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: start, Filesz: uint64(len(interpreter) + 1)}
	var out bytes.Buffer
	for _, part := range []any{header, program, data.Bytes(), sections} {
		require.NoError(t, binary.Write(&out, binary.LittleEndian, part))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, out.Bytes(), 0o755))
}

func TestLibraries(t *testing.T) {
	root := t.TempDir()
	at := func(path string) string { return filepath.Join(root, path) }
	writeELF(t, at("/usr/bin/server"), "/lib64/ld-linux-x86-64.so.2", "libssl.so.3", "libc.so.6")
	writeELF(t, at("/usr/lib/x86_64-linux-gnu/libssl.so.3.0.20"), "", "libz.so.1", "libc.so.6")
	require.NoError(t, os.Symlink("libssl.so.3.0.20", at("/usr/lib/x86_64-linux-gnu/libssl.so.3")))
	writeELF(t, at("/lib/x86_64-linux-gnu/libz.so.1"), "")
	writeELF(t, at("/usr/lib/x86_64-linux-gnu/libc.so.6"), "")
	writeELF(t, at("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"), "")
	require.NoError(t, os.Mkdir(at("/usr/lib64"), 0o755))
	require.NoError(t, os.Symlink("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", at("/usr/lib64/ld-linux-x86-64.so.2")))

	files, err := libraries(root, []string{"/usr/bin/server"})
	require.NoError(t, err)
	got := map[string]string{}
	for _, f := range files {
		got[f.Path] = f.Source
	}
	require.Equal(t, map[string]string{
		"/lib64/ld-linux-x86-64.so.2":           at("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
		"/usr/lib/x86_64-linux-gnu/libc.so.6":   at("/usr/lib/x86_64-linux-gnu/libc.so.6"),
		"/lib/x86_64-linux-gnu/libz.so.1":       at("/lib/x86_64-linux-gnu/libz.so.1"),
		"/usr/lib/x86_64-linux-gnu/libssl.so.3": at("/usr/lib/x86_64-linux-gnu/libssl.so.3.0.20"),
	}, got)
}

func TestLibrariesNamesWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	writeELF(t, filepath.Join(root, "usr/bin/server"), "", "libxml2.so.2")
	_, err := libraries(root, []string{"/usr/bin/server"})
	require.ErrorContains(t, err, "/usr/bin/server needs libxml2.so.2")

	writeELF(t, filepath.Join(root, "usr/bin/other"), "/lib64/ld.so")
	_, err = libraries(root, []string{"/usr/bin/other"})
	require.ErrorContains(t, err, "/lib64/ld.so")
}
