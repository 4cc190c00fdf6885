// Package cli runs the commands of kubectl-move against a real API server, by scripts.
package cli
