package adminapi

// infoPassed is the wire's number for a precheck that found nothing.
const infoPassed = 100

// checkInfo is one entry of a precheck's answer.
type checkInfo struct {
	InfoCode    int    `json:"infoCode"`
	Description string `json:"description"`
}

// checkedOutput is the answer of a precheck that found nothing; one that found something is an error like that of provisioning itself.
type checkedOutput struct {
	Body struct {
		Message string      `json:"message"`
		Info    []checkInfo `json:"info"`
	}
}

func checked(err error) (*checkedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &checkedOutput{}
	out.Body.Message = "success" // clients compare it
	out.Body.Info = []checkInfo{{InfoCode: infoPassed, Description: "Provisioning preCheck validation successful."}}
	return out, nil
}
