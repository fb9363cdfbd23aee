package sip_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/sip"
)

// TestSippRegisters lets a foreign client register 200 lines, each with its own password.
func TestSippRegisters(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sipp")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sipp is missing: install the Debian package sip-tester")
		}
		t.Skip("sipp isn't installed (Debian package sip-tester)")
	}
	scenario, err := filepath.Abs("testdata/register.xml")
	require.NoError(t, err)
	for flag, transport := range map[string]string{"u1": "udp", "t1": "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			core, folder := newFixedCore(), t.TempDir()
			lines := []string{"SEQUENTIAL"}
			for i := range 200 {
				user, password := fmt.Sprintf("line%d", i), fmt.Sprintf("pw-%d", 7*i)
				core.passwords[user+"@acme.sip.test"] = password
				lines = append(lines, fmt.Sprintf("%s;[authentication username=%s password=%s]", user, user, password))
			}
			users := filepath.Join(folder, "users.csv")
			require.NoError(t, os.WriteFile(users, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
			addresses := run(t, newServer(t, core), sip.Listen{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})

			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			command := exec.CommandContext(ctx, program, addresses.UDP.String(), "-sf", scenario, "-inf", users, "-key", "domain", "acme.sip.test",
				"-auth_uri", "acme.sip.test", "-t", flag, "-i", "127.0.0.1", "-m", "200", "-r", "400", "-nostdin", "-trace_err", "-timeout", "90s")
			command.Dir = folder
			command.Env = append(os.Environ(), "TERM=dumb")
			output, err := command.CombinedOutput()
			require.NoError(t, err, "sipp failed:\n%s", tail(string(output)))

			for i := range 200 {
				require.Len(t, core.bound(fmt.Sprintf("line%d@acme.sip.test", i)), 1)
			}
			binding := core.bound("line42@acme.sip.test")[0]
			assert.Equal(t, now.Add(5*time.Minute), binding.Expires)
			assert.Equal(t, transport, binding.Transport)
		})
	}
}

func tail(s string) string { return s[max(0, len(s)-3000):] }
