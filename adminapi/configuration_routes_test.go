package adminapi_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"

	"dialtone/customer"
)

const (
	telephonyPath = "/v1/telephony/config"
	jobsPath      = telephonyPath + "/jobs/devices/"
	boundary      = "part"
)

// inOrg is a path of the office's organisation.
func inOrg(path string) func(*office) string {
	return func(o *office) string { return path + "?orgId=" + o.org }
}

func inLocation(format string) func(*office) string {
	return func(o *office) string { return fmt.Sprintf(format, o.location) }
}

func lineKeyTemplate(name string) string {
	return fmt.Sprintf(`{"templateName":%q,"deviceModel":"Yealink T54W","userReorderEnabled":"true","lineKeys":[{"lineKeyIndex":1,"lineKeyType":"PRIMARY_LINE"},
		{"lineKeyIndex":"2","lineKeyType":"SPEED_DIAL","lineKeyLabel":"Front desk","lineKeyValue":"1000"}]}`, name)
}

// madeTemplate makes a line key template and returns its id.
func (o *office) madeTemplate() string {
	return o.made(telephonyPath+"/devices/lineKeyTemplates?orgId="+o.org, lineKeyTemplate("made-"+newID())).ID
}

func ofALineKeyTemplate(o *office) string {
	return telephonyPath + "/devices/lineKeyTemplates/" + o.madeTemplate()
}

// The bodies that start jobs.
var (
	settingsJob = at(`{"customizations":{"mpp":{"cdpEnabled":"false"}}}`)
	tagsJob     = at(`{"tags":[{"familyOrModelDisplayName":"Yealink","tag":"%ENABLE_LLDP%","action":"CLEAR"}]}`)
	templateJob = func(o *office) string {
		return fmt.Sprintf(`{"action":"APPLY_TEMPLATE","templateId":%q,"locationIds":[%q],"advisoryTypes":{"moreMonitorAppearancesEnabled":"false"}}`, o.madeTemplate(), o.location)
	}
	rebuildJob = func(o *office) string { return fmt.Sprintf(`{"locationId":%q}`, o.location) }
)

// ofAJob is the path of a job that was started for it.
func ofAJob(name string, body func(*office) string, end string) func(*office) string {
	return func(o *office) string {
		return name + "/" + o.made(name+"?orgId="+o.org, body(o)).ID + end
	}
}

// picture is a PNG of some pixels.
func picture(width, height int) string {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		panic(err)
	}
	return b.String()
}

// imageForm is a form with a picture.
func imageForm(name, file string) string {
	return strings.Join([]string{
		"--" + boundary, `Content-Disposition: form-data; name="file"; filename="x.png"`, "Content-Type: image/png", "", file,
		"--" + boundary, `Content-Disposition: form-data; name="fileName"`, "", name, "--" + boundary + "--", "",
	}, "\r\n")
}

