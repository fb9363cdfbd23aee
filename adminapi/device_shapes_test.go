package adminapi_test

import "strings"

// shape is a way to ask an operation besides that of the table of routes. {names} stand for what the office has.
type shape struct {
	path, body, mediaType string // empty: as in the table of routes
	status                int    // 0: as in the table of routes
	holds                 string // that the answer must have
	bare                  bool   // with or without a body, which isn't spoilt
}

const ciscoPath = telephonyPath + "/devices/{cisco}"

// deviceShapes are the ways in which the official document and the clients that there are ask, and that the table of routes hasn't.
func deviceShapes() map[string][]shape {
	const devices, patch = telephonyPath + "/devices", "application/json-patch+json"
	const template = `"locationIds":["{location}"],"excludeDevicesWithCustomLayout":true,"includeDeviceTags":["accounting","sales"],"excludeDeviceTags":["admin"],
		"advisoryTypes":{"moreSharedAppearancesEnabled":true,"fewSharedAppearancesEnabled":"true","moreMonitorAppearancesEnabled":"true","moreCPEAppearancesEnabled":"true","moreModeManagementAppearancesEnabled":false}}`
	const apply, defaults = `{"action":"APPLY_TEMPLATE","templateId":"{template}",` + template, `{"action":"APPLY_DEFAULT_TEMPLATES"}`
	const keys = `"userReorderEnabled":true,"lineKeys":[{"lineKeyIndex":1,"lineKeyType":"PRIMARY_LINE","sharedLineIndex":0},{"lineKeyIndex":2,"lineKeyType":"SPEED_DIAL","lineKeyLabel":"Help Line","lineKeyValue":"3568"}]}`
	const dials = `"userReorderEnabled":"false","lineKeys":[{"lineKeyIndex":"2","lineKeyType":"SPEED_DIAL","lineKeyLabel":"Help Line","lineKeyValue":"3568","sharedLineIndex":"0"},{"lineKeyIndex":"1","lineKeyType":"PRIMARY_LINE"}]}`
	tags := []shape{{body: `{}`}, {body: `{"tags":null}`, bare: true}, {body: `{"tags":["%ENABLE_LLDP%","%NOTHING%"]}`, holds: `"%ENABLE_LLDP%"`}}
	return map[string][]shape{
		"PUT " + devices + "/{deviceId}/members":         memberShapes(),
		"PUT " + devices + "/{deviceId}/settings":        settingsShapes(),
		"POST " + jobsPath + "callDeviceSettings":        settingsJobShapes(),
		"POST /v1/workspaces":                            workspaceShapes(),
		"PUT /v1/workspaces/{workspaceId}":               changedWorkspaceShapes(),
		"PUT " + devices + "/{deviceId}":                 {{body: `{"sipPassword":"Test4Password123&"}`}},
		"PUT " + devices + "/{deviceId}/dynamicSettings": {{body: `{"tags":[]}`}, {body: `{"tags":[{"tag":"%ENABLE_LLDP%","action":"SET","value":"1"}]}`}, {body: `{"tags":[{"action":"CLEAR","tag":"%ENABLE_LLDP%"}]}`}},
		"PUT " + devices + "/{deviceId}/layout": {
			{body: `{"layoutMode":"CUSTOM",` + keys}, {body: `{"layoutMode":"CUSTOM",` + dials},
			{path: ciscoPath + "/layout", body: `{"layoutMode":"CUSTOM","kemModuleType":"KEM_14_KEYS","kemKeys":[{"kemModuleIndex":1,"kemKeyIndex":2,"kemKeyType":"SPEED_DIAL","kemKeyLabel":"Office","kemKeyValue":"213457",
				"sharedLineIndex":0},{"kemModuleIndex":"1","kemKeyIndex":"1","kemKeyType":"CLOSED"}],` + keys},
			{body: `{"layoutMode":"DEFAULT"}`}, {body: `{"layoutMode":"DEFAULT","lineKeys":[]}`},
		},
		"GET " + devices + "/{deviceId}/layout":                           {{path: ciscoPath + "/layout", holds: `"layoutMode":"DEFAULT"`}},
		"GET " + devices + "/{deviceId}/settings":                         {{path: ciscoPath + "/settings?deviceModel=DMS%20Cisco%208851", holds: `"mpp"`}, {path: ciscoPath + "/settings?deviceModel=Cisco%208851"}},
		"POST " + devices + "/lineKeyTemplates":                           {{body: `{"templateName":"one","deviceModel":"DMS Cisco 8851",` + keys}, {body: `{"templateName":"two","deviceModel":"Cisco 8851",` + dials}},
		"PUT " + devices + "/lineKeyTemplates/{templateId}":               {{body: `{` + keys}, {body: `{` + dials}},
		"POST " + devices + "/actions/previewApplyLineKeyTemplate/invoke": {{body: apply, holds: `"deviceCount":0`}, {body: defaults, holds: `"deviceCount":2`}},
		"POST " + jobsPath + "applyLineKeyTemplate":                       {{body: apply}, {body: defaults}},
		"POST " + jobsPath + "rebuildPhones":                              {{body: `{"locationId":"{location}=="}`}},
		"POST " + jobsPath + "dynamicDeviceSettings": {
			{body: `{"locationId":"","tags":[{"familyOrModelDisplayName":"Yealink","tag":"%ENABLE_LLDP%","action":"SET","value":"1"},{"familyOrModelDisplayName":"Yealink","tag":"%ENABLE_LLDP%","action":"CLEAR"}]}`, status: 400},
			{body: `{"locationId":"{location}","tags":[{"familyOrModelDisplayName":"Yealink","tag":"%ENABLE_LLDP%","action":"SET","value":"1"}]}`},
			{body: `{"locationId":"","tags":[{"familyOrModelDisplayName":"Yealink T54W","tag":"%ENABLE_LLDP%","action":"SET","value":1}]}`},
		},
		"POST " + devices + "/actions/validateMacs/invoke": {
			{body: `{"macs":["a8125678cdef","00005E0053B4"]}`, holds: `"status":"OK"`},
			{body: `{"macs":["80:5e:c0:aa:bb:cc","kjhgf","00005E0053B4","00-00-5e-00-53-b4"]}`, holds: `"state":"DUPLICATE_IN_LIST"`},
		},
		"PUT " + telephonyPath + "/people/{personId}/devices/settings/hoteling": {
			{body: `{"hoteling":{"enabled":true,"limitGuestUse":true,"guestHoursLimit":5}}`}, {body: `{"hoteling":{"enabled":"true","limitGuestUse":"false","guestHoursLimit":"5"}}`}, {body: `{"hoteling":{"enabled":false}}`},
		},
		"PUT " + telephonyPath + "/workspaces/{workspaceId}/devices": {
			{path: telephonyPath + "/workspaces/{hall}/devices", body: `{"enabled":true,"limitGuestUse":true,"guestHoursLimit":24}`},
			{path: telephonyPath + "/workspaces/{hall}/devices", body: `{"enabled":"true","limitGuestUse":"true","guestHoursLimit":"24"}`},
		},
		"PUT " + telephonyPath + "/people/{personId}/devices/settings":                                               {{body: `{"compression":"OFF"}`}},
		"PUT " + telephonyPath + "/workspaces/{workspaceId}/devices/settings":                                        {{body: `{"compression":"OFF"}`}},
		"GET " + telephonyPath + "/workspaces/{workspaceId}/devices":                                                 {{path: telephonyPath + "/workspaces/{hall}/devices", holds: `"devices":[]`}},
		"DELETE " + devices + "/backgroundImages":                                                                    {{body: `{"backgroundImages":[{"fileName":"nothing","forceDelete":true}]}`}},
		"POST " + devices + "/{deviceId}/actions/backgroundImageUpload/invoke":                                       {{path: ciscoPath + "/actions/backgroundImageUpload/invoke", body: imageForm("Logo", picture(3, 2)), holds: `"filename":"Logo"`, bare: true}},
		"POST " + telephonyPath + "/lists/devices/dynamicSettings/actions/getSettings/invoke":                        tags,
		"POST " + telephonyPath + "/lists/locations/{locationId}/devices/dynamicSettings/actions/getSettings/invoke": tags,
		"POST " + telephonyPath + "/lists/devices/{deviceId}/dynamicSettings/actions/getSettings/invoke":             tags,
		"GET " + telephonyPath + "/supportedDevices":                                                                 {{path: telephonyPath + "/supportedDevices?type=not:MPP"}, {path: telephonyPath + "/supportedDevices?type=MPP&allowConfigureLayoutEnabled=true", holds: "DMS Cisco 8851"}},
		"GET " + devices + "/dynamicSettings/validationSchema":                                                       {{path: devices + "/dynamicSettings/validationSchema"}, {path: devices + "/dynamicSettings/validationSchema?familyOrModelDisplayName=Yealink%20T54W"}},
		"POST /v1/devices": {
			{body: `{"mac":"D8:2E:3E:EF:4E:5C","model":"DMS Cisco 8865","workspaceId":"{hall}"}`, holds: `"workspaceId":"{hall}"`},
			{body: `{"mac":"d82e3eef4e5d","model":"Generic SIP Phone","personId":"{ada}==","password":"Test4Password123&","workspaceId":""}`, holds: `"mac":"D82E3EEF4E5D"`},
		},
		"GET /v1/devices": {
			{path: "/v1/devices?tag=a,b&tag=c", holds: `"items":[]`}, {path: "/v1/devices?mac=80-5e-c0-aa-bb-cc", holds: "805EC0AABBCC"}, {path: "/v1/devices?connectionStatus=pending", holds: `"items":[]`},
			{path: "/v1/devices?workspaceLocationId={location}&orgId={org}==", holds: "805EC0AABBCC"}, {path: "/v1/devices?permission=xapi:all"}, {path: "/v1/devices?serial=x&software=y&upgradeChannel=z&errorCode=w"},
		},
		"PATCH /v1/devices/{deviceId}": {
			{body: `[{"op":"replace","path":"tags","value":["First Tag","Second Tag"]}]`, mediaType: patch, holds: `"tags":["First Tag","Second Tag"]`, bare: true}, {body: `{"op":"add","path":"/tags","value":["Third"]}`, mediaType: patch},
			{body: `[{"op":"remove","path":"tags","value":["First Tag"]}]`, holds: `"tags":[]`, bare: true}, {body: `{"op":"remove","path":"tags"}`},
		},
		"POST /v1/devices/activationCode": {{body: `{"workspaceId":"{hall}","model":"Cisco 8865"}`}},
		"POST /v1/locations": {{body: `{"name":"Denver","timeZone":"America/Chicago","announcementLanguage":"fr_fr","preferredLanguage":"en_us","address":{"address1":"123 Some St.","address2":"Suite 456","city":"Supercity",
			"state":"CO","postalCode":"12345","country":"US"},"latitude":"12.935784","longitude":"77.697332","notes":"123 Some St. Denver location"}`}},
		"PUT /v1/locations/{locationId}": {{body: `{"name":"Denver","address":{"address1":"123 Some St.","address2":"Suite 456","city":"Supercity","state":"CO","postalCode":"12345","country":"US"},"timeZone":"America/Chicago","preferredLanguage":"en_us"}`}},
		"GET /v1/locations":              {{path: "/v1/locations?name=sho&max=1&orgId={org}", holds: "Shop"}, {path: "/v1/locations?id={location}"}},
	}
}

