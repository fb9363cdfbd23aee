package customer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/customer"
)

func TestMeetingSitesHaveFewerLanguages(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"de_DE": "de_DE", "es_MX": "es_MX", "pt_BR": "pt_BR", "es_CO": "en_US", "id_ID": "en_US", "nb_NO": "en_US", "pt_PT": "en_US", "": "en_US", "xx_XX": "en_US",
	} {
		assert.Equal(t, want, customer.MeetingLocale(locale), locale)
	}
}
