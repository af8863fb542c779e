package check_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/check"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// A service that takes fewer texts than the catalog says. "vecspace check" prints this as a table.
func Example() {
	service, err := voyagetest.New(emulator.Options{Settings: emulator.Settings{
		Limits: map[string]embedding.Limits{"voyage-4": {Texts: 128}},
	}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	os.Setenv("VOYAGE_EMULATOR_KEY", emulator.DefaultKey)

	c, err := check.New("voyage:voyage-4?key_env=VOYAGE_EMULATOR_KEY&base_url="+server.URL+voyagetest.BasePath, check.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("at most %g %s\n", c.Plan().Budget, c.Plan().Currency)
	report := c.Run(context.Background())
	for _, f := range report.Findings {
		if f.Verdict == check.Differs {
			fmt.Printf("%s: %s said, %s\n", f.Check, f.Says, f.Found)
			fmt.Println(f.Options)
		}
	}
	fmt.Println(report.Count(check.Agrees), "agree")
	// Output:
	// at most 0.01 USD
	// texts of a request: 1000 said, 128 taken, 129 refused
	// map[max_texts:128]
	// 13 agree
}