func memberShapes() []shape {
	const path = ciscoPath + "/members"
	return []shape{
		{path: path, body: `{"members":[{"port":1,"id":"{bob}","t38FaxCompressionEnabled":false,"primaryOwner":true,"lineType":"PRIMARY","lineWeight":2,"hotlineEnabled":true,"hotlineDestination":"101",
			"allowCallDeclineEnabled":true,"lineLabel":"Front"},{"port":9,"id":"{ada}","primaryOwner":false,"lineType":"SHARED_CALL_APPEARANCE","lineWeight":1}]}`},
		{path: path, body: `{"members":[{"port":"1","id":"{bob}==","primaryOwner":"true","lineType":"PRIMARY","lineWeight":"1","hotlineEnabled":"false","hotlineDestination":null,"allowCallDeclineEnabled":"false",
			"t38FaxCompressionEnabled":"false","memberType":"PEOPLE","esn":"8201","routingPrefix":"8"}]}`},
		{path: path, body: `{}`}, {path: path, body: `{"members":null}`, bare: true}, {path: path, bare: true},
	}
}

// settingsShapes has the example of the official document, but for texts that stand for something there.
func settingsShapes() []shape {
	return []shape{
		{path: ciscoPath + "/settings?deviceModel=Cisco%208851", body: `{"customEnabled":true,"customizations":{"mpp":` + officialMPP + `},"updateInProgress":true,"deviceCount":9,"lastUpdateTime":1659624763665}`},
		{path: ciscoPath + "/settings", body: `{"customEnabled":"true","customizations":{"mpp":{"pnacEnabled":"true","offHookTimer":"30","multicast":null,"vlan":{"value":null}}}}`, bare: true},
		{path: ciscoPath + "/settings", body: `{"customEnabled":false,"customizations":{"mpp":{},"ata":{},"wifi":{}}}`}, {path: ciscoPath + "/settings", body: `{"customEnabled":"false"}`},
	}
}

