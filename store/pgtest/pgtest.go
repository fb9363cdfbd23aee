// Package pgtest gives tests a private PostgreSQL: started once for a test binary from the installed programs, in a temporary folder, and stopped
// with it. Each test gets a database of its own.
//
// It is for tests alone and never touches a server that it didn't start. Start at URL; Run belongs into TestMain.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// Server is a running PostgreSQL.
type Server struct {
	Address string // host:port
	dir     string
	process *exec.Cmd
	count   atomic.Int64
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Run runs a binary's tests and stops the server that they started, if any.
func Run(m interface{ Run() int }) int {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "PostgreSQL doesn't stop:", err)
			return max(code, 1)
		}
	}
	return code
}

// Require skips a test where PostgreSQL isn't installed; under CI=true it fails it.
func Require(tb testing.TB) {
	tb.Helper()
	if _, err := programs(); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skipf("skipped: %v", err)
	}
}

// URL returns the URL of a fresh database.
func URL(tb testing.TB) string {
	tb.Helper()
	Require(tb)
	shared.once.Do(func() { shared.server, shared.err = Start() })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	url, err := shared.server.Database(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

// programs returns the folder with initdb and postgres.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL isn't installed (Debian package postgresql)")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// Start starts a server on a free port of the loopback address. Whoever calls it stops it.
func Start() (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dialtone-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(bin); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(bin string) error {
	owner, err := s.owner()
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "dialtone", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
	initdb.SysProcAttr, initdb.Dir = owner, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// Nothing is flushed to the disk: the tests are about what we do, not about PostgreSQL's own promise.
	s.process = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
	s.process.SysProcAttr, s.process.Dir, s.process.Stdout, s.process.Stderr = owner, s.dir, log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.ready()
}

// owner gives the folder to the user postgres when we are root, as the programs refuse root.
func (s *Server) owner() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} // it goes when the tests are killed
	if os.Geteuid() != 0 {
		return attr, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses root, and there is no user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(s.dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ready waits until the server answers.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL doesn't answer: %w\n%s", err, log)
		case <-ticker.C:
		}
	}
}

func (s *Server) url(database string) string {
	return "postgres://dialtone@" + s.Address + "/" + database + "?sslmode=disable"
}

// Database makes a fresh database and returns its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	name := fmt.Sprintf("test%d", s.count.Add(1))
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return s.url(name), nil
}

// Stop ends the server at once and removes its folder.
func (s *Server) Stop() error {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(syscall.SIGQUIT) // immediate shutdown: nobody needs the data
		_ = s.process.Wait()
	}
	return os.RemoveAll(s.dir)
}
