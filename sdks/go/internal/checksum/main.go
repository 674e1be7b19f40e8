// Command checksum notes what generated.go was made of, and what it was made to be: the generator itself takes minutes to build.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	var sums strings.Builder
	for _, path := range []string{"../../openapi/openapi.json", "generated.go"} {
		content, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), path)
	}
	if err := os.WriteFile("generated.sha256", []byte(sums.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
