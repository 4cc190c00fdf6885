package restic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// openPatience with a server that does not answer, before anything is stopped: the verb is
// tried again later anyway.
var openPatience = 30 * time.Second

// open proves a repository of the user's own, before the application is stopped: the target
// makes it when it is missing, then the source opens it. Each takes a lock and removes it
// again: so it is known that this side may write there, and that nobody else has it locked.
// The managed one is made or freed as its worker would do it.
func (w *worker) open(ctx context.Context) error {
	source := w.task.Role == task.RoleSource
	if source && w.place.remote == "" {
		return nil
	}
	if w.place.managed() {
		_, err := w.targetRepository(ctx)
		return err
	}
	repo, err := w.ownRepository()
	if err != nil {
		return err
	}
	repo.patience = openPatience
	err = repo.probe(ctx)
	if !isCode(err, exitNoRepository) {
		return repo.explain(err)
	}
	if source {
		return &troubled{reason: api.ReasonRepositoryNotFound, error: fmt.Errorf("the source finds no repository at %s, where the target has one: "+
			"the name of the host must lead both clusters to the same server: %w", repo.location, err)}
	}
	if err := repo.make(ctx); err != nil {
		return err
	}
	return repo.explain(repo.probe(ctx))
}

// probe opens the repository, and writes and removes a lock.
func (r repository) probe(ctx context.Context) error {
	return r.run(ctx, "/", nil, "cat", "config")
}

// make makes the repository. It is told apart before whether its bucket exists: restic would
// make that, too.
func (r repository) make(ctx context.Context) error {
	slog.Info("making the repository", "location", r.location)
	return r.explain(r.run(ctx, "/", nil, "init"))
}

func isCode(err error, code int) bool {
	var e *runError
	return errors.As(err, &e) && e.Code == code
}

// ownRepository is the one of the user's own, as this side sees it.
func (w *worker) ownRepository() (repository, error) {
	repo := repository{location: w.place.remote, passwordFile: w.passwordFile(), place: w.place, credentials: w.credentials}
	if w.place.remote != "" {
		return repo, nil
	}
	repo.credentials = credentials{}
	repo.location = filepath.Join(w.dirs.State, w.place.folder)
	return repo, w.makeFolders()
}

// makeFolders makes those above the repository's. The workers of other volumes, which may run
// as other users, work beside it.
func (w *worker) makeFolders() error {
	path := w.dirs.State
	parents := strings.Split(filepath.Dir(w.place.folder), "/")
	for _, name := range parents {
		path = filepath.Join(path, name)
		err := os.Mkdir(path, 0o777)
		if err == nil {
			// The process may narrow modes down. Sticky: nobody removes what is another's.
			err = os.Chmod(path, 0o777|os.ModeSticky)
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return &troubled{reason: api.ReasonRepositoryDenied, error: fmt.Errorf("the worker runs as user %d, like the workload, and may not write to the claim "+
				"of the repository: give that user or his group the right to (chmod, or a storage class that applies fsGroup): %w", os.Getuid(), err)}
		}
	}
	return nil
}

// targetRepository is the repository of the volume as the target sees it, open.
func (w *worker) targetRepository(ctx context.Context) (repository, error) {
	if w.place.managed() {
		if err := os.MkdirAll(w.state(), 0o700); err != nil {
			return repository{}, &permanent{fmt.Errorf("the worker may not write to the repository's volume: %w", err)}
		}
		repo := repository{location: filepath.Join(w.state(), repositoryName), passwordFile: w.passwordFile()}
		return repo, w.openRepository(ctx, repo)
	}
	repo, err := w.ownRepository()
	if err != nil {
		return repo, err
	}
	err = repo.run(ctx, "/", nil, "cat", "config", "--no-lock")
	if isCode(err, exitNoRepository) {
		return repo, repo.make(ctx)
	}
	return repo, repo.explain(err)
}

// served is the folder that the target serves to the source: of the managed repository the one
// above it, of the user's the repository itself, whose name may be one that rest-server takes
// for a part of a repository.
func (w *worker) served(repo repository) string {
	if w.place.managed() {
		return w.state()
	}
	return repo.location
}

// sourceRepository is the repository of the volume as the source sees it. One at the target it
// waits for.
func (w *worker) sourceRepository(ctx context.Context) (repository, error) {
	if w.place.remote != "" {
		return w.ownRepository()
	}
	base := "http://" + w.task.Peer.Dial + "/"
	if w.place.managed() {
		base += repositoryName + "/"
	}
	repo := repository{location: "rest:" + base, passwordFile: w.passwordFile(), place: w.place}
	return repo, awaitRepository(ctx, base)
}
