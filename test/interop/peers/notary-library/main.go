// Notary's own library as a judge of root chains: notary-library follow < QUESTION, or notary-library version.
//
// The question is {"gun": NAME, "chains": [[ROOT, …], …]}, each root as text. Each chain is followed as Notary's client
// does it (client/tufclient.go, updateRoot): the first root is trusted on first use, and the last must be in force now.
// The answer is a list of texts: "" for a chain whose every root is accepted, else which is refused and why.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/theupdateframework/notary/trustpinning"
	"github.com/theupdateframework/notary/tuf"
	"github.com/theupdateframework/notary/tuf/data"
)

type question struct {
	Gun    data.GUN   `json:"gun"`
	Chains [][]string `json:"chains"`
}

func follow(gun data.GUN, chain []string) string {
	builder := tuf.NewRepoBuilder(gun, nil, trustpinning.TrustPinConfig{})
	for index, root := range chain {
		version := index + 1
		if err := builder.LoadRootForUpdate([]byte(root), version, version == len(chain)); err != nil {
			return fmt.Sprintf("version %d: %v", version, err)
		}
	}
	return ""
}

func answer() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	verdicts := make([]string, 0, len(asked.Chains))
	for _, chain := range asked.Chains {
		verdicts = append(verdicts, follow(asked.Gun, chain))
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func version() error {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/theupdateframework/notary" {
			fmt.Println(module.Version)
			return nil
		}
	}
	return errors.New("built without Notary's library")
}

func main() {
	err := errors.New("usage: notary-library follow|version")
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "follow":
			err = answer()
		case "version":
			err = version()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
