// Package adminapi is the door for partners, back offices and device-management tools: REST over HTTP, JSON in and out.
//
// It owns routes, wire shapes, ids on the wire, bearer tokens, scopes, paging, status codes and the error body, and makes the OpenAPI document from
// its own types. It never decides a rule and never sees a table: it asks customer.Service, provisioning.Service, billing.Service, billing.Desk and webhook.Service. Start at New,
// which lists the routes; a resource is one file named after it, and errors.go has the one table from fault kinds to status codes.
package adminapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"dialtone/billing"
	"dialtone/customer"
	"dialtone/deviceprofiles"
	"dialtone/diagnosis"
	"dialtone/provisioning"
	"dialtone/screening"
	"dialtone/secret"
	"dialtone/throttle"
	"dialtone/webhook"
)

// Customers is what the door asks about customers; customer.Service is one.
type Customers interface {
	IdentityProviders
	PSTNVendors
	SetupAssist
	Places

	OAuth
	Authenticate(ctx context.Context, token secret.Text) (customer.Actor, error)
	OnBehalf(ctx context.Context, actor customer.Actor, subPartner customer.OrgID) (customer.Actor, error)
	TenantOf(ctx context.Context, actor customer.Actor, org customer.OrgID) (customer.Tenant, error)
	CreateTemplate(ctx context.Context, actor customer.Actor, in customer.NewTemplate) (customer.Template, error)
	ChangeTemplate(ctx context.Context, actor customer.Actor, id customer.TemplateID, in customer.NewTemplate) (customer.Template, error)
	DeleteTemplate(ctx context.Context, actor customer.Actor, id customer.TemplateID) error
	Template(ctx context.Context, actor customer.Actor, id customer.TemplateID) (customer.Template, error)
	Templates(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.Template, bool, error)
	Provision(ctx context.Context, actor customer.Actor, in customer.NewCustomer) (customer.Customer, error)
	CheckProvision(ctx context.Context, actor customer.Actor, in customer.NewCustomer) error
	CheckProspect(ctx context.Context, address customer.Address, email string) error
	CheckEmail(ctx context.Context, email string) error
	Customer(ctx context.Context, actor customer.Actor, id customer.CustomerID) (customer.Customer, error)
	ChangeCustomer(ctx context.Context, actor customer.Actor, id customer.CustomerID, in customer.CustomerChange) (customer.Customer, error)
	RemoveCustomer(ctx context.Context, actor customer.Actor, id customer.CustomerID) error
	Customers(ctx context.Context, actor customer.Actor, filter customer.CustomerFilter, page customer.Page) ([]customer.Customer, bool, error)
	CreateSubPartner(ctx context.Context, actor customer.Actor, in customer.NewSubPartner) (customer.Partner, customer.Admin, error)
	SubPartner(ctx context.Context, actor customer.Actor, id customer.OrgID) (customer.Partner, error)
	SubPartners(ctx context.Context, actor customer.Actor, state customer.PartnerState, page customer.Page) ([]customer.Partner, bool, error)
	ChangeSubPartner(ctx context.Context, actor customer.Actor, id customer.OrgID, in customer.SubPartnerChange) (customer.Partner, error)
	CreateAdmin(ctx context.Context, actor customer.Actor, in customer.NewAdmin) (customer.Admin, error)
	Administrator(ctx context.Context, actor customer.Actor, id customer.AdminID) (customer.Admin, error)
	Administrators(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.Admin, bool, error)
	ChangeAdmin(ctx context.Context, actor customer.Actor, id customer.AdminID, in customer.AdminChange) (customer.Admin, error)
	DeleteAdmin(ctx context.Context, actor customer.Actor, id customer.AdminID) error
	Organization(ctx context.Context, actor customer.Actor, id customer.OrgID) (customer.Organization, error)
	SetOrganizationEcho(ctx context.Context, actor customer.Actor, id customer.OrgID, word string) (customer.Organization, error)
	SetLocationEcho(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, word string) (customer.Location, error)
	EchoPolicy(ctx context.Context, tenant customer.Tenant, location customer.LocationID, server customer.EchoPolicy) (customer.EchoPolicy, error)
	SetOrganizationFacts(ctx context.Context, actor customer.Actor, id customer.OrgID, in customer.OrganizationFacts) (customer.Organization, error)
	Settings(ctx context.Context, actor customer.Actor) (customer.Settings, error)
	SetSettings(ctx context.Context, actor customer.Actor, in customer.Settings) error
	SendConsentMove(ctx context.Context, actor customer.Actor, id customer.SubscriberID) error
	Consent(ctx context.Context, token secret.Text) (customer.Consent, error)
	Decide(ctx context.Context, token secret.Text, accept bool) error
	CreateToken(ctx context.Context, actor customer.Actor, in customer.NewToken) (customer.Token, secret.Text, error)
	Tokens(ctx context.Context, actor customer.Actor, page customer.Page) ([]customer.Token, bool, error)
	RevokeToken(ctx context.Context, actor customer.Actor, id customer.TokenID) error
	Review(ctx context.Context, actor customer.Actor, id screening.ReviewID) (customer.Review, error)
	Reviews(ctx context.Context, actor customer.Actor, filter customer.ReviewFilter, page customer.Page) ([]customer.Review, bool, error)
	ApproveReview(ctx context.Context, actor customer.Actor, id screening.ReviewID, note string) (customer.Review, error)
	DenyReview(ctx context.Context, actor customer.Actor, id screening.ReviewID, note string) (customer.Review, error)
	ContactPartner(ctx context.Context, actor customer.Actor, id screening.ReviewID, reached bool, note string) (customer.Review, error)
	Changes(ctx context.Context, tenant customer.Tenant, after customer.EventCursor, most int) ([]customer.Change, error)
	LatestChange(ctx context.Context, tenant customer.Tenant) (customer.EventCursor, error)
	Events(ctx context.Context, tenant customer.Tenant, filter customer.EventFilter, page customer.Page) ([]customer.Event, bool, error)
	MemberOf(ctx context.Context, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID) (customer.Member, error)
	Members(ctx context.Context, tenant customer.Tenant, filter customer.MemberFilter, page customer.Page) ([]customer.Member, bool, error)
	Workspace(ctx context.Context, tenant customer.Tenant, id customer.WorkspaceID) (customer.Workspace, error)
	Workspaces(ctx context.Context, tenant customer.Tenant, filter customer.WorkspaceFilter, page customer.Page) ([]customer.Workspace, bool, error)
	VirtualLine(ctx context.Context, tenant customer.Tenant, id customer.VirtualLineID) (customer.VirtualLine, error)
	CustomerOf(ctx context.Context, tenant customer.Tenant) (customer.Customer, error)
	Licenses(ctx context.Context, c customer.Customer) ([]customer.License, error)
	License(ctx context.Context, c customer.Customer, pkg customer.Package) (customer.License, error)
	SubscribersOf(ctx context.Context, tenant customer.Tenant, people []customer.PersonID) ([]customer.Subscriber, error)
	Subscriber(ctx context.Context, actor customer.Actor, id customer.SubscriberID) (customer.Subscriber, error)
	Subscribers(ctx context.Context, tenant customer.Tenant, filter customer.SubscriberFilter, page customer.Page) ([]customer.Subscriber, bool, error)
}

