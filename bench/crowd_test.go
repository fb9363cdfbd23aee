package bench_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"dialtone/deviceprofiles"
	"dialtone/digest"
	"dialtone/provisioning"
	"dialtone/secret"
	"dialtone/store"
)

// seedCrowd makes one phone through the REST API, as an administrator does, and copies it in the database.
func (s *server) seedCrowd(phones int) error {
	began := time.Now()
	org, person, err := s.firstPerson()
	if err != nil {
		return err
	}
	const first = "805EC0FFFFFF"
	if err := s.call("POST", "/v1/devices?orgId="+org, fmt.Sprintf(`{"mac":%q,"model":"Yealink T54W","personId":%q}`, first, person), nil); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "data", "master.key"))
	if err != nil {
		return err
	}
	ring, err := secret.ParseKeyring(string(text), rand.Reader)
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: filepath.Join(s.dir, "data", "dialtone.db")})
	if err != nil {
		return err
	}
	defer db.Close()
	mac, err := deviceprofiles.ParseMAC(first)
	if err != nil {
		return err
	}
	device, err := db.Provisioning().AnyTenantDeviceByMAC(ctx, mac)
	if err != nil {
		return err
	}
	lines, err := db.Provisioning().Lines(ctx, device.Tenant(), device.ID)
	if err != nil {
		return err
	}
	crowd := crowd{ring: ring, device: device, line: lines[0]}
	const batch = 2000
	for i := 0; i < phones; i += batch {
		err := db.Provisioning().Update(ctx, device.Tenant(), func(tx provisioning.Tx) error {
			for n := i; n < min(i+batch, phones); n++ {
				if err := crowd.add(ctx, tx, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for n := range phones {
		s.macs = append(s.macs, macOf(n).Lower())
		s.lines = append(s.lines, line{crowdUser(n), crowd.line.Domain})
	}
	fmt.Fprintf(os.Stderr, "seeded %d phones in %s\n", phones, time.Since(began).Round(time.Millisecond))
	return nil
}

// crowd is the phone that all others are copies of.
type crowd struct {
	ring   *secret.Keyring
	device provisioning.Device
	line   provisioning.Line
}

func crowdUser(n int) string { return "crowd" + strconv.Itoa(n) }

func macOf(n int) deviceprofiles.MAC {
	return deviceprofiles.MAC{0x80, 0x5e, 0xc0, byte(n >> 16), byte(n >> 8), byte(n)}
}

// add copies the phone, with secrets of its own.
func (c crowd) add(ctx context.Context, tx provisioning.Tx, n int) error {
	device, line := c.device, c.line
	device.ID, device.MAC = provisioning.DeviceID(uuid.NewString()), macOf(n)
	line.ID, line.Device, line.UserName = provisioning.LineID(uuid.NewString()), device.ID, crowdUser(n)
	ha1 := digest.HA1(digest.MD5, line.UserName, line.Domain, secret.New(password)) + digest.HA1(digest.SHA256, line.UserName, line.Domain, secret.New(password))
	for _, s := range []struct {
		owner, plain string
		sealed       *secret.Sealed
	}{
		{"device-access:" + string(device.ID), stormAccess, &device.Access},
		{"device-admin:" + string(device.ID), "Storm-Admin-1", &device.AdminPassword},
		{"line-password:" + string(line.ID), password, &line.Password},
		{"line-ha1:" + string(line.ID), ha1, &line.HA1},
	} {
		var err error
		if *s.sealed, err = c.ring.Seal(s.owner, []byte(s.plain)); err != nil {
			return err
		}
	}
	if err := tx.CreateDevice(ctx, device); err != nil {
		return err
	}
	return tx.CreateLine(ctx, line)
}

// firstPerson makes a customer with one person.
func (s *server) firstPerson() (org, person string, err error) {
	var template struct{ ProvisioningID string }
	if err := s.call("POST", "/hub/v1/templates", `{"name":"Storm","country":"US","language":"en_US","subscriptionId":"S"}`, &template); err != nil {
		return "", "", err
	}
	err = s.call("POST", "/v1/wholesale/customers", fmt.Sprintf(`{"provisioningId":%q,"externalId":"storm","packages":["webex_calling"],"address":%s,
		"customerInfo":{"name":"Storm","primaryEmail":"owner@example.com"},
		"provisioningParameters":{"calling":{"location":{"name":"L","timezone":"America/Chicago","language":"en_us","address":%s}}}}`,
		template.ProvisioningID, address, address), nil)
	if err != nil {
		return "", "", err
	}
	var list struct {
		Items []struct{ ID, OrgID, Status string }
	}
	questions := time.NewTicker(10 * time.Millisecond)
	defer questions.Stop()
	for len(list.Items) == 0 || list.Items[0].Status != "provisioned" {
		if err := s.call("GET", "/v1/wholesale/customers?externalId=storm", "", &list); err != nil {
			return "", "", err
		}
		<-questions.C
	}
	var sub struct{ PersonID string }
	err = s.call("POST", "/v1/wholesale/subscribers", fmt.Sprintf(`{"customerId":%q,"email":"p@example.com","package":"webex_calling",
		"provisioningParameters":{"firstName":"Person","lastName":"1","extension":"1001"}}`, list.Items[0].ID), &sub)
	return list.Items[0].OrgID, sub.PersonID, err
}
