package adminapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client reads the device API as programs do that were written for the Webex one: typed fields, ids compared without their padding, and the Link
// header followed as it is.
type client struct{ o *office }

// read decodes an answer into what the client expects; a field of another type is an error, and the names must be there to the letter: Go's decoder
// would take them in any case.
func read[T any](t *testing.T, c client, method, path, body string, names ...string) (T, http.Header) {
	t.Helper()
	got := c.o.ask(t, c.o.token, method, path, body)
	require.Less(t, got.status, 300, "%s %s: %s", method, path, got.body)
	var v T
	require.NoError(t, json.Unmarshal([]byte(got.body), &v), "%s %s: %s", method, path, got.body)
	for _, name := range names {
		assert.Contains(t, got.body, fmt.Sprintf("%q:", name), "%s %s", method, path)
	}
	return v, got.header
}

// nextLink is the address of the next page, as the clients find it.
var nextLink = regexp.MustCompile(`<(\S+)>; rel="next"`)

// all follows a list to its end: the first address has its parameters, each other one is taken from the answer before.
func all[T any](t *testing.T, c client, path, key string) []T {
	t.Helper()
	var out []T
	for pages := 0; path != ""; pages++ {
		require.Less(t, pages, 20, "the list has no end")
		page, header := read[map[string]json.RawMessage](t, c, "GET", path, "")
		require.Contains(t, page, key, path)
		var some []T
		require.NoError(t, json.Unmarshal(page[key], &some), "%s", page[key])
		out, path = append(out, some...), ""
		if found := nextLink.FindStringSubmatch(header.Get("Link")); found != nil {
			next, err := url.Parse(found[1])
			require.NoError(t, err)
			path = next.RequestURI()
		}
	}
	return out
}

// kindAndUUID is how a client finds out what an id is about.
func kindAndUUID(t *testing.T, id string) (kind, uuid string) {
	t.Helper()
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(id, "="))
	require.NoError(t, err, id)
	parts := strings.Split(string(raw), "/") // ciscospark: / / us / KIND / uuid
	require.Len(t, parts, 5, string(raw))
	return parts[3], parts[4]
}

// What the clients keep of each answer, in the wire's names.
type (
	clientDevice struct {
		ID, CallingDeviceID, WebexDeviceID, DisplayName, PlaceID, WorkspaceID, PersonID, OrgID, ConnectionStatus, Product, Type, MAC, LocationID, ManagedBy, DevicePlatform string
		Tags                                                                                                                                                                []string
		Created                                                                                                                                                             time.Time
		FirstSeen, LastSeen                                                                                                                                                 *time.Time
	}
	clientDetails struct {
		Manufacturer, ManagedBy, ID, Model, MAC, ActivationState string
		IP                                                       *string
		Description                                              []string
		UpgradeChannelEnabled                                    *bool
		Owner                                                    struct{ SIPUserName, LinePort string }
		Proxy                                                    struct{ OutboundProxy string }
	}
	clientPlace  struct{ ID, Name string }
	clientMember struct {
		ID, MemberType, FirstName, LastName, PhoneNumber, Extension, LineType, LinePort, HostIP, RemoteIP, HotlineDestination, LineLabel string
		PrimaryOwner, HotlineEnabled, AllowCallDeclineEnabled                                                                            *bool
		Port, LineWeight                                                                                                                 int
		Location                                                                                                                         *clientPlace
	}
	clientMembers struct {
		Model        string
		Members      []clientMember
		MaxLineCount int
	}
	clientOwned struct {
		Devices []struct {
			ID, Model, ModelType, MAC, IPAddress, Type, ActivationState string
			Description                                                 []string
			PrimaryOwner                                                bool
			Hoteling                                                    struct {
				Enabled, LimitGuestUse bool
				GuestHoursLimit        int
			}
			Owner struct{ ID, Type, FirstName, LastName string }
		}
		MaxDeviceCount, MaxOwnedDeviceCount int
	}
	clientModel struct {
		Model, DisplayName, FamilyDisplayName, Type, Manufacturer, ManagedBy, DefaultUpgradeChannel, DeviceSettingsConfiguration string
		SupportedFor, OnboardingMethod, KEMModuleType                                                                            []string
		NumberOfLinePorts, NumberOfLineKeyButtons, KEMModuleCount                                                                int
		KEMSupportEnabled, AllowConfigureLayoutEnabled, CustomizableLineLabelEnabled, SupportsApplyChangesEnabled                *bool
	}
	clientJob struct {
		Name, ID, TrackingID, SourceUserID, SourceCustomerID, TargetCustomerID, LatestExecutionStatus, LatestExecutionExitCode string
		InstanceID, PercentageComplete, DeviceCount                                                                            int
		JobExecutionStatus                                                                                                     []struct {
			ID                                                int
			LastUpdated, StatusMessage, ExitCode, TimeElapsed string
			StepExecutionStatuses                             []struct{ Name, StatusMessage, ExitCode string }
		}
	}
	clientSettings struct {
		Customizations map[string]struct {
			CDPEnabled *bool
			VLAN       *struct {
				Enabled bool
				Value   int
			}
			BackgroundImage8875 string
		}
		CustomEnabled, UpdateInProgress *bool
		DeviceCount                     int
		LastUpdateTime                  *int64
	}
)