// Devices is what the door asks about devices; provisioning.Service is one.
type Devices interface {
	Settings
	Layouts
	Monitoring
	Images
	Uploads
	InboxTokens
	SIPBans
	SupportedModels(ctx context.Context, tenant customer.Tenant) ([]deviceprofiles.Model, error)
	DisabledModels(ctx context.Context, actor customer.Actor, org customer.OrgID) ([]string, error)
	SetDisabledModels(ctx context.Context, actor customer.Actor, org customer.OrgID, names []string) ([]string, error)
	ChangeLocation(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id customer.LocationID, in customer.LocationChange) error
	AddDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in provisioning.NewDevice) (provisioning.DeviceView, error)
	OrderByCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in provisioning.NewDevice) (provisioning.DeviceView, provisioning.Code, error)
	ReissueCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.Code, error)
	CancelCode(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) error
	ReplaceDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, in provisioning.Replacement) (provisioning.DeviceView, provisioning.Code, error)
	Device(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.DeviceView, error)
	LinesOf(ctx context.Context, tenant customer.Tenant, owners []customer.MemberID) ([]provisioning.Line, error)
	Devices(ctx context.Context, tenant customer.Tenant, filter provisioning.DeviceFilter, page customer.Page) ([]provisioning.DeviceView, bool, error)
	RemoveDevice(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) error
	Details(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.Details, error)
	SetPassword(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, password secret.Text) error
	ChangeTags(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, change provisioning.TagChange, tags []string) (provisioning.DeviceView, error)
	ValidateMACs(ctx context.Context, macs []string) ([]provisioning.MACStatus, error)
	AskToResync(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) error
	Reboot(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) error
	Members(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.DeviceMembers, error)
	SetMembers(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, list []provisioning.NewMember) error
	AvailableMembers(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, filter provisioning.CandidateFilter, page customer.Page) ([]customer.Member, bool, error)
	CountAvailableMembers(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, filter provisioning.CandidateFilter) (int, error)
	DevicesOf(ctx context.Context, tenant customer.Tenant, kind customer.MemberKind, id customer.MemberID) (provisioning.MemberDevices, error)
	Credentials(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) ([]provisioning.LineCredentials, error)
	RevealCredentials(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) ([]provisioning.LineCredentials, error)
	Rotate(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, overlap time.Duration) error
	AnswerCompromise(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, enrol time.Duration) error
	Handover(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.Handover, error)
	RevealHandover(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.Handover, error)
	Revisions(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, before int64, limit int) ([]provisioning.Revision, error)
	FilesAt(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, at provisioning.Moment) (provisioning.Revision, []provisioning.DeviceFile, error)
	RevealFile(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, at provisioning.Moment, path string) (provisioning.DeviceFile, error)
	DiffRevisions(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, from, to provisioning.Moment) ([]provisioning.FileDiff, error)
	RollBack(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, to provisioning.Moment) (int64, error)
	OpenEnrolment(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID, length time.Duration) (time.Time, error)
	CloseEnrolment(ctx context.Context, actor customer.Actor, tenant customer.Tenant, id provisioning.DeviceID) error
	Files(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.FilesView, error)
	Registration(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (provisioning.RegistrationState, error)
	Trace(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID, filter provisioning.TraceFilter, limit int) ([]provisioning.TraceEntry, error)
	Why(ctx context.Context, tenant customer.Tenant, id provisioning.DeviceID) (diagnosis.Verdict, error)
	WhyMAC(ctx context.Context, all, tenant customer.Tenant, mac string) (diagnosis.Verdict, provisioning.DeviceID, error)
	UnknownDevices(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]provisioning.UnknownDevice, bool, error)
	Alarms(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]provisioning.Alarm, bool, error)
	Firmware(ctx context.Context, tenant customer.Tenant) (provisioning.FirmwareView, error)
}

