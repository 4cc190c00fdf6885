package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDebs(t *testing.T) {
	got, err := parseDebs(
		`'http://deb.example.org/gcc-12-base_12.2.0-14%2bdeb12u1_amd64.deb' gcc-12-base_12.2.0-14+deb12u1_amd64.deb 37596 MD5Sum:8d
'http://deb.example.org/zlib1g_1.2.13.dfsg-1_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 SHA256:12
`)
	require.NoError(t, err)
	require.Equal(t, []deb{{"gcc-12-base", "12.2.0-14+deb12u1"}, {"zlib1g", "1:1.2.13.dfsg-1"}}, got)
}

func TestParseDebsRefusesOtherText(t *testing.T) {
	_, err := parseDebs("Reading package lists...\n")
	require.ErrorContains(t, err, "apt-get update")
	_, err = parseDebs("'http://deb.example.org/x' x.deb 1 MD5Sum:1\n")
	require.ErrorContains(t, err, "NAME_VERSION_ARCHITECTURE")
}

func TestPostgresPackages(t *testing.T) {
	all := []deb{{"libc6", "1"}, {"libllvm14", "1"}, {"libz3-4", "1"}, {"libperl5.36", "1"}, {"perl", "1"}, {"zlib1g", "1"},
		{"locales", "1"}, {"postgresql-15", "15.18"}, {"postgresql", "15+248"}, {"tzdata", "1"}}
	require.Equal(t, []deb{{"libc6", "1"}, {"zlib1g", "1"}, {"postgresql-15", "15.18"}, {"tzdata", "1"}}, postgresPackages(all))
	version, err := postgresVersion(all)
	require.NoError(t, err)
	require.Equal(t, "15.18", version)
	_, err = postgresVersion([]deb{{"postgresql-client-15", "15.18"}})
	require.ErrorContains(t, err, "postgresql-NUMBER")
}

func TestPostgresKey(t *testing.T) {
	one := []deb{{"libc6", "1"}}
	first, err := postgresKey(one, nil)
	require.NoError(t, err)
	again, err := postgresKey(one, nil)
	require.NoError(t, err)
	require.Equal(t, first, again)
	other, err := postgresKey([]deb{{"libc6", "2"}}, nil)
	require.NoError(t, err)
	require.NotEqual(t, first, other, "another version is another image")
}
