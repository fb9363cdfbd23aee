package provisioning_test

import (
	"crypto/rand"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/fault"
	"dialtone/provisioning"
	"dialtone/secret"
)

// firmwareService is a service whose only files are those of a folder.
func firmwareService(t *testing.T, dir string) *provisioning.Service {
	t.Helper()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, root.Close()) })
	return serviceWithFirmware(t, root.FS())
}

func serviceWithFirmware(t *testing.T, firmware fs.FS) *provisioning.Service {
	t.Helper()
	key, err := secret.NewMasterKey(rand.Reader)
	require.NoError(t, err)
	keyring, err := secret.ParseKeyring(key, rand.Reader)
	require.NoError(t, err)
	s, err := provisioning.New(provisioning.Config{
		Store: &oneDevice{}, Keyring: keyring, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler), Firmware: firmware,
	})
	require.NoError(t, err)
	return s
}

func ask(t *testing.T, s *provisioning.Service, transport provisioning.Transport, path string) (provisioning.Opened, error) {
	t.Helper()
	return s.Open(t.Context(), provisioning.Request{Path: path, Transport: transport})
}

func TestAnybodyMayHaveFirmware(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "Yealink"), 0o700))
	file := filepath.Join(dir, "Yealink", "T54W-96.86.0.70.rom")
	require.NoError(t, os.WriteFile(file, []byte("image"), 0o600))
	changed := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	require.NoError(t, os.Chtimes(file, changed, changed))
	s := firmwareService(t, dir)
	for _, transport := range []provisioning.Transport{provisioning.HTTP, provisioning.HTTPS} {
		got, err := ask(t, s, transport, "/prov//firmware/Yealink/T54W-96.86.0.70.rom")
		require.NoError(t, err)
		assert.Equal(t, int64(5), got.Size)
		assert.Equal(t, "application/octet-stream", got.ContentType)
		assert.Equal(t, `"5-18998b01859eb600"`, got.ETag)
		assert.True(t, changed.Equal(got.Modified))
		assert.Zero(t, got.Revision)
		content, err := io.ReadAll(got.Content)
		require.NoError(t, err)
		assert.Equal(t, "image", string(content))
		require.NoError(t, got.Content.Close())
	}
	_, err := ask(t, s, provisioning.TFTP, "/firmware/Yealink/T54W-96.86.0.70.rom")
	assert.True(t, fault.Is(err, fault.NotFound), "too large for TFTP")
}

func TestNothingLeadsOutOfTheFirmwareFolder(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "master.key"), []byte("secret"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(outside, "master.key"), filepath.Join(dir, "link.rom")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("round", filepath.Join(dir, "round")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	s := firmwareService(t, dir)
	for _, path := range []string{"/firmware/link.rom", "/firmware/link/master.key", "/firmware/round", "/firmware/folder", "/firmware/file/x", "/firmware/pipe", "/firmware/no"} {
		_, err := ask(t, s, provisioning.HTTP, path)
		assert.True(t, fault.Is(err, fault.NotFound), "%s: %v", path, err)
	}
	_, err := ask(t, s, provisioning.HTTP, "/firmware/../master.key")
	assert.True(t, fault.Is(err, fault.Invalid), err)
}

func TestWithoutAFolderThereIsNoFirmware(t *testing.T) {
	t.Parallel()
	_, err := ask(t, serviceWithFirmware(t, nil), provisioning.HTTP, "/firmware/a.rom")
	assert.True(t, fault.Is(err, fault.NotFound), err)
}
