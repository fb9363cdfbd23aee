package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dialtone/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("while at it: %w", fault.New(fault.NotFound, "There is no device %d.", 7))
	assert.Equal(t, fault.NotFound, fault.KindOf(err))
	assert.True(t, fault.Is(err, fault.NotFound))
	assert.False(t, fault.Is(err, fault.Internal))
	assert.Equal(t, "There is no device 7.", fault.Message(err))
}

func TestAnUnclassifiedErrorTellsNothing(t *testing.T) {
	t.Parallel()
	err := errors.New("dial tcp 10.0.0.7:5432: password authentication failed")
	assert.Equal(t, fault.Internal, fault.KindOf(err))
	assert.NotContains(t, fault.Message(err), "10.0.0.7")
	assert.Nil(t, fault.ProblemsOf(err))
}

func TestAnInternalErrorsMessageAndProblemsAreForTheLog(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Internal, "device 7 has no lines").WithCode(12)
	assert.NotContains(t, fault.Message(err), "device 7")
	assert.Nil(t, fault.ProblemsOf(err))
	assert.Contains(t, err.Error(), "device 7 has no lines")
}

func TestTheCauseIsForTheLogAlone(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	err := fault.Wrap(fault.Unavailable, cause, "The database doesn't answer.")
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, "The database doesn't answer.: connection refused", err.Error())
	assert.Equal(t, "The database doesn't answer.", fault.Message(err))
}

func TestInvalidFieldNamesTheField(t *testing.T) {
	t.Parallel()
	err := fault.InvalidField("mac", "must be %d digits", 12).WithCode(25220)
	assert.Equal(t, []fault.Problem{{Field: "mac", Code: 25220, Message: "must be 12 digits"}}, fault.ProblemsOf(err))
	assert.Equal(t, "mac: must be 12 digits", fault.Message(err))
}

func TestWithCodeLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	original := fault.InvalidField("mac", "is wrong")
	_ = original.WithCode(1)
	assert.Equal(t, 90000, original.Problems[0].Code)
	assert.Equal(t, []fault.Problem{{Code: 5, Message: "busy"}}, fault.ProblemsOf(fault.New(fault.Conflict, "busy").WithCode(5)))
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Limited, "Too much.")
	err.RetryAfter = 30 * time.Second
	assert.Equal(t, 30*time.Second, fault.RetryAfter(fmt.Errorf("x: %w", err)))
	assert.Zero(t, fault.RetryAfter(errors.New("x")))
}

func TestNilIsOfNoKind(t *testing.T) {
	t.Parallel()
	assert.False(t, fault.Is(nil, fault.Internal))
}

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	names := map[fault.Kind]string{
		fault.Internal: "internal", fault.Invalid: "invalid", fault.NotFound: "not found", fault.Denied: "denied",
		fault.Conflict: "conflict", fault.Limited: "limited", fault.Unavailable: "unavailable", fault.Kind(99): "internal",
	}
	for kind, name := range names {
		assert.Equal(t, name, kind.String())
	}
}

func TestProblemsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	assert.NoError(t, fault.InvalidProblems("It can't be made", nil))
	list := []fault.Problem{{Field: "name", Message: "is needed"}, {Field: "mac", Message: "is wrong"}}
	err := fault.InvalidProblems("It can't be made", list)
	assert.True(t, fault.Is(err, fault.Invalid))
	assert.Equal(t, "It can't be made: name is needed; mac is wrong.", fault.Message(err))
	assert.Equal(t, list, fault.ProblemsOf(err))
}

func TestSomeErrorsAreAnswers(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]bool{
		fault.Invalid: true, fault.NotFound: true, fault.Denied: true, fault.Conflict: true, fault.Limited: false, fault.Unavailable: false, fault.Internal: false,
	} {
		assert.Equal(t, want, fault.IsAnswer(fault.New(kind, "x")), "%v", kind)
	}
	assert.False(t, fault.IsAnswer(errors.New("x")))
	assert.False(t, fault.IsAnswer(nil))
}
