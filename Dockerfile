# Pin the digest as well where your registry allows it: docker buildx imagetools inspect node:24.11.1-bookworm-slim
FROM node:24.11.1-bookworm-slim AS base
WORKDIR /app

FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev

FROM dependencies AS build
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && mkdir data

FROM base AS runtime
ENV NODE_ENV=production VERDICT_LISTEN=0.0.0.0:8181 VERDICT_DATA_DIR=/data
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
COPY --from=build /app/dist dist
COPY scripts/healthcheck.mjs scripts/healthcheck.mjs
COPY openapi openapi
COPY rules rules
COPY rule-profiles rule-profiles
# The only folder that the service writes to, besides /tmp. Numeric ids, so that "must run as non-root" can be verified.
COPY --from=build --chown=65532:65532 /app/data /data
USER 65532:65532
VOLUME /data
EXPOSE 8181
STOPSIGNAL SIGTERM
# Clients reach the container under a name of yours: set VERDICT_ALLOWED_HOSTS to it, or they get a 403.
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 CMD ["node", "scripts/healthcheck.mjs"]
# Newer Node lets the young generation grow to 32 MB, which takes more memory and no less CPU time than 16 (docs/performance.md).
CMD ["node", "--max-semi-space-size=16", "dist/main.js", "serve"]