// configurationRoutes are those of settings, layouts, images and the jobs over them.
func configurationRoutes() []routed {
	const (
		read, write = "spark-admin:telephony_config_read", "spark-admin:telephony_config_write"
		devices     = telephonyPath + "/devices"
		device      = devices + "/{deviceId}"
		template    = devices + "/lineKeyTemplates/{templateId}"
		lists, end  = telephonyPath + "/lists", "/dynamicSettings/actions/getSettings/invoke"
		images      = devices + "/backgroundImages"
	)
	list := []routed{
		{"GET", devices + "/settings", read, 200, inOrg(devices + "/settings"), nil},
		{"GET", telephonyPath + "/locations/{locationId}/devices/settings", read, 200, inLocation(telephonyPath + "/locations/%s/devices/settings"), nil},
		{"GET", device + "/settings", read, 200, ofDevice(devices + "/%s/settings"), nil},
		{"PUT", device + "/settings", write, 204, ofDevice(devices + "/%s/settings"), at(`{"customEnabled":"false","customizations":{}}`)},
		{"GET", "/hub/v1/devices/{deviceId}/settings/effective", read, 200, ofDevice("/hub/v1/devices/%s/settings/effective"), nil},
		{"GET", devices + "/dynamicSettings/validationSchema", read, 200, at(devices + "/dynamicSettings/validationSchema?familyOrModelDisplayName=Poly"), nil},
		{"GET", devices + "/dynamicSettings/settingsGroups", read, 200, at(devices + "/dynamicSettings/settingsGroups"), nil},
		{"POST", lists + "/devices" + end, read, 200, inOrg(lists + "/devices" + end), at(`{"tags":[]}`)},
		{"POST", lists + "/locations/{locationId}/devices" + end, read, 200, inLocation(lists + "/locations/%s/devices" + end), at(`{"tags":[]}`)},
		{"POST", lists + "/devices/{deviceId}" + end, read, 200, ofDevice(lists + "/devices/%s" + end), at(`{"tags":[]}`)},
		{"PUT", device + "/dynamicSettings", write, 204, ofDevice(devices + "/%s/dynamicSettings"), at(`{"tags":[{"tag":"%ENABLE_LLDP%","action":"SET","value":0}]}`)},
		{"POST", devices + "/lineKeyTemplates", write, 201, inOrg(devices + "/lineKeyTemplates"), func(*office) string { return lineKeyTemplate("new-" + newID()) }},
		{"GET", devices + "/lineKeyTemplates", read, 200, inOrg(devices + "/lineKeyTemplates"), nil},
		{"GET", template, read, 200, ofALineKeyTemplate, nil},
		{"PUT", template, write, 204, ofALineKeyTemplate, at(`{"lineKeys":[{"lineKeyIndex":1,"lineKeyType":"PRIMARY_LINE"}]}`)},
		{"DELETE", template, write, 204, ofALineKeyTemplate, nil},
		{"GET", device + "/layout", read, 200, ofDevice(devices + "/%s/layout"), nil},
		{"PUT", device + "/layout", write, 204, ofDevice(devices + "/%s/layout"), at(`{"layoutMode":"CUSTOM","userReorderEnabled":"true","lineKeys":[{"lineKeyIndex":1,"lineKeyType":"PRIMARY_LINE"}]}`)},
		{"GET", "/hub/v1/devices/{deviceId}/keys", read, 200, ofDevice("/hub/v1/devices/%s/keys"), nil},
		{"GET", "/hub/v1/people/{personId}/monitoring", read, 200, ofPerson("/hub/v1/people/%s/monitoring"), nil},
		{"PUT", "/hub/v1/people/{personId}/monitoring", write, 204, ofPerson("/hub/v1/people/%s/monitoring"), at(`{"monitoring":[{"type":"PARK","number":"701","label":"Park 1"}]}`)},
		{"GET", "/hub/v1/workspaces/{workspaceId}/monitoring", read, 200, ofAWorkspace("/hub/v1/workspaces/%s/monitoring"), nil},
		{"PUT", "/hub/v1/workspaces/{workspaceId}/monitoring", write, 204, ofAWorkspace("/hub/v1/workspaces/%s/monitoring"), at(`{"monitoring":[]}`)},
		{"POST", devices + "/actions/previewApplyLineKeyTemplate/invoke", write, 200, inOrg(devices + "/actions/previewApplyLineKeyTemplate/invoke"), templateJob},
		{"POST", "/hub/v1/devices/preview", write, 200, inOrg("/hub/v1/devices/preview"), func(o *office) string { return `{"kind":"rebuildPhones",` + rebuildJob(o)[1:] }},
		{"POST", device + "/actions/backgroundImageUpload/invoke", write, 201, ofDevice(devices + "/%s/actions/backgroundImageUpload/invoke"), func(*office) string { return imageForm("i-"+newID(), picture(2, 2)) }},
		{"GET", images, read, 200, inOrg(images), nil},
		{"DELETE", images, write, 206, inOrg(images), at(`{"backgroundImages":[{"fileName":"nothing","forceDelete":"true"}]}`)},
	}
	const own, credentials = "/hub/v1/jobs/devices/", "dialtone:credentials_"
	for path, job := range map[string]struct {
		started     int
		write, read customer.Scope
		body        func(*office) string
	}{
		jobsPath + "callDeviceSettings": {200, write, read, settingsJob}, jobsPath + "dynamicDeviceSettings": {202, write, read, tagsJob},
		jobsPath + "applyLineKeyTemplate": {202, write, read, templateJob}, jobsPath + "rebuildPhones": {202, write, read, rebuildJob},
		own + "rotateCredentials": {202, credentials + "write", credentials + "read", at(`{"overlapMinutes":60}`)},
		own + "answerCompromise":  {202, credentials + "write", credentials + "read", at(`{"enrolMinutes":60}`)},
		own + "rollBack":          {202, "spark-admin:devices_write", "spark-admin:devices_read", at(`{"to":"2026-05-01T08:00:00Z"}`)},
	} {
		list = append(list,
			routed{"POST", path, job.write, job.started, inOrg(path), job.body},
			routed{"GET", path, job.read, 200, inOrg(path), nil},
			routed{"GET", path + "/{jobId}", job.read, 200, ofAJob(path, job.body, ""), nil},
			routed{"GET", path + "/{jobId}/errors", job.read, 200, ofAJob(path, job.body, "/errors"), nil},
		)
	}
	return list
}