const officialMPP = `{"pnacEnabled":true,"audioCodecPriority":{"primary":"OPUS","secondary":"G722","tertiary":"G711u","selection":"CUSTOM"},"background":{"customUrl":"","image":"WEBEX_DARK_BLUE"},
	"displayNameFormat":"PERSON_FIRST_THEN_LAST_NAME","cdpEnabled":false,"defaultLoggingLevel":"DEBUGGING","dndServicesEnabled":true,"acd":{"enabled":true,"displayCallqueueAgentSoftkeys":"LAST_PAGE"},
	"shortInterdigitTimer":14,"longInterdigitTimer":16,"lineKeyLabelFormat":"PERSON_EXTENSION","lineKeyLEDPattern":"DEFAULT","lldpEnabled":false,"mppUserWebAccessEnabled":true,"multicast":["224.0.0.1:2223"],
	"enhancedMulticast":{"xmlAppUrl":"http://127.0.0.1:8080/","multicastList":[{"hostAndPort":"224.0.0.0:22","hasXmlAppUrl":true,"xmlAppTimeout":10}]},"offHookTimer":30,"phoneLanguage":"RUSSIAN","poeMode":"MAXIMUM",
	"qosEnabled":true,"screenTimeout":{"enabled":true,"value":400},"usbPortsEnabled":true,"vlan":{"enabled":false,"value":1,"pcPort":1},"wifiNetwork":{"enabled":false,"authenticationMethod":"PSK","ssidName":"my_wifi_network",
	"userId":"test-user"},"backlightTimer":"FIVE_MIN","callHistory":"LOCAL_CALL_HISTORY","contacts":"WEBEX_DIRECTORY","webexMeetingsEnabled":false,"usbPorts":{"enabled":true,"sideUsbEnabled":true,"rearUsbEnabled":true},
	"volumeSettings":{"ringerVolume":9,"speakerVolume":9,"handsetVolume":9,"headsetVolume":9,"eHookEnabled":false,"allowEndUserOverrideEnabled":false},"httpProxy":{"mode":"OFF","autoDiscoveryEnabled":false,"host":"localhost",
	"port":"8080","packUrl":"www.webex.com","authSettingsEnabled":true,"username":"usernamecpi"},"bluetooth":{"enabled":true,"mode":"PHONE"},"passThroughPortEnabled":true,"userPasswordOverrideEnabled":true,
	"activeCallFocusEnabled":true,"peerFirmwareEnabled":true,"noiseCancellation":{"enabled":false,"allowEndUserOverrideEnabled":false},"dialAssistEnabled":true,"callsPerLine":8,"nightlyResyncEnabled":true,
	"missedCallNotificationEnabled":false,"softKeyLayout":{"softKeyMenu":{"idleKeyList":"redial|;newcall|;dnd|"},"psk":{"psk1":"fnc=sd;ext=*11;nme=Call Pull"}},"backgroundImage8875":"BLUE_LIGHT",
	"backlightTimer68XX78XX":"THIRTY_SEC","allowMonitorLinesEnabled":false,"voiceFeedbackAccessibilityEnabled":false,"iceEnabled":true,"cfExpandedSoftKey":"ONLY_THE_CALL_FORWARD_ALL"}`

