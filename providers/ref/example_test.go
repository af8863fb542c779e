package ref_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/ref"
)

// A provider's Open reads the options of its references into a struct.
func Example() {
	r, err := ref.Parse("acme:small-1?dimensions=256&region=eu")
	if err != nil {
		fmt.Println(err)
		return
	}
	var o struct {
		Dimensions int    `ref:"dimensions"`
		Region     string `ref:"region"`
	}
	if err := r.Decode(&o); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Provider, r.Model, o.Dimensions, o.Region)

	r.Values["color"] = "red"
	fmt.Println(r.Decode(&o))
	// Output:
	// acme small-1 256 eu
	// embedding: acme:small-1: invalid request: there is no option "color"; there are dimensions, region
}
