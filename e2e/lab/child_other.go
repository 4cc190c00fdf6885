//go:build !linux

package lab

import "syscall"

// childAttributes keep Ctrl-C from a process: its parent ends it in order.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