func settingsJobShapes() []shape {
	return []shape{
		{body: `{"customizations":{"mpp":` + officialMPP + `,"ata":{"audioCodecPriority":{"primary":"G711a","secondary":"G711u","tertiary":"G729a","selection":"REGIONAL"},"ataDtmfMode":"NORMAL","ataDtmfMethod":"AVT","cdpEnabled":true,
			"lldpEnabled":true,"qosEnabled":true,"vlan":{"enabled":true,"value":1},"webAccessEnabled":false,"nightlyResyncEnabled":true,"snmp":{"enabled":false,"trustedIP":"10.0.0.1/255.255.255.255","getCommunity":"public",
			"setCommunity":"private","snmpV3Enabled":false}},"dect":{"audioCodecPriority":{"primary":"G729","secondary":"G711u","tertiary":"G711a","selection":"REGIONAL"},"cdpEnabled":true,"lldpEnabled":false,"multicast":"224.0.0.1:22",
			"qosEnabled":true,"vlan":{"enabled":false,"value":null}},"wifi":{"audioCodecPriority":{"selection":"REGIONAL","primary":"OPUS","secondary":"G722","tertiary":"G711u"},"ldap":{},"webAccess":{"enabled":false}}}}`},
		{body: `{"locationId":"{location}","locationCustomizationsEnabled":true,"customizations":{"mpp":{"cdpEnabled":true},"ata":{"cdpEnabled":"true"}}}`},
		{body: `{"locationId":"{location}","locationCustomizationsEnabled":"false"}`},
	}
}

