package provisioning

import (
	"bytes"
	"context"
	"encoding/hex"
	"image"
	_ "image/jpeg" // decoders of the formats that may be uploaded
	_ "image/png"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/fault"
)

// What happens to background images.
const (
	EventImageUploaded customer.EventKind = "background_image.uploaded"
	EventImageDeleted  customer.EventKind = "background_image.deleted"
)

// BackgroundImage is a picture that an organisation's phones can show. Phones ask for it without credentials, under a name that nobody can guess.
type BackgroundImage struct {
	Partner     customer.OrgID
	Org         customer.OrgID
	FileName    string // unique in the organisation; without its ending
	PublicName  string // of the file for phones: 32 hexadecimal digits and .png or .jpg
	ContentType string // image/png or image/jpeg
	Body        []byte // nil in lists
	Created     time.Time
}

// Tenant returns whose image it is.
func (i BackgroundImage) Tenant() customer.Tenant {
	return customer.Tenant{Partner: i.Partner, Customer: i.Org}
}

// Path is where phones find the image, on the doors for files.
func (i BackgroundImage) Path() string { return "/" + deviceprofiles.ImageFolder + i.PublicName }

// ImageReader reads background images. The rules of Reader hold.
type ImageReader interface {
	// BackgroundImages lists an organisation's images without their bodies; there are at most maxImages.
	BackgroundImages(ctx context.Context, tenant customer.Tenant) ([]BackgroundImage, error)
	// AnyTenantBackgroundImage finds an image by its public name: it is how a phone that asks for one becomes known.
	AnyTenantBackgroundImage(ctx context.Context, publicName string) (BackgroundImage, error)
	// SettingsWithValue lists what is set to one of some values, on any level of an organisation; at most limit.
	SettingsWithValue(ctx context.Context, tenant customer.Tenant, values []string, limit int) ([]Setting, error)
}

// ImageTx writes background images.
type ImageTx interface {
	// CreateBackgroundImage gives fault.Conflict with fault.CodeNameInUse when the organisation has an image of the name.
	CreateBackgroundImage(ctx context.Context, i BackgroundImage) error
	DeleteBackgroundImage(ctx context.Context, tenant customer.Tenant, fileName string) error
}

// The bounds of background images.
const (
	MaxImageBytes = 625 << 10 // of an upload
	maxImages     = 100       // of an organisation
	maxImageSide  = 4096      // pixels, more than any phone's display has
	maxImageName  = 100       // characters
)

// UploadImage keeps a picture for the phones of a device's organisation, and returns it with the number of images that there are then. fault.Invalid when it isn't a
// PNG or JPEG of a bearable size, or the name can't be one; fault.Conflict when the name is in use, or there are too many.
func (s *Service) UploadImage(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id DeviceID, fileName string, body []byte) (BackgroundImage, int, error) {
	d, err := s.store.Device(ctx, tenant, id)
	if err != nil {
		return BackgroundImage{}, 0, err
	}
	i := BackgroundImage{Partner: d.Partner, Org: d.Org, Body: body, Created: s.now()}
	if i.FileName, err = imageName(fileName); err != nil {
		return BackgroundImage{}, 0, err
	}
	format, err := imageFormat(body)
	if err != nil {
		return BackgroundImage{}, 0, err
	}
	name := make([]byte, 16)
	if _, err := io.ReadFull(s.random, name); err != nil {
		return BackgroundImage{}, 0, fault.Wrap(fault.Internal, err, "no randomness")
	}
	i.ContentType, i.PublicName = "image/"+format, hex.EncodeToString(name)+"."+strings.Replace(format, "jpeg", "jpg", 1)
	count := 0
	err = s.store.Update(ctx, d.Tenant(), func(tx Tx) error {
		list, err := tx.BackgroundImages(ctx, d.Tenant())
		if err != nil {
			return err
		}
		if count = len(list) + 1; count > maxImages {
			return fault.New(fault.Conflict, "The organisation has %d background images, the most that there can be. Delete one first.", len(list)).WithCode(fault.CodeTooMany)
		}
		if err := tx.CreateBackgroundImage(ctx, i); err != nil {
			return err
		}
		return s.recordImage(ctx, tx, actor, i, EventImageUploaded)
	})
	return i, count, err
}

