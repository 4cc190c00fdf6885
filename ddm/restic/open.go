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
// again: so it is known that this side may write there, and that it is not locked.
// The managed one is made or freed as the worker that holds it would do it.
func (s *side) open(ctx context.Context) error {
	if s.place.remote == "" && !s.holds() {
		return nil
	}
	if s.place.managed() {
		_, err := s.openRepository(ctx)
		return err
	}
	repo, err := s.ownRepository()
	if err != nil {
		return err
	}
	repo.patience = openPatience
	err = repo.probe(ctx)
	if !isCode(err, exitNoRepository) {
		return repo.explain(err)
	}
	if s.place.remote != "" && s.task.Role == task.RoleSource {
		return &repositoryError{reason: api.ReasonRepositoryNotFound, error: fmt.Errorf("the source finds no repository at %s, "+
			"where the target has one: the name of the host must lead both clusters to the same server: %w", repo.location, err)}
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
func (s *side) ownRepository() (repository, error) {
	repo := repository{location: s.place.remote, passwordFile: s.passwordFile(), place: s.place, credentials: s.credentials}
	if s.place.remote != "" {
		return repo, nil
	}
	repo.credentials = credentials{}
	repo.location = filepath.Join(s.dirs.State, s.place.folder)
	return repo, s.makeFolders()
}

// makeFolders makes those above the repository's. The workers of other volumes, which may run
// as other users, work beside it.
func (s *side) makeFolders() error {
	path := s.dirs.State
	parents := strings.Split(filepath.Dir(s.place.folder), "/")
	for _, name := range parents {
		path = filepath.Join(path, name)
		err := os.Mkdir(path, 0o777)
		if err == nil {
			// The process may narrow modes down. Sticky: none removes what is another's.
			err = os.Chmod(path, 0o777|os.ModeSticky)
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return &repositoryError{reason: api.ReasonRepositoryDenied, error: fmt.Errorf("the worker runs as user %d, like the workload, "+
				"and may not write to the claim of the repository: give that user or his group the right to "+
				"(chmod, or a storage class that applies fsGroup): %w", os.Getuid(), err)}
		}
	}
	return nil
}

// openRepository opens the repository that this side holds, or that both reach, and makes one that is
// missing.
func (s *side) openRepository(ctx context.Context) (repository, error) {
	if s.place.managed() {
		if err := os.MkdirAll(s.state(), 0o700); err != nil {
			return repository{}, &permanent{fmt.Errorf("the worker may not write to the repository's volume: %w", err)}
		}
		repo := repository{location: filepath.Join(s.state(), repositoryName), passwordFile: s.passwordFile()}
		return repo, s.openManaged(ctx, repo)
	}
	repo, err := s.ownRepository()
	if err != nil {
		return repo, err
	}
	err = repo.run(ctx, "/", nil, "cat", "config", "--no-lock")
	if isCode(err, exitNoRepository) {
		return repo, repo.make(ctx)
	}
	return repo, repo.explain(err)
}

// served is the folder that this side serves to the other: of the managed repository the one
// above it, of the user's the repository itself, whose name may be one that rest-server takes
// for a part of a repository.
func (s *side) served(repo repository) string {
	if s.place.managed() {
		return s.state()
	}
	return repo.location
}
