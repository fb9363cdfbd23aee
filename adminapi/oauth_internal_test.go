package adminapi

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dialtone/customer"
	"dialtone/fault"
)

func TestParseForm(t *testing.T) {
	t.Parallel()
	got, err := parseForm("grant_type=refresh_token&scope=a+b%20c&client_id=&x=1&x=2&refresh_token=%C3%A4")
	require.NoError(t, err)
	assert.Equal(t, accessTokenForm{GrantType: "refresh_token", Scope: "a b c", RefreshToken: "ä"}, got)
	for _, body := range []string{"code=1&code=2", "code=1&code=", "a;b", "a=%", "a=%zz", "scope=a&scope=a"} {
		_, err := parseForm(body)
		require.ErrorIs(t, err, invalidRequest, body)
	}
}

func TestClientsShowThemselvesInOneWay(t *testing.T) {
	t.Parallel()
	header := func(id, key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+key)) }
	for name, c := range map[string]struct {
		form   accessTokenForm
		header string
		want   credentials
		why    error
	}{
		"body":                  {accessTokenForm{ClientID: "i", ClientSecret: "s"}, "", credentials{"i", "s"}, nil},
		"body, and a token":     {accessTokenForm{ClientID: "i", ClientSecret: "s"}, "Bearer x", credentials{"i", "s"}, nil},
		"header":                {accessTokenForm{}, header("i", "s"), credentials{"i", "s"}, nil},
		"header, encoded":       {accessTokenForm{}, header("a%3Ab", "%25+%C3%A4"), credentials{"a:b", "% ä"}, nil},
		"header, lower case":    {accessTokenForm{}, strings.Replace(header("i", "s"), "Basic", "basic", 1), credentials{"i", "s"}, nil},
		"the id in both":        {accessTokenForm{ClientID: "i"}, header("i", "s"), credentials{"i", "s"}, nil},
		"another id in the":     {accessTokenForm{ClientID: "j"}, header("i", "s"), credentials{}, invalidRequest},
		"the secret in both":    {accessTokenForm{ClientID: "i", ClientSecret: "s"}, header("i", "s"), credentials{}, invalidRequest},
		"nothing":               {accessTokenForm{}, "", credentials{}, customer.InvalidClient},
		"id alone":              {accessTokenForm{ClientID: "i"}, "", credentials{}, customer.InvalidClient},
		"no base64":             {accessTokenForm{}, "Basic ???", credentials{}, customer.InvalidClient},
		"no colon":              {accessTokenForm{}, "Basic aQ==", credentials{}, customer.InvalidClient},
		"a percent sign too":    {accessTokenForm{}, header("i", "%"), credentials{}, customer.InvalidClient},
		"header without a word": {accessTokenForm{}, "Basic", credentials{}, customer.InvalidClient},
	} {
		got, err := c.form.client(c.header)
		assert.Equal(t, c.want, got, name)
		if c.why == nil {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, c.why, name)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add("grant_type=authorization_code&code=dtc_x&redirect_uri=https%3A%2F%2Fa.example%2F&client_id=i&client_secret=s", "")
	f.Add("grant_type=refresh_token&refresh_token=dtr_x&scope=a+b", "Basic aTpz")
	f.Add("code=%ff%00&code_verifier=;", "Bearer x")
	f.Fuzz(func(t *testing.T, body, header string) {
		form, err := parseForm(body)
		if err != nil {
			assert.True(t, fault.Is(err, fault.Invalid))
			return
		}
		again, err := parseForm(url.Values{
			"grant_type": {form.GrantType}, "client_id": {form.ClientID}, "client_secret": {form.ClientSecret}, "code": {form.Code},
			"redirect_uri": {form.RedirectURI}, "code_verifier": {form.CodeVerifier}, "refresh_token": {form.RefreshToken}, "scope": {form.Scope},
		}.Encode())
		require.NoError(t, err)
		assert.Equal(t, form, again)
		shown, err := form.client(header)
		if err != nil {
			assert.Equal(t, credentials{}, shown)
			return
		}
		_, _ = decodeID(shown.id)
		for _, scope := range customer.ParseScopes(form.Scope) {
			assert.NotContains(t, string(scope), " ")
		}
	})
}