func (s *Service) recordImage(ctx context.Context, tx Tx, actor customer.Actor, i BackgroundImage, kind customer.EventKind) error {
	return tx.Record(ctx, customer.Event{
		Time: s.now(), Tenant: i.Tenant(), Actor: actor.Email, Kind: kind, Subject: i.FileName, Data: map[string]any{"path": i.Path()},
	})
}

// imageName checks an upload's name and takes off its ending, as the wire shows names without.
func imageName(name string) (string, error) {
	for _, ending := range []string{".png", ".jpg", ".jpeg"} {
		if strings.HasSuffix(strings.ToLower(name), ending) {
			name = name[:len(name)-len(ending)]
			break
		}
	}
	if name == "" {
		return "", fault.InvalidField("fileName", "is needed").WithCode(fault.CodeMissing)
	}
	if utf8.RuneCountInString(name) > maxImageName || strings.ContainsAny(name, `/\`) {
		return "", fault.InvalidField("fileName", "must have at most %d characters, and no slash", maxImageName)
	}
	return name, deviceprofiles.CheckDisplayName("fileName", name)
}

// imageFormat looks into a picture: png or jpeg.
func imageFormat(body []byte) (string, error) {
	if len(body) == 0 || len(body) > MaxImageBytes {
		return "", fault.InvalidField("file", "must have 1 byte to 625 KB")
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || format != "png" && format != "jpeg" {
		return "", fault.InvalidField("file", "must be a PNG or JPEG picture")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxImageSide || config.Height > maxImageSide {
		return "", fault.InvalidField("file", "must have at most %d pixels in each direction; it has %d by %d", maxImageSide, config.Width, config.Height)
	}
	return format, nil
}

// Images lists the background images of an organisation.
func (s *Service) Images(ctx context.Context, tenant customer.Tenant) ([]BackgroundImage, error) {
	if err := OneOrganisation(tenant); err != nil {
		return nil, err
	}
	return s.store.BackgroundImages(ctx, tenant)
}

// maxImageUses bounds the settings that are looked at for one image.
const maxImageUses = 2000

// DeleteImageIn deletes one image in somebody's transaction and returns the settings that used it, which are to be taken back. fault.Conflict when it stays.
func (s *Service) DeleteImageIn(ctx context.Context, tx Tx, actor customer.Actor, i BackgroundImage, force bool) ([]Setting, error) {
	uses, err := tx.SettingsWithValue(ctx, i.Tenant(), s.addressesOf(i), maxImageUses)
	if err != nil {
		return nil, err
	}
	if len(uses) > 0 && !force {
		return nil, fault.New(fault.Conflict, "A setting uses the image. Reset it first, or force the deletion.").WithCode(fault.CodeImageInUse)
	}
	if len(uses) == maxImageUses {
		return nil, fault.New(fault.Conflict, "More than %d settings use the image. Reset some first.", maxImageUses-1).WithCode(fault.CodeImageInUse)
	}
	if len(uses) > 0 {
		if err := noJobRuns(ctx, tx, i.Tenant()); err != nil {
			return nil, err
		}
	}
	if err := tx.DeleteBackgroundImage(ctx, i.Tenant(), i.FileName); err != nil {
		return nil, err
	}
	return uses, s.recordImage(ctx, tx, actor, i, EventImageDeleted)
}

// addressesOf are the values by which settings name an image.
func (s *Service) addressesOf(i BackgroundImage) []string {
	values := []string{i.Path()}
	for _, base := range []string{s.phones.HTTPBase, s.phones.HTTPSBase} {
		if base != "" {
			values = append(values, base+i.Path())
		}
	}
	return values
}

// openImage opens a background image for whoever knows its name.
func (s *Service) openImage(ctx context.Context, hit deviceprofiles.Hit) (Opened, error) {
	i, err := s.store.AnyTenantBackgroundImage(ctx, hit.Name)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "There is no such image. It may have been deleted.")
	}
	if err != nil {
		return Opened{}, err
	}
	o := opened(deviceprofiles.File{ContentType: i.ContentType, Body: i.Body}, 0)
	o.Modified = s.modified(i.Created)
	return o, nil
}
