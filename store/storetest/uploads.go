package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dialtone/deviceprofiles"
	"dialtone/fault"
	"dialtone/provisioning"
)

// uploadsChange keeps, replaces and deletes what a phone sent, for its own tenant alone.
func uploadsChange(t *testing.T, f *fixture) {
	ctx, tenant := t.Context(), tenantOf(f.one)
	ada, _ := f.person(t, f.one, f.oneShop, "ada", "101")
	d, _ := f.device(t, ada)
	other, _ := f.device(t, ada)
	log := provisioning.StoredUpload{
		Partner: f.one.Partner, Org: f.one.Org, Device: d.ID, Name: "805ec0aabbcc-boot.log", Kind: deviceprofiles.UploadLog, Size: 3, Body: []byte{0, 1, 255},
		Created: f.tick(), Changed: f.now,
	}
	override := log
	override.Name, override.Kind, override.Size, override.Body = "805ec0aabbcc-local.cfg", deviceprofiles.UploadOverride, 0, []byte{9}
	put := func(u provisioning.StoredUpload) func(provisioning.Tx) error {
		return func(tx provisioning.Tx) error { return tx.PutUpload(ctx, u) }
	}
	f.write(t, tenant, put(override))
	f.write(t, tenant, put(log))
	same(t, log)(f.p.Upload(ctx, tenant, d.ID, log.Name))
	same(t, 3)(f.p.UploadBytes(ctx, tenant))

	longer := log
	longer.Size, longer.Body, longer.Changed, longer.Created = 1<<20, make([]byte, 1<<20), f.tick(), f.now
	f.write(t, tenant, put(longer))
	longer.Created = log.Created // of the first
	same(t, longer)(f.p.Upload(ctx, tenant, d.ID, log.Name))
	same(t, 1<<20)(f.p.UploadBytes(ctx, tenant))
	same(t, 0)(f.p.UploadBytes(ctx, tenantOf(f.sibling)))
	listed, second := longer, override
	listed.Body, second.Body = nil, nil
	same(t, []provisioning.StoredUpload{listed, second})(f.p.Uploads(ctx, tenant, d.ID))
	same(t, []provisioning.StoredUpload{})(f.p.Uploads(ctx, tenant, other.ID))
	same(t, []provisioning.StoredUpload{})(f.p.Uploads(ctx, tenantOf(f.foe), d.ID))
	_, err := f.p.Upload(ctx, tenantOf(f.sibling), d.ID, log.Name)
	assert.True(t, fault.Is(err, fault.NotFound), "%v", err)

	foreign := log
	foreign.Partner, foreign.Org = f.foe.Partner, f.foe.Org
	for name, ask := range map[string]func(provisioning.Tx) error{
		"replace": put(foreign),
		"delete":  func(tx provisioning.Tx) error { return tx.DeleteUpload(ctx, tenantOf(f.foe), d.ID, log.Name) },
		"unknown": func(tx provisioning.Tx) error { return tx.DeleteUpload(ctx, tenantOf(f.foe), d.ID, "nothing") },
	} {
		assert.True(t, fault.Is(f.p.Update(ctx, tenantOf(f.foe), ask), fault.NotFound), name)
	}
	f.write(t, tenantOf(f.foe), func(tx provisioning.Tx) error { return tx.DeleteUploads(ctx, tenantOf(f.foe), d.ID) })
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteUpload(ctx, tenant, d.ID, log.Name) })
	same(t, []provisioning.StoredUpload{second})(f.p.Uploads(ctx, tenant, d.ID))
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteUploads(ctx, tenant, d.ID) })
	same(t, []provisioning.StoredUpload{})(f.p.Uploads(ctx, tenant, d.ID))

	f.write(t, tenant, put(log))
	f.write(t, tenant, func(tx provisioning.Tx) error { return tx.DeleteDevice(ctx, tenant, d.ID) })
	same(t, 0)(f.p.UploadBytes(ctx, tenant))
}