// Billing is what the door asks about billing reports; billing.Service is one.
type Billing interface {
	Create(ctx context.Context, actor customer.Actor, in billing.NewReport) (billing.Report, error)
	Report(ctx context.Context, actor customer.Actor, id billing.ReportID) (billing.Report, error)
	Reports(ctx context.Context, actor customer.Actor, filter billing.Filter, page customer.Page) ([]billing.Report, bool, error)
	Delete(ctx context.Context, actor customer.Actor, id billing.ReportID) error
	Progress(ctx context.Context, actor customer.Actor, id billing.ReportID) (billing.Progress, error)
	Restated(ctx context.Context, actor customer.Actor, id billing.ReportID) (billing.Report, billing.Restatement, error)
	Link(r billing.Report) string
	OpenLink(ctx context.Context, partner, file, expires, signature string) (billing.Report, error)
	FileOf(ctx context.Context, r billing.Report) (size int64, sha256 string, err error)
	WriteFile(ctx context.Context, partner customer.OrgID, id billing.ReportID, w io.Writer) error
}

// Webhooks is what the door asks about webhooks; webhook.Service is one.
type Webhooks interface {
	Create(ctx context.Context, actor customer.Actor, tenant customer.Tenant, in webhook.Definition) (webhook.Webhook, secret.Text, error)
	Webhook(ctx context.Context, actor customer.Actor, id webhook.ID) (webhook.Webhook, error)
	Webhooks(ctx context.Context, tenant customer.Tenant, page customer.Page) ([]webhook.Webhook, bool, error)
	Change(ctx context.Context, actor customer.Actor, id webhook.ID, tenant customer.Tenant, in webhook.Definition) (webhook.Webhook, error)
	Delete(ctx context.Context, actor customer.Actor, id webhook.ID) error
	Rotate(ctx context.Context, actor customer.Actor, id webhook.ID) (webhook.Webhook, secret.Text, error)
	Deliveries(ctx context.Context, actor customer.Actor, id webhook.ID, state webhook.State, page customer.Page) ([]webhook.Delivery, bool, error)
	ReplayFrom(ctx context.Context, actor customer.Actor, id webhook.ID, place customer.EventCursor) error
	ReplayDead(ctx context.Context, actor customer.Actor, id webhook.ID) (int, error)
	Ping(ctx context.Context, actor customer.Actor, id webhook.ID) (status int, why string, err error)
}

