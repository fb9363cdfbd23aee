// Package bench measures the whole server: the real binary on the embedded database, asked over the loopback address by clients in this process.
//
// It owns the seeding and the load, and asserts nothing about time: it reports figures for this machine. It never touches the server's
// packages. Start at bench_test.go; `make bench` runs it, and docs/performance.md keeps what it printed.
package bench
