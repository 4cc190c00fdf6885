package server

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller"
)

// Files of a recorded call, in DIR/KIND/NUMBER-HOOK-PARENT.
const (
	RequestFile = "request.json"
	ReplyFile   = "response.golden.json"
	CallFile    = "call.json"
)

// CallInfo is what besides the request decides the reply.
type CallInfo struct {
	Hook   string        `json:"hook"`
	Now    time.Time     `json:"now"`
	Config config.Config `json:"config"`
}

// recorder writes calls into a folder; nil for no folder. For tests only: the requests hold
// whole objects.
func recorder(dir string, c config.Config, log *slog.Logger) (func(metacontroller.Call), error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot create the folder for recordings: %w", err)
	}
	var number atomic.Int64
	return func(call metacontroller.Call) {
		name := fmt.Sprintf("%06d-%s-%s", number.Add(1), call.Hook, strings.ReplaceAll(call.Parent, "/", "_"))
		if err := Write(filepath.Join(dir, call.Kind, strings.TrimSuffix(name, "-")), call, c); err != nil {
			log.Error("cannot record a call", "kind", call.Kind, "hook", call.Hook, "error", err)
		}
	}, nil
}

// Write one call into a folder of its own.
func Write(dir string, c metacontroller.Call, with config.Config) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	info, err := json.Marshal(CallInfo{Hook: c.Hook, Now: c.Now.UTC(), Config: with})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{RequestFile: c.Request, ReplyFile: c.Reply, CallFile: info} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