// Config is what a Server needs. Every field must be set.
type Config struct {
	Customers Customers
	Devices   Devices
	People    People
	Fleet     Fleet
	Imports   Imports
	Billing   Billing
	Desk      Desk
	Webhooks  Webhooks
	Nodes     Nodes
	Upstream  Upstream
	// Operator is the organisation whose full administrators may change nodes: an id as the API spells it, or a UUID; "": nobody.
	Operator string
	// EchoEncryption is what counts for calls to the echo where nobody said otherwise.
	EchoEncryption customer.EchoPolicy
	Ready          func(ctx context.Context) error // whether the server can do its work
	Now            func() time.Time
	NewID          func() string // for tracking ids
	Logger         *slog.Logger
}

// Server is the door. It is safe for concurrent use.
type Server struct {
	Config
	api      huma.API
	handler  http.Handler
	listener net.Listener
	failures *throttle.Failures
	// operatedBy is Config.Operator, read.
	operatedBy customer.OrgID
}

// The limits of a connection. Bodies are small and clients are programs: who needs longer is stuck.
const (
	maxBody        = 1 << 20
	maxFile        = 64 << 20 // of a file of people, which is stored as it comes
	maxStatement   = 32 << 20 // of a partner's own account of usage: as many rows as can be compared have less
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	fileTimeout    = 10 * time.Minute // for a file to come or go over a slow line
	idleTimeout    = 2 * time.Minute
	drainTimeout   = 7 * time.Second
	maxHeaderBytes = 32 << 10
)

// ginMode keeps gin from writing to stdout: its mode is the process's, and it is set once.
var ginMode sync.Once //nolint:gochecknoglobals // guards settings that the libraries keep for the whole process

