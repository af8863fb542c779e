# vecspace serve in an image of one program: no shell, no root.
#
#   docker build -t vecspace --build-arg VERSION=$(git describe --tags --always) .
#   docker run --rm -p 127.0.0.1:8090:8090 -e OPENAI_API_KEY vecspace serve -addr 0.0.0.0:8090 -public -insecure-open openai:text-embedding-3-small
#
# compose.yaml has a service with keys. The full build is --build-arg MODULE=full.
FROM golang:1.26 AS build
ARG MODULE=.
ARG VERSION=
WORKDIR /src
COPY . .
RUN cd "$MODULE" && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X github.com/vecspace/embedding/internal/command.stamped=$VERSION" \
    -o /out/vecspace ./cmd/vecspace && mkdir /out/state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/vecspace /vecspace
COPY --from=build --chown=65532:65532 /out/state /state
USER 65532:65532
VOLUME /state
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=5s CMD ["/vecspace", "serve", "-probe"]
ENTRYPOINT ["/vecspace"]
CMD ["serve"]
