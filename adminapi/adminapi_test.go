package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"dialtone/adminapi"
)

func TestNew(t *testing.T) {
	_, err := adminapi.New(adminapi.Config{})
	require.NoError(t, err)
}
