package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/mail"
)

var update = flag.Bool("update", false, "write the mails in testdata/golden anew; read them before you commit them")

// Whole mails as they cross the wire, in a language of each direction.
func TestGoldenMails(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		for language, m := range map[string]mail.Message{"en": english(kind), "ar": arabic(kind)} {
			name := string(kind) + "." + language + ".eml"
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := startOdd(t, "", nil)
				require.NoError(t, newSender(t, server.config(t)).Send(t.Context(), m))
				golden := filepath.Join("testdata", "golden", name)
				if *update {
					require.NoError(t, os.WriteFile(golden, []byte(server.taken()), 0o600))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				assert.Equal(t, string(want), server.taken())
			})
		}
	}
}
