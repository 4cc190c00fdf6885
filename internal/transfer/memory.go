package transfer

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubemove/kubemove/internal/application"
)

// What restic and the worker beside it need, as measured with restic 0.18 on small files: of a hundred
// thousand in many folders a backup takes 90 MiB more than its base and a restore 120 MiB, in one folder
// 290 MiB and 160 MiB. All of a folder is in memory at a time.
const (
	memoryBase    = 128 << 20
	memoryOfFile  = 1280
	memoryOfEntry = 1792 // In the largest folder, on top.
	// usualMemory is the limit of a worker that does not need more, and usualRequest what it
	// reserves.
	usualMemory  = 2 << 30
	usualRequest = 128 << 20
	memoryUnit   = 64 << 20
)

// Memory of a worker in bytes.
type Memory struct {
	// Needs is what the volume needs as its survey has found it, and Request what is reserved.
	Needs, Request int64
	// Limit leaves room for half as many files again: the application goes on writing until the
	// final run.
	Limit int64
}

// Large says whether the worker has more than the usual memory.
func (m Memory) Large() bool { return m.Limit > usualMemory }

// MemoryOf the worker of a volume that holds that much; nil: it is not known.
func MemoryOf(u *application.Usage) Memory {
	m := Memory{Needs: memoryBase}
	if u != nil {
		m.Needs += u.Files*memoryOfFile + u.Folder*memoryOfEntry
	}
	m.Request, m.Limit = usualRequest, max(usualMemory, roundUp(m.Needs+m.Needs/2))
	if m.Large() {
		m.Request = roundUp(m.Needs)
	}
	return m
}

func roundUp(bytes int64) int64 { return (bytes + memoryUnit - 1) / memoryUnit * memoryUnit }

// workerResources of the container. A worker that was killed because its memory was not enough gets
// twice as much, each time.
func (in podInput) workerResources() corev1.ResourceRequirements {
	m := MemoryOf(in.Volume.Usage)
	out := resources("100m", "4", "128Mi", "2Gi")
	if m.Large() {
		out.Requests[corev1.ResourceMemory] = *resource.NewQuantity(m.Request, resource.BinarySI)
	}
	if limit := m.Limit << in.Raised; limit != usualMemory {
		out.Limits[corev1.ResourceMemory] = *resource.NewQuantity(limit, resource.BinarySI)
	}
	return out
}