func workspaceShapes() []shape {
	return []shape{
		{path: "/v1/workspaces", holds: `"type":"webexCalling"`, body: `{"displayName":"SFO-12 Capanina","orgId":"{org}","locationId":"{location}","floorId":"first","capacity":5,"type":"notSet",
			"calling":{"type":"webexCalling","webexCalling":{"extension":"282","locationId":"{location}","licenses":["{license},{license}"]}},"calendar":{"type":"microsoft","emailAddress":"workspace@example.com","resourceGroupId":"group"},
			"notes":"this is a note","hotdeskingStatus":"on","deviceHostedMeetings":{"enabled":true,"siteUrl":"example.webex.com"},"supportedDevices":"phones","indoorNavigation":{"url":"https://maps.example.com"}}`},
		{path: "/v1/workspaces", body: `{"displayName":"Second","orgId":"{org}","workspaceLocationId":"{location}"}`},
		{path: "/v1/workspaces", body: `{"displayName":"Third","orgId":"{org}","calling":{"type":"thirdPartySipCalling"},"sipAddress":"room@sip.example.com","deviceHostedMeetings":{"enabled":"false"},"capacity":"7","indoorNavigation":{}}`},
	}
}

func changedWorkspaceShapes() []shape {
	return []shape{
		{path: "/v1/workspaces/{hall}", body: `{"displayName":"SFO-12 Capanina","locationId":"{location}","floorId":"first","capacity":5,"type":"focus","calendar":{"type":"microsoft",
			"emailAddress":"workspace@example.com","resourceGroupId":"group"},"calling":{"type":"webexCalling","webexCalling":{"extension":"283","locationId":"{location}","licenses":["{license}"]}},"notes":"this is a note",
			"hotdeskingStatus":"on","deviceHostedMeetings":{"enabled":true,"siteUrl":"example.webex.com"},"indoorNavigation":{"url":"https://maps.example.com"}}`},
		{path: "/v1/workspaces/{hall}", body: `{"workspaceLocationId":"{location}"}`}, {body: `{}`}, {body: `{"displayName":"Grand Hall","calling":{"type":"thirdPartySipCalling"},"sipAddress":"room@sip.example.com"}`},
	}
}

// notSent reports whether no shape has a field of the document.
func notSent(r routed, field string) bool {
	return strings.HasSuffix(field, ".phoneNumber") && strings.Contains(r.documented, "/workspaces") // the office's location has no numbers
}

// passedOver reports whether what is wrong with a body doesn't matter.
func passedOver(r routed, wrong spoilt) bool {
	switch {
	case wrong.field == "members[0].lineType" || wrong.field == "members[0].port": // follow from the owner and from the order
		return wrong.what == "word" || wrong.what == "negative"
	case wrong.field == "customizations.ata" || wrong.field == "customizations.wifi": // with customEnabled false everything is taken back, whatever else is sent
		return strings.HasSuffix(r.documented, "/{deviceId}/settings")
	case strings.HasSuffix(r.documented, "/validateMacs/invoke"), strings.HasSuffix(r.documented, "/backgroundImages"): // each one has its own result
		return wrong.what == "long" && strings.Contains(wrong.field, "[0]")
	}
	return false
}
