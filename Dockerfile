# syntax=docker/dockerfile:1
#
# KubeMove's images: docker build --target hooks|task|ddm .
# Static programs on an empty file system, run by a user without rights.

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS=linux
ARG TARGETARCH
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api api
COPY task task
COPY hooks hooks
COPY ddm ddm
COPY internal internal
COPY cmd cmd

FROM build AS build-hooks
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w" -o /out/kubemove-hooks ./cmd/kubemove-hooks

FROM build AS build-task
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w" -o /out/kubemove-task ./cmd/kubemove-task

# restic and rest-server have a module of their own, so that their dependencies stay out of
# KubeMove's.
FROM build AS build-ddm
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w" -o /out/kubemove-ddm ./cmd/kubemove-ddm
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    export GOOS=$TARGETOS GOARCH=$TARGETARCH \
    && go -C ddm/restic/tools build -ldflags "-s -w" -o /out/restic github.com/restic/restic/cmd/restic \
    && go -C ddm/restic/tools build -ldflags "-s -w" -o /out/rest-server github.com/restic/rest-server/cmd/rest-server

# What every image has besides its programs: CA roots, names for the users, a folder for
# temporary files.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS rootfs
RUN mkdir -p /rootfs/etc/ssl/certs /rootfs/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
    && chmod 1777 /rootfs/tmp \
    && printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/:/sbin/nologin' 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > /rootfs/etc/passwd \
    && printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' 'nonroot:x:65532:' > /rootfs/etc/group

FROM scratch AS base
COPY --from=rootfs /rootfs /
ENV PATH=/usr/local/bin
USER 65532:65532
LABEL org.opencontainers.image.source="https://github.com/kubemove/kubemove" \
      org.opencontainers.image.licenses="Apache-2.0"

# The hook server that Metacontroller asks.
FROM base AS hooks
COPY --from=build-hooks /out/ /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/kubemove-hooks"]

# KubeMove's own Jobs, and the agent in worker Pods.
FROM base AS task
COPY --from=build-task /out/ /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/kubemove-task"]

# The reference data mobilizer.
FROM base AS ddm
COPY --from=build-ddm /out/ /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/kubemove-ddm"]
