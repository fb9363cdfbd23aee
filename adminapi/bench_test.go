package adminapi_test

import (
	"fmt"
	"testing"
)

// BenchmarkSubscribe adds people with a package, one after the other, through the whole of the door, the core and SQLite.
func BenchmarkSubscribe(b *testing.B) {
	o := newOffice(b)
	for i := 0; b.Loop(); i++ {
		if got := o.ask(b, o.token, "POST", "/v1/wholesale/subscribers", o.newPerson(fmt.Sprint("p", i), 1000+i)); got.status != 200 {
			b.Fatal(got.body)
		}
	}
}
