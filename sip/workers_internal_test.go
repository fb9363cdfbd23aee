package sip

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWorkersAreBoundedAndDoEveryJob(t *testing.T) {
	t.Parallel()
	w := newWorkers(3)
	var atWork, most, done atomic.Int64
	gate, began := make(chan struct{}), make(chan struct{}, 3)
	for range 3 {
		w.do(func() {
			most.Store(max(most.Load(), atWork.Add(1)))
			began <- struct{}{}
			<-gate
			atWork.Add(-1)
			done.Add(1)
		})
	}
	for range 3 {
		<-began
	}
	assert.EqualValues(t, 3, most.Load(), "all three are at work at once")
	close(gate)
	for range 100 {
		w.do(func() {
			assert.LessOrEqual(t, atWork.Add(1), int64(3))
			atWork.Add(-1)
			done.Add(1)
		})
	}
	w.finish()
	assert.EqualValues(t, 103, done.Load())
	assert.LessOrEqual(t, w.count, 3)
}