// TestAClientOfTheDeviceAPIWorks does what an administrator's program does from the catalogue to a job, and reads every answer into its own types.
func TestAClientOfTheDeviceAPIWorks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := client{o}
	catalogue, _ := read[struct{ Devices []clientModel }](t, c, "GET", telephonyPath+"/supportedDevices?orgId="+o.org, "", "model", "displayName", "managedBy", "onboardingMethod", "numberOfLinePorts", "kemSupportEnabled", "supportsApplyChangesEnabled")
	found := slices.IndexFunc(catalogue.Devices, func(m clientModel) bool { return m.DisplayName == "Cisco 8851" })
	require.NotEqual(t, -1, found)
	model := catalogue.Devices[found]
	assert.Equal(t, "CISCO", model.ManagedBy, "no password is sent")
	assert.True(t, *model.SupportsApplyChangesEnabled)
	assert.Contains(t, model.OnboardingMethod, "MAC_ADDRESS")

	macs, _ := read[struct {
		Status    string
		MACStatus []struct {
			MAC, State, Message string
			ErrorCode           *int
		}
	}](t, c, "POST", telephonyPath+"/devices/actions/validateMacs/invoke", `{"macs":["00562b0000aa","805ec0aabbcc"]}`, "status", "macStatus", "mac", "state", "errorCode", "message")
	assert.Equal(t, "ERRORS", macs.Status)
	assert.Equal(t, "AVAILABLE", macs.MACStatus[0].State)
	assert.Equal(t, 5675, *macs.MACStatus[1].ErrorCode)

	made, _ := read[clientDevice](t, c, "POST", "/v1/devices?orgId="+o.org+"==", fmt.Sprintf(`{"mac":"00562b0000aa","model":%q,"personId":%q}`, model.Model, o.person+"=="), "id", "callingDeviceId", "webexDeviceId", "connectionStatus", "product", "mac", "managedBy", "personId", "locationId", "tags", "created")
	kind, id := kindAndUUID(t, made.CallingDeviceID)
	assert.Equal(t, "CALLING_DEVICE", kind)
	webex, same := kindAndUUID(t, made.WebexDeviceID)
	assert.Equal(t, "DEVICE", webex)
	assert.Equal(t, id, same)
	assert.Equal(t, o.person, made.PersonID)
	assert.Empty(t, made.WorkspaceID)
	assert.False(t, made.Created.IsZero())
	for _, spelling := range []string{made.ID, made.ID + "==", made.CallingDeviceID, made.CallingDeviceID + "="} {
		again, _ := read[clientDevice](t, c, "GET", "/v1/devices/"+spelling, "")
		assert.Equal(t, made.ID, again.ID)
	}

	details, _ := read[clientDetails](t, c, "GET", telephonyPath+"/devices/"+made.CallingDeviceID, "", "ip", "activationState", "description", "upgradeChannelEnabled", "sipUserName", "linePort", "outboundProxy")
	assert.Equal(t, "deactivated", details.ActivationState)
	assert.Equal(t, []string{}, details.Description)
	assert.NotNil(t, details.IP)
	assert.NotNil(t, details.UpgradeChannelEnabled)
	user, domain, _ := strings.Cut(details.Owner.LinePort, "@")
	assert.NotEmpty(t, details.Owner.SIPUserName)
	assert.NotEmpty(t, user)
	assert.NotEmpty(t, domain)

	owned, _ := read[clientOwned](t, c, "GET", telephonyPath+"/people/"+o.person+"/devices", "", "maxDeviceCount", "maxOwnedDeviceCount", "modelType", "primaryOwner", "hoteling", "limitGuestUse")
	assert.Len(t, owned.Devices, 2)
	assert.Equal(t, 35, owned.MaxDeviceCount)
	assert.Equal(t, "PRIMARY", owned.Devices[1].Type)
	assert.Equal(t, "MPP", owned.Devices[1].ModelType)
	assert.Equal(t, "PEOPLE", owned.Devices[1].Owner.Type)
}

