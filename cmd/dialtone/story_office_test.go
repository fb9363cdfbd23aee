package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dialtone/phone"
	"dialtone/secret"
)

// desk is a phone of a story, with what it remembers between two boots.
type desk struct {
	device, person, model string
	mac                   string
	code                  string       // until it was brought
	access                phone.Access // learned at the first boot
}

// office COUNT COUNT: orders phones for so many people by their addresses, of three families and with open enrolment windows, and for so many more by
// activation codes.
func office(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: office BY_MAC BY_CODE")
	}
	byMAC, err := strconv.Atoi(args[0])
	ts.Check(err)
	byCode, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := storyOf(ts)
	s.desks = make([]desk, byMAC+byCode)
	ts.Check(eachOf(len(s.desks), func(i int) error {
		return s.desks[i].order(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG"), i, i >= byMAC)
	}))
}

// eachOf does something for so many, several at a time.
func eachOf(count int, do func(i int) error) error {
	work, failed := make(chan int), make([]error, count)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range work {
				failed[i] = do(i)
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	workers.Wait()
	return errors.Join(failed...)
}

func (d *desk) order(admin, token, customerID, org string, i int, byCode bool) error {
	var sub struct{ PersonID string }
	if err := created(admin, token, "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":%q,"email":"p%d@office.example","package":"webex_calling","provisioningParameters":{"firstName":"P%[2]d","extension":"%d"}}`, customerID, i, 10000+i), &sub); err != nil {
		return err
	}
	d.person, d.mac, d.model = sub.PersonID, fmt.Sprintf("00562B%06X", i), []string{"Cisco 8851", "Cisco 8841", "Yealink T54W", "Poly VVX 450"}[i%4]
	if byCode {
		d.model = "Cisco 8851"
		var order struct{ Code string }
		err := created(admin, token, "/v1/devices/activationCode?orgId="+org, fmt.Sprintf(`{"personId":%q,"model":%q}`, d.person, d.model), &order)
		d.code = order.Code
		return errors.Join(err, d.find(admin, token))
	}
	if strings.HasPrefix(d.model, "Yealink") {
		d.mac = fmt.Sprintf("805EC0%06X", i)
	}
	if strings.HasPrefix(d.model, "Poly") {
		d.mac = fmt.Sprintf("0004F2%06X", i)
	}
	var device struct{ ID string }
	err := created(admin, token, "/v1/devices?orgId="+org, fmt.Sprintf(`{"mac":%q,"model":%q,"personId":%q}`, d.mac, d.model, d.person), &device)
	d.device = device.ID
	return errors.Join(err, d.enrol(admin, token))
}

// find learns which device was made for a code: the answer that has the code doesn't say.
func (d *desk) find(admin, token string) error {
	status, answer, err := ask(admin, token, "GET", "/v1/devices?personId="+d.person, "")
	var list struct{ Items []struct{ ID string } }
	if err != nil || status != 200 || json.Unmarshal(answer, &list) != nil || len(list.Items) != 1 {
		return fmt.Errorf("the device of %s: %d %s %w", d.person, status, answer, err)
	}
	d.device = list.Items[0].ID
	return nil
}

func (d *desk) enrol(admin, token string) error {
	status, answer, err := ask(admin, token, "POST", "/hub/v1/devices/"+d.device+"/enrolment", `{"minutes":60}`)
	if err != nil || status != 201 {
		return fmt.Errorf("enrolment: %d %s %w", status, answer, err)
	}
	return nil
}

// boot-office: boots every phone of the office, and checks that each has dial tone, and exactly the bytes that the API says it is told.
func bootOffice(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: boot-office")
	}
	s := storyOf(ts)
	pem, err := os.ReadFile(ts.MkAbs("data/tls/ca.pem"))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	server := "https://phones.sip.dialtone.test:" + ts.Getenv("HTTPS_PORT")
	ts.Check(eachOf(len(s.desks), func(i int) error {
		return s.desks[i].boot(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), server, ts.Getenv("DNS"), roots)
	}))
}

func (d *desk) boot(admin, token, server, dns string, roots *x509.CertPool) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result, err := phone.Boot(ctx, phone.BootConfig{
		MAC: d.mac, Model: d.model, Server: server, Code: secret.New(d.code), DNS: dns, CA: roots, Access: d.access, Timeout: 20 * time.Second,
	}, io.Discard)
	if err != nil {
		return fmt.Errorf("%s %s: %w", d.model, d.mac, err)
	}
	d.code, d.access = "", result.Access
	return d.compare(admin, token, result)
}

// compare holds the last file that a phone fetched under each path against what the API says of it.
func (d *desk) compare(admin, token string, result phone.Result) error {
	files, err := d.files(admin, token, "/files")
	if err != nil {
		return err
	}
	own := files[len(files)-1] // of the phone alone
	for _, f := range slices.Backward(result.Files) {
		if strings.EqualFold(strings.TrimPrefix(f.Path, "/"), own.Path) {
			if f.SHA256 != own.SHA256 {
				return fmt.Errorf("%s %s got %s with %s, and the API says %s", d.model, d.mac, f.Path, f.SHA256, own.SHA256)
			}
			return nil
		}
	}
	return fmt.Errorf("%s %s didn't fetch %s", d.model, d.mac, own.Path)
}

type officeFile struct{ Path, SHA256, Body string }

// files are what the API says of a device's files, now or at a revision.
func (d *desk) files(admin, token, which string) ([]officeFile, error) {
	status, answer, err := ask(admin, token, "GET", "/hub/v1/devices/"+d.device+which, "")
	var list struct{ Files []officeFile }
	if err != nil || status != 200 || json.Unmarshal(answer, &list) != nil || len(list.Files) == 0 {
		return nil, fmt.Errorf("the files of %s: %d %s %w", d.mac, status, answer, err)
	}
	return list.Files, nil
}

// desk N: sets $DEVICE, $PERSON and $MAC to those of a phone of the office.
func deskCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: desk N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	d := storyOf(ts).desks[n]
	ts.Setenv("DEVICE", d.device)
	ts.Setenv("PERSON", d.person)
	ts.Setenv("MAC", d.mac)
}

// new-phone N MAC: puts another phone onto a desk, which knows nothing yet.
func newPhone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: new-phone N MAC")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	d := &storyOf(ts).desks[n]
	d.mac, d.access = args[1], phone.Access{}
}

// moment NAME: sets a variable to this moment, and waits until it is over.
func moment(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: moment NAME")
	}
	now := time.Now().UTC().Truncate(time.Millisecond).Add(time.Millisecond)
	ts.Setenv(args[0], now.Format("2006-01-02T15:04:05.000Z"))
	<-time.After(time.Until(now.Add(time.Millisecond)))
}

// ofAddress is a line of a Cisco phone's file that its address or the number of the revision decides.
var ofAddress = regexp.MustCompile(`rev-|<(?:Resync_Periodic|XML_Directory_Service_URL|XML_User_Name) `)

// as-then MOMENT: checks that every phone is told all that it was told at a moment, but for the number of the revision and, on a phone that was replaced,
// its address and when it polls, which the address decides. What was set since is told once more as it was before, so that there may be more.
func asThen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: as-then MOMENT")
	}
	s := storyOf(ts)
	ts.Check(eachOf(len(s.desks), func(i int) error {
		d := &s.desks[i]
		then, err := d.files(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), "/revisions/"+url.PathEscape(args[0]))
		if err != nil {
			return err
		}
		now, err := d.files(ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), "/files")
		if err != nil {
			return err
		}
		told := strings.Split(now[len(now)-1].Body, "\n")
		for line := range strings.SplitSeq(then[len(then)-1].Body, "\n") {
			if !ofAddress.MatchString(line) && !slices.Contains(told, line) {
				return fmt.Errorf("%s %s was told %q, and isn't any more", d.model, d.mac, line)
			}
		}
		return nil
	}))
}
