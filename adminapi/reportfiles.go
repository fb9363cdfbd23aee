package adminapi

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"dialtone/fault"
)

// linked is the address that was asked for, to write an absolute link to something else at the same place.
type linked struct{ base url.URL }

// Resolve remembers the address.
func (l *linked) Resolve(c huma.Context) []error {
	var p Paging
	errs := p.Resolve(c)
	l.base = url.URL{Scheme: p.base.Scheme, Host: p.base.Host}
	return errs
}

// to writes the absolute address of a path and query; "" for none.
func (l *linked) to(reference string) string {
	if reference == "" {
		return ""
	}
	return l.base.String() + reference
}

// reportInput names a billing report that is looked at.
type reportInput struct {
	ReportInput
	linked
}

// reportFileRoutes adds what the links to files lead to. It takes no token but the link's, and is no part of the API's document: links are taken as they are.
func (s *Server) reportFileRoutes(engine *gin.Engine) {
	engine.GET("/:partner/WHOLESALE/:file", s.reportFile)
	engine.HEAD("/:partner/WHOLESALE/:file", s.reportFile)
}

// reportFile answers with the CSV of a report as it is unpacked: always all of it, whatever range was asked for. What goes wrong in the middle cuts the connection, so
// that nobody takes a half for the whole.
func (s *Server) reportFile(c *gin.Context) {
	ctx := c.Request.Context()
	r, err := s.Billing.OpenLink(ctx, c.Param("partner"), c.Param("file"), c.Query("Expires"), c.Query("Signature"))
	var size int64
	var sum string
	if err == nil {
		size, sum, err = s.Billing.FileOf(ctx, r)
	}
	if err != nil {
		if !fault.Is(err, fault.NotFound) {
			s.Logger.WarnContext(ctx, "a report's file can't be read", "tracking_id", trackingID(ctx), "error", err)
		}
		s.writeStatus(c.Writer, c.Request, statusOf(fault.KindOf(err)), fault.Message(err))
		return
	}
	name := "usage-" + string(r.Type) + "-" + r.Start.String() + "-" + r.End.String() + ".csv"
	for key, value := range map[string]string{
		"Content-Type": csvType, "Content-Disposition": `attachment; filename="` + name + `"`, "Content-Length": strconv.FormatInt(size, 10),
		"Cache-Control": "private, no-store", "Accept-Ranges": "none", "ETag": `"` + sum + `"`,
	} {
		c.Header(key, value)
	}
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return
	}
	if err := s.Billing.WriteFile(ctx, r.Partner, r.ID, c.Writer); err != nil {
		s.Logger.WarnContext(ctx, "a file broke off", "tracking_id", trackingID(ctx), "file", name, "error", err)
		panic(http.ErrAbortHandler)
	}
}
