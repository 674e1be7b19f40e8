package verdict

// Of its own module, so that who uses this one does not download a generator.
//go:generate go run -C internal/generate github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config oapi-codegen.yaml -o ../../generated.go ../../../../openapi/openapi.json
//go:generate go run ./internal/checksum
