package lab

import "syscall"

// childAttributes end a process together with the one that started it, however that ends, and
// keep Ctrl-C from it: its parent ends it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
