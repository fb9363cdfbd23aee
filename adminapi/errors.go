package adminapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"dialtone/fault"
)

// statusOf is the one table from fault kinds to status codes.
func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Denied:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// errorItem is one entry of an error body.
type errorItem struct {
	ErrorCode   int    `json:"errorCode,omitempty" doc:"Number of the error, where it has one"`
	Description string `json:"description" doc:"What is wrong and what to do"`
	FieldName   string `json:"fieldName,omitempty" doc:"Field of the request that is wrong"`
}

// apiError is the body of every answer that isn't a success.
type apiError struct {
	status     int
	retryAfter time.Duration
	Message    string      `json:"message" doc:"What went wrong, for a person"`
	Errors     []errorItem `json:"errors,omitempty"`
	TrackingID string      `json:"trackingId" doc:"Names this request in our log"`
}

// Error returns the message.
func (e *apiError) Error() string { return e.Message }

// GetStatus returns the status code.
func (e *apiError) GetStatus() int { return e.status }

// GetHeaders returns the headers that go with the error.
func (e *apiError) GetHeaders() http.Header {
	h := http.Header{}
	switch {
	case e.status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="dialtone"`)
	case e.retryAfter > 0:
		h.Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	case e.status == http.StatusServiceUnavailable || e.status == http.StatusTooManyRequests:
		h.Set("Retry-After", "5")
	}
	return h
}

// newError makes an error of what the library finds wrong with a request. What it calls unprocessable is a bad request on this wire.
func newError(c huma.Context, status int, message string, errs ...error) huma.StatusError {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	e := &apiError{status: status, Message: message}
	if c != nil {
		e.TrackingID = trackingID(c.Context())
	}
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			field := strings.TrimPrefix(strings.TrimPrefix(detail.Location, "body."), "query.")
			e.Errors = append(e.Errors, errorItem{ErrorCode: fault.CodeRule, Description: plainly(detail.Message), FieldName: field})
		}
	}
	if len(e.Errors) > 0 {
		e.Message = "The request can't be read: " + e.Errors[0].FieldName + " " + e.Errors[0].Description + "."
	}
	return e
}

// plainly says of a value that may have one of several types what the library says in its own terms.
func plainly(message string) string {
	if message == validation.MsgExpectedMatchExactlyOneSchema {
		return "has another type, or isn't one of the words that the API's document names"
	}
	return message
}

// failed turns what the core said into an answer. What a person can't mend goes to the log.
func (s *Server) failed(ctx context.Context, err error) error {
	if _, ok := errors.AsType[huma.StatusError](err); ok {
		return err
	}
	e := &apiError{status: statusOf(fault.KindOf(err)), retryAfter: fault.RetryAfter(err), Message: fault.Message(err), TrackingID: trackingID(ctx)}
	for _, p := range fault.ProblemsOf(err) {
		e.Errors = append(e.Errors, errorItem{ErrorCode: p.Code, Description: p.Message, FieldName: p.Field})
	}
	if len(e.Errors) == 0 {
		e.Errors = []errorItem{{Description: e.Message}}
	}
	if e.status >= http.StatusInternalServerError {
		s.Logger.ErrorContext(ctx, "a request failed", "tracking_id", e.TrackingID, "status", e.status, "error", err)
	}
	return e
}

// writeStatus writes an error body outside of the routes.
func (s *Server) writeStatus(w http.ResponseWriter, r *http.Request, status int, message string) {
	e := &apiError{status: status, Message: message, Errors: []errorItem{{Description: message}}, TrackingID: trackingID(r.Context())}
	for name, values := range e.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e) // the client is gone, or it has it
}
