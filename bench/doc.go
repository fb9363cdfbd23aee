// Package bench measures the whole server: the real binary on the embedded database, asked over the loopback address by clients in this process.
//
// It owns the seeding and the load, and asserts nothing about time: it reports figures for this machine. It asks the server by its doors alone; only copies
// of a phone by the hundred thousand, and of who holds a package, are written into its database directly, and the TFTP door runs alone, in a process of its own, where larger files are
// read than the server has. Start at bench_test.go; `make bench` runs it, and docs/performance.md keeps what it printed.
package bench
