package adminapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dialtone/fault"
)

// numberErrors is the answer about single numbers that can't be added. A widely used client looks into a 400 here only when it is a list, and takes every
// other for success.
type numberErrors struct {
	*apiError
	list []numberErrorList
}

// numberErrorList is the one element of the list.
type numberErrorList struct {
	Errors []numberError `json:"errors"`
}

type numberError struct {
	Number       string `json:"number"`
	ErrorType    string `json:"errorType"`
	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
	ErrorTitle   string `json:"errorTitle"`
}

// MarshalJSON writes the list.
func (e *numberErrors) MarshalJSON() ([]byte, error) { return json.Marshal(e.list) }

// aboutNumbers gives an error about single numbers of a request its own form; every other stays as it is.
func aboutNumbers(err error, numbers []string) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	var list []numberError
	for _, p := range fault.ProblemsOf(err) {
		i, bad := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(p.Field, "phoneNumbers["), "]"))
		if bad != nil || i < 0 || i >= len(numbers) {
			return err
		}
		list = append(list, numberError{
			Number: numbers[i], ErrorType: "ERROR", ErrorCode: strconv.Itoa(p.Code), ErrorMessage: p.Message, ErrorTitle: "The number can't be added",
		})
	}
	if list == nil {
		return err
	}
	return &numberErrors{&apiError{status: http.StatusBadRequest, Message: fault.Message(err)}, []numberErrorList{{list}}}
}

// describeNumberErrors adds the list to what the document says of a 400.
func (s *Server) describeNumberErrors(path string) {
	content := s.api.OpenAPI().Paths[path].Post.Responses[strconv.Itoa(http.StatusBadRequest)].Content["application/json"]
	text := &huma.Schema{Type: huma.TypeString}
	one := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"number": text, "errorType": text, "errorCode": text, "errorMessage": text, "errorTitle": text,
	}}
	entry := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"errors": {Type: huma.TypeArray, Items: one}}}
	list := &huma.Schema{Type: huma.TypeArray, Items: entry, Description: "When single numbers are wrong: one entry"}
	content.Schema = &huma.Schema{OneOf: []*huma.Schema{content.Schema, list}}
}