// New returns the door with its routes.
func New(c Config) (*Server, error) {
	ginMode.Do(func() {
		gin.SetMode(gin.ReleaseMode)
		huma.NewErrorWithContext = newError
		huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
			return newError(nil, status, message, errs...)
		}
	})
	operatedBy, err := fieldID[customer.OrgID]("Operator", c.Operator)
	if err != nil {
		return nil, err
	}
	s := &Server{Config: c, failures: newFailureLimits(c.Now), operatedBy: operatedBy}
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.NoRoute(func(c *gin.Context) {
		s.writeStatus(c.Writer, c.Request, http.StatusNotFound, "There is nothing at this address.")
	})
	engine.NoMethod(func(c *gin.Context) {
		s.writeStatus(c.Writer, c.Request, http.StatusMethodNotAllowed, "This address doesn't take this method.")
	})
	config := huma.DefaultConfig("Dialtone", "1")
	config.Info.Description = "Customers, people and phones of a partner. Paths under /v1 have the wire format of the Webex Wholesale and device APIs; those under /hub/v1 are our own."
	config.DocsPath, config.SchemasPath = "", ""
	config.AllowAdditionalPropertiesByDefault, config.FieldsOptionalByDefault = true, true
	config.Formats = utf8Only(config.Formats)
	config.CreateHooks = nil // no $schema property in answers: strict clients don't know it
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	s.api = humagin.New(engine, config)
	s.routes()
	if err := s.docsRoutes(engine); err != nil {
		return nil, err
	}
	s.reportFileRoutes(engine)
	engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	engine.GET("/readyz", s.readyz)
	s.handler = s.track(engine)
	return s, nil
}

// utf8Only makes formats refuse what isn't UTF-8 (RFC 8259 section 8.1): the standard library would read other bytes as U+FFFD, and we would keep
// that as somebody's name.
func utf8Only(formats map[string]huma.Format) map[string]huma.Format {
	out := maps.Clone(formats)
	for name, format := range out {
		read := format.Unmarshal
		format.Unmarshal = func(data []byte, v any) error {
			if !utf8.Valid(data) {
				return errors.New("the body must be UTF-8")
			}
			return read(data, v)
		}
		out[name] = format
	}
	return out
}

// routes lists everything that the door serves.
func (s *Server) routes() {
	s.templateRoutes()
	s.customerRoutes()
	s.subscriberRoutes()
	s.locationRoutes()
	s.deviceRoutes()
	s.activationRoutes()
	s.telephonyRoutes()
	s.settingsRoutes()
	s.dynamicSettingsRoutes()
	s.lineKeyRoutes()
	s.monitoringRoutes()
	s.deviceJobRoutes()
	s.imageRoutes()
	s.memberRoutes()
	s.candidateRoutes()
	s.credentialRoutes()
	s.revisionRoutes()
	s.modelRoutes()
	s.hubRoutes()
	s.uploadRoutes()
	s.traceRoutes()
	s.watchRoutes()
	s.firmwareRoutes()
	s.nodeRoutes()
	s.echoRoutes()
	s.upstreamRoutes()
	s.inboxTokenRoutes()
	s.sipBanRoutes()
	s.changeRoutes()
	s.auditRoutes()
	s.tokenRoutes()
	s.subPartnerRoutes()
	s.adminRoutes()
	s.organizationRoutes()
	s.consentRoutes()
	s.identityProviderRoutes()
	s.pstnVendorRoutes()
	s.setupAssistRoutes()
	s.reviewRoutes()
	s.reportRoutes()
	s.billingRoutes()
	s.reportStateRoutes()
	s.importRoutes()
	s.integrationRoutes()
	s.oauthRoutes()
	s.webhookRoutes()
	s.workspaceRoutes()
	s.virtualLineRoutes()
	s.peopleRoutes()
	s.licenseRoutes()
	s.memberSettingsRoutes()
}

// Handler serves the routes.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) readyz(c *gin.Context) {
	if err := s.Ready(c.Request.Context()); err != nil {
		s.Logger.WarnContext(c.Request.Context(), "not ready", "error", err)
		s.writeStatus(c.Writer, c.Request, http.StatusServiceUnavailable, "The database doesn't answer.")
		return
	}
	c.String(http.StatusOK, "ready\n")
}

// Listen opens the listener and returns its address.
func (s *Server) Listen(ctx context.Context, address string) (netip.AddrPort, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	s.listener = l
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}

// Run serves until ctx ends, then finishes the requests that are under way.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}