// TestAClientSendsBackTheMembersThatItRead adds a line as the clients do: read all, take what can't be sent away, add one, send all, apply the changes.
func TestAClientSendsBackTheMembersThatItRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c, path := client{o}, telephonyPath+"/devices/"+o.device
	for i := range 5 {
		o.ok(t, 200, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("p", i), 300+i))
	}
	candidates := all[clientMember](t, c, path+"/availableMembers?max=2", "members")
	require.Len(t, candidates, 5, "three pages")
	assert.Equal(t, "PEOPLE", candidates[0].MemberType)
	assert.Equal(t, "Shop", candidates[0].Location.Name)
	count, _ := read[struct{ TotalCount int }](t, c, "GET", path+"/availableMembers/count", "")
	assert.Equal(t, 5, count.TotalCount)

	members, _ := read[map[string]any](t, c, "GET", path+"/members", "")
	list, _ := members["members"].([]any)
	first, _ := list[0].(map[string]any)
	for _, readOnly := range []string{"firstName", "lastName", "phoneNumber", "extension", "linePort", "hostIP", "remoteIP", "location", "licenseType"} {
		delete(first, readOnly)
	}
	list = append(list, map[string]any{"id": candidates[4].ID, "port": 2, "primaryOwner": false, "lineType": "SHARED_CALL_APPEARANCE", "lineWeight": 1, "hotlineEnabled": false, "allowCallDeclineEnabled": false})
	body, err := json.Marshal(map[string]any{"members": list})
	require.NoError(t, err)
	o.ok(t, 204, "PUT", path+"/members", string(body))
	o.ok(t, 204, "POST", path+"/actions/applyChanges/invoke", "")
	after, _ := read[clientMembers](t, c, "GET", path+"/members", "", "maxLineCount", "memberType", "lineType", "lineWeight", "linePort", "hotlineEnabled", "allowCallDeclineEnabled", "primaryOwner")
	require.Len(t, after.Members, 2)
	assert.Equal(t, "DMS Yealink T54W", after.Model)
	assert.Equal(t, candidates[4].ID, after.Members[1].ID)
	assert.Equal(t, 2, after.Members[1].Port)
	assert.False(t, *after.Members[1].PrimaryOwner)
	assert.NotEqual(t, after.Members[0].LinePort, after.Members[1].LinePort)
	for _, m := range after.Members {
		assert.NotNil(t, m.HotlineEnabled)
		assert.NotNil(t, m.AllowCallDeclineEnabled)
		assert.Equal(t, 1, m.LineWeight)
	}
}

