package deviceprofiles

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoFileOfTheCatalogueIsBroken(t *testing.T) {
	t.Parallel()
	models, broken := readCatalogue(packFiles)
	assert.Empty(t, broken)
	assert.Greater(t, len(models), 500)
	folders, err := packFiles.ReadDir("packs")
	require.NoError(t, err)
	assert.Len(t, folders, len(vendors())+len([]string{"modes.json", "settings.json", "tones.json"}), "a folder that nobody reads")
	_, err = readPacks(packFiles)
	require.NoError(t, err)
	_, err = readTones(packFiles)
	require.NoError(t, err)
}

// phones is a catalogue of files with the same facts; broken stands in the place of the one model of 2n.json.
func phones(broken string) fstest.MapFS {
	const facts = `"facts":{"family":"snom-c","type":"GENERIC_SIP","manufacturer":"THIRD_PARTY","managed":["CISCO","PARTNER"],"supportedFor":["PEOPLE"],
		"onboardingMethod":["MAC_ADDRESS"],"deviceSettingsConfiguration":"NONE","supportsLogCollection":"NONE","numberOfLinePorts":2,"unconfirmed":["flags"]}`
	files := fstest.MapFS{modesFile: {Data: []byte(`{"CISCO":{},"PARTNER":{"unconfirmed":["model"]}}`)}}
	for _, vendor := range vendors() {
		model := `{"name":"1","vendor":"` + vendor + `"}`
		if vendor == "2n" {
			model = broken
		}
		files["packs/"+vendor+"/models.json"] = &fstest.MapFile{Data: []byte(`{` + facts + `,"series":[{"models":[` + model + `]}]}`)}
	}
	return files
}

func TestBrokenDataIsNamed(t *testing.T) {
	t.Parallel()
	_, broken := readCatalogue(phones(`{"name":"1","vendor":"2N"}`))
	require.Empty(t, broken)
	for data, want := range map[string]string{
		`{"name":"1","vendor":"2N","lines":3}`:               `unknown field "lines"`,
		`{"name":"1","vendor":"2N","numberOfLinePorts":"3"}`: "cannot unmarshal string",
		`{"name":"1","vendor":"2N","managed":["NOBODY"]}`:    "NOBODY is no way of managing a phone",
		`{"name":"1"}`:                 "needs a vendor",
		`{"name":"1","vendor":"snom"}`: "DMS snom 1 is there twice",
		`{"name":"1","vendor":"2N","model":"DMS snom 1","displayName":"x"}`:                          "DMS snom 1 is there twice",
		`{"name":"1","vendor":"2N","displayName":"snom 1"}`:                                          "CISCO snom 1 is there twice",
		`{"name":"1","vendor":"2N","numberOfLinePorts":0}`:                                           "can't have 0 lines",
		`{"name":"1","vendor":"2N","numberOfLineKeyButtons":-1}`:                                     "a figure is negative",
		`{"name":"1","vendor":"2N","type":"PHONE"}`:                                                  `type can't be ["PHONE"]`,
		`{"name":"1","vendor":"2N","supportedFor":["PEOPLE","PEOPLE"]}`:                              "supportedFor can't be",
		`{"name":"1","vendor":"2N","onboardingMethod":[]}`:                                           "needs supportedFor and onboardingMethod",
		`{"name":"1","vendor":"2N","family":"cisco"}`:                                                "family can't be",
		`{"name":"1","vendor":"2N","unconfirmed":["lines"]}`:                                         "unconfirmed can't be",
		`{"name":"1","vendor":"2N","upgradeChannelEnabled":true}`:                                    "contradict each other",
		`{"name":"1","vendor":"2N","kemModuleCount":1}`:                                              "contradict each other",
		`{"name":"1","vendor":"2N","kemLinesSupportEnabled":true}`:                                   "contradict each other",
		`{"name":"1","vendor":"2N","kemModuleCount":1,"kemKeys":15,"kemModuleType":["KEM_14_KEYS"]}`: "a module with 15 keys",
		`{"name":"1","vendor":"2N","background":{"width":1,"height":1}}`:                             "a background needs",
		`{"name":"1","vendor":"2N","manufacturer":"CISCO"}`:                                          "only the platform manages",
		`{"name":"1","vendor":"2N","supportsApplyChangesEnabled":true}`:                              "needs files of ours",
		`{"name":"1","vendor":"2N","virtualLines":true}`:                                             "carries no virtual lines",
		`7`: "cannot unmarshal number",
		`}`: "2n/models.json",
	} {
		_, broken := readCatalogue(phones(data))
		require.Error(t, errors.Join(broken...), data)
		assert.ErrorContains(t, errors.Join(broken...), want, data)
	}
	for _, name := range []string{modesFile, "packs/snom/models.json"} {
		files := phones(`{"name":"1","vendor":"2N"}`)
		files[name] = &fstest.MapFile{Data: []byte(`{} {}`)}
		_, broken := readCatalogue(files)
		assert.ErrorContains(t, errors.Join(broken...), name)
		delete(files, name)
		_, broken = readCatalogue(files)
		assert.ErrorContains(t, errors.Join(broken...), name)
	}
}

func TestWhatStandsDeeperWins(t *testing.T) {
	t.Parallel()
	models, broken := readCatalogue(phones(`{"name":"1","vendor":"2N","numberOfLinePorts":9,"supportedFor":["PLACE"],"confirmed":["flags"],"unconfirmed":["kemKeys"]},{"name":"2","vendor":"2N"}`))
	require.Empty(t, broken)
	own, partners, next := models[len(models)-6], models[len(models)-5], models[len(models)-4]
	assert.Equal(t, []string{"DMS 2N 1", "2N 1 Partner Managed", "DMS 2N 2"}, []string{own.Name, partners.Name, next.Name})
	assert.Equal(t, []int{9, 9, 2}, []int{own.LinePorts, partners.LinePorts, next.LinePorts})
	assert.Equal(t, []string{"kemKeys"}, own.Unconfirmed)
	assert.Equal(t, []string{"kemKeys", "model"}, partners.Unconfirmed)
	assert.Len(t, next.Unconfirmed, 20, "the flags")
	assert.Equal(t, []string{"PLACE"}, own.SupportedFor)
	assert.Equal(t, []string{"PEOPLE"}, next.SupportedFor, "the list above isn't written into")
}

// Two vendors may give the same name to a model: without the vendor it names neither.
func TestASharedSpellingNamesNeither(t *testing.T) {
	t.Parallel()
	models, broken := readCatalogue(phones(`{"name":"1","vendor":"2N","managed":["PARTNER"]},{"name":"7","vendor":"2N"}`))
	require.Empty(t, broken)
	s := newShelf(models)
	assert.Nil(t, s.bySpelling["1partnermanaged"])
	assert.Equal(t, "2N 1 Partner Managed", s.bySpelling["2n1"].Name)
	assert.Equal(t, "2N 7 Partner Managed", s.bySpelling["7"].Name)
	assert.Nil(t, s.byName["DMS 2N 7"], "nobody can configure it")
}