// TestAClientFollowsEveryListToItsEnd: with every filter, and nothing twice.
func TestAClientFollowsEveryListToItsEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := client{o}
	for i := range 6 {
		o.ok(t, 200, "POST", "/v1/devices?orgId="+o.org, fmt.Sprintf(`{"mac":"00562B00000%d","model":"Cisco 8851","personId":%q}`, i, o.person))
		o.ok(t, 201, "POST", "/v1/workspaces?orgId="+o.org, newWorkspace(fmt.Sprint("Room ", i)))
		o.addLocation(newLocation(fmt.Sprint("Annex ", i), springfield))
	}
	for path, want := range map[string]int{
		"/v1/devices?max=2": 7, "/v1/devices?max=3&product=Cisco+8851&personId=" + o.person: 6, "/v1/devices?max=100": 7, "/v1/devices?start=2&max=2": 5, "/v1/devices?displayName=nobody": 0,
		"/v1/workspaces?max=4": 6, "/v1/locations?max=3": 7, "/v1/locations?max=2&name=annex": 6,
	} {
		ids := map[string]bool{}
		for _, one := range all[clientPlace](t, c, path, "items") {
			ids[one.ID] = true
		}
		assert.Len(t, ids, want, path)
	}
}

// TestAClientWaitsForItsJob reads a job until it is over, and the settings that it made.
func TestAClientWaitsForItsJob(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	c := client{o}
	cisco := o.addCisco(t, "00562B0000AA", 201)
	started, _ := read[clientJob](t, c, "POST", jobsPath+"callDeviceSettings?orgId="+o.org, `{"customizations":{"mpp":{"cdpEnabled":"false","vlan":{"enabled":true,"value":"12"}}}}`)
	assert.Equal(t, "UNKNOWN", started.LatestExecutionExitCode)
	job, _ := read[clientJob](t, c, "GET", jobsPath+"callDeviceSettings/"+started.ID, "", "latestExecutionStatus", "latestExecutionExitCode", "percentageComplete", "jobExecutionStatus", "stepExecutionStatuses", "timeElapsed")
	assert.Equal(t, "COMPLETED", job.LatestExecutionStatus)
	assert.Equal(t, "COMPLETED", job.LatestExecutionExitCode)
	assert.Equal(t, 100, job.PercentageComplete)
	assert.Equal(t, o.org, job.TargetCustomerID)
	require.Len(t, job.JobExecutionStatus, 1)
	assert.Regexp(t, `^PT[0-9.]+S$`, job.JobExecutionStatus[0].TimeElapsed)
	assert.Len(t, all[clientJob](t, c, jobsPath+"callDeviceSettings?max=1&orgId="+o.org, "items"), 1)
	problems, _ := read[struct{ Items []struct{ ItemNumber int } }](t, c, "GET", jobsPath+"callDeviceSettings/"+started.ID+"/errors", "")
	assert.Empty(t, problems.Items)

	for _, path := range []string{telephonyPath + "/devices/settings?orgId=" + o.org, telephonyPath + "/devices/" + cisco + "/settings?deviceModel=DMS%20Cisco%208851", telephonyPath + "/locations/" + o.location + "/devices/settings"} {
		settings, _ := read[clientSettings](t, c, "GET", path, "")
		mpp := settings.Customizations["mpp"]
		require.NotNil(t, mpp.CDPEnabled, path)
		assert.False(t, *mpp.CDPEnabled, path)
		assert.Equal(t, 12, mpp.VLAN.Value, path)
		assert.NotNil(t, settings.UpdateInProgress, path)
		assert.NotNil(t, settings.LastUpdateTime, path)
	}
	layout, _ := read[struct {
		LayoutMode         string
		UserReorderEnabled bool
	}](t, c, "GET", telephonyPath+"/devices/"+cisco+"/layout", "")
	assert.Equal(t, "DEFAULT", layout.LayoutMode)
	images, _ := read[struct {
		BackgroundImages []struct{ BackgroundImageURL, FileName string }
		Count            string
	}](t, c, "GET", telephonyPath+"/devices/backgroundImages?orgId="+o.org, "")
	assert.Equal(t, "0", images.Count)
	code, _ := read[struct {
		Code       string
		ExpiryTime time.Time
	}](t, c, "POST", "/v1/devices/activationCode?orgId="+o.org, fmt.Sprintf(`{"model":"Cisco 8851","personId":%q}`, o.person))
	assert.Regexp(t, `^[0-9]{16}$`, code.Code)
	assert.False(t, code.ExpiryTime.IsZero())
}
